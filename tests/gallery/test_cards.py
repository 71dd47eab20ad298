"""Cards that are filled in are those that the template draws."""

from datetime import timedelta
from itertools import product

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from gallery.cards import PictureLook, Viewer, card
from gallery.grid import Page, Placed, shape
from gallery.models import Generation, Image, Mark, Visibility
from venice_site.venice.runs import UNFINISHED, RunStatus

pytestmark = pytest.mark.django_db
LOOKS = [PictureLook(*look) for look in product((False, True), repeat=len(PictureLook._fields))]
HOSTILE = """<script>alert('1')</script> {{ pk }} %(pk)s "quoted" & 'single' \\\\1 héron 鷺 🪶"""
CONTEXT = "?q=%22heron%22&x='1'"
WITHOUT_PICTURE = [status for status in RunStatus if status != RunStatus.SUCCEEDED]
LATER = timezone.now() + timedelta(hours=3)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_card_that_is_filled_in_is_the_one_that_is_drawn(alice, look: PictureLook) -> None:
    item = placed(alice, look)
    assert filled(item, alice, oob=look.oob) == drawn(item, alice, oob=look.oob)


def test_no_words_become_marks(alice) -> None:
    for status in RunStatus:
        item = placed(alice, LOOKS[0], status=status, error=HOSTILE)
        assert "<script" not in filled(item, alice)
        assert "&lt;script&gt;" in filled(item, alice)


@pytest.mark.parametrize("is_mine", [True, False])
@pytest.mark.parametrize("place", [None, 1, 2, 13, 300])
@pytest.mark.parametrize("status", WITHOUT_PICTURE)
def test_words_in_the_place_of_a_picture_are_filled_in(alice, bob, status, place, is_mine) -> None:
    begun = timezone.now() - timedelta(seconds=2)
    found = set()
    for error, kind, oob in product(("", HOSTILE), ("", "blocked"), (True, False)):
        facts = {"error": error, "error_kind": kind, "finished_at": begun + timedelta(seconds=1)}
        item = placed(alice, LOOKS[0], place=place, status=status, started_at=begun, **facts)
        viewer = alice if is_mine else bob
        found.add(filled(item, viewer, oob=oob))
        assert filled(item, viewer, oob=oob) == drawn(item, viewer, oob=oob)
    assert len(found) > 1
    assert all(("every " in one) == (status in UNFINISHED) for one in found)
    assert all(("<form" in one) == is_mine for one in found)


@pytest.mark.parametrize(
    "facts",
    [
        {"status": RunStatus.QUEUED, "run_after": LATER, "error": "Venice is busy."},
        {"status": RunStatus.RUNNING, "started_at": None},
        {"status": RunStatus.RUNNING, "started_at": LATER - timedelta(days=2)},
        {"status": RunStatus.FAILED, "replaced_by_id": 5},
        {"status": RunStatus.FAILED, "deleted_at": LATER},
        {"status": RunStatus.SUCCEEDED, "deleted_at": LATER},
        {"status": RunStatus.QUEUED, "deleted_at": LATER},
    ],
    ids=["waits", "begins", "runs", "replaced", "failed", "made", "queued"],
)
def test_what_has_become_of_an_image_is_filled_in(alice, facts) -> None:
    finished = {} if facts["status"] in UNFINISHED else {"finished_at": LATER}
    item = placed(alice, LOOKS[0], **finished | facts)
    assert "Waits until" in filled(item, alice) or not facts.get("run_after")
    assert filled(item, alice) == drawn(item, alice)


def test_pictures_of_the_grid_are_drawn_like_their_images(alice, bob, hang) -> None:
    private = {"visibility": Visibility.PRIVATE}
    for facts in ({}, private, {"blurred": True}, {"fallback_from": "flux"}, {"seed": None}):
        hang(alice, prompt=HOSTILE, placeholder="UklGRg+/=", **facts)
    hang(alice, prompt="")
    favourite = hang(alice, created_at=timezone.now() - timedelta(days=400))
    Mark.objects.put(alice, [favourite.pk], favourite=True)
    for user, number in ((alice, 7), (bob, 6)):
        items = Page.told_by(user, {}).images
        assert len(items) == number
        for item in items:
            image = Image.objects.select_related("generation").get(pk=item.image.pk)
            whole = Placed(image, item.shape, is_favourite=(user, image) == (alice, favourite))
            assert filled(item, user) == drawn(whole, user)


@pytest.mark.parametrize("kind", ["generate", "edit", "import"])
@pytest.mark.parametrize("status", WITHOUT_PICTURE)
def test_images_of_the_grid_without_a_picture_are_drawn_like_their_images(
    alice, bob, hang, status, kind
) -> None:
    order = {"aspect_ratio": "16:9", "model": "z-image-turbo", "steps": 5}
    sides = {"width": None, "height": None}
    begun = timezone.now() - timedelta(hours=50)
    for facts in ({}, {"started_at": begun, "finished_at": begun + timedelta(seconds=3)}):
        hang(alice, HOSTILE, status=status, order=order, error=HOSTILE, **sides, **facts)
    Generation.objects.update(kind=kind)
    assert Page.told_by(bob, {}).images == []
    items = Page.told_by(alice, {}).images
    assert len(items) == 2
    for item in items:
        image = Image.objects.select_related("generation").get(pk=item.image.pk)
        whole = Placed(image, shape(image), item.place)
        assert (whole.shape, whole.month, whole.name) == (item.shape, item.month, item.name)
        assert filled(item, alice) == drawn(whole, alice)


def filled(item: Placed, user, *, oob: bool = False) -> str:
    return card(item, Viewer(user.pk, "token"), CONTEXT, oob=oob)


def drawn(item: Placed, user, *, oob: bool = False) -> str:
    page = {"context": CONTEXT}
    told = {"item": item, "page": page, "oob": oob, "user": user, "csrf_token": "token"}
    return render_to_string("gallery/index.html#drawn", told)


def placed(owner, look: PictureLook, place: int | None = None, **facts) -> Placed:
    """Return an image of this look, with words that try to get out of their place."""
    kind = "import" if look.is_import else "image"
    generation = Generation(user=owner, prompt=HOSTILE, kind=kind)
    told = {
        "pk": 7_000_123,
        "generation": generation,
        "user": owner,
        "status": "succeeded",
        "file": "a.png",
        "seed": 5,
        "width": 1024,
        "height": 768,
        "placeholder": "UklGRg+/=" if look.has_placeholder else "",
        "blurred": look.blurred,
        "visibility": Visibility.PRIVATE if look.is_private else Visibility.TEAM,
        "fallback_from": "another" if look.is_other_model else "",
        "created_at": timezone.now(),
    }
    return Placed(Image(**told | facts), -3, place, look.is_favourite)
