"""Parts of a picture's page that are filled in are those that the templates draw."""

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from gallery import parts
from gallery.cards import Viewer
from gallery.collections import Collection
from gallery.models import Generation, Image, Mark, Tag
from gallery.presses import Button, buttons
from gallery.search import Search
from gallery.shelf import Shelf
from venice_site.venice.runs import RunStatus

pytestmark = pytest.mark.django_db
HOSTILE = """<script>alert('1')</script> {{ pk }} "quoted" & 'single' \\1 鷺"""


def whole(image: Image) -> Image:
    return Image.objects.select_related("generation__user").get(pk=image.pk)


@pytest.mark.parametrize("kind", ["generate", "edit", "import"])
@pytest.mark.parametrize("deleted", [True, False])
@pytest.mark.parametrize("status", RunStatus)
def test_deeds_that_are_filled_in_are_those_that_are_drawn(
    alice, bob, hang, kind, deleted, status
) -> None:
    image = hang(alice, status=status, deleted_at=timezone.now() if deleted else None)
    Generation.objects.update(kind=kind)
    image = whole(image)
    search = Search.of(alice, HOSTILE)
    for user in (alice, bob):
        told = {"image": image, "user": user, "search": search, "csrf_token": "token"}
        drawn = render_to_string("gallery/image.html#deeds", told)
        filled = parts.deeds(image, Viewer(user.pk, "token"), str(search.query))
        assert filled == drawn
        assert "<form" not in filled or user == alice


def test_what_one_press_makes_is_filled_in(alice, bob, hang) -> None:
    first, second = whole(hang(alice)), whole(hang(alice, order={"model": "flux"}))
    odd = [Button("vary", HOSTILE, 5)]
    for image, offered in ((first, buttons(alice, [first])), (second, odd), (second, [])):
        told = {
            "image": image,
            "buttons": offered,
            "request_id": HOSTILE,
            "csrf_token": "token",
        }
        drawn = render_to_string("gallery/remake.html#actions", told)
        assert parts.presses(image, offered, Viewer(bob.pk, "token"), HOSTILE) == drawn


@pytest.mark.parametrize("rating", [0, 3, 5])
@pytest.mark.parametrize("favourite", [True, False])
def test_the_shelf_is_filled_in_for_whom_it_is(alice, bob, hang, favourite, rating) -> None:
    image = whole(hang(alice))
    Tag.objects.put_on([image.pk], alice, ["fog", HOSTILE])
    outer = Collection.objects.create(owner=alice, name=HOSTILE)
    Collection.objects.create(owner=alice, name="Inside", parent=outer)
    secret = Collection.objects.create(owner=alice, name="Secret", is_private=True)
    for one in (outer, secret):
        one.put_in([image.pk], alice)
    Mark.objects.put(alice, [image.pk], favourite=favourite, rating=rating)
    pages = []
    for user in (alice, bob):
        said = Shelf.of(user, image)
        told = {"image": image, "shelf": said, "user": user, "csrf_token": "token"}
        pages.append(parts.shelf(image, said, Viewer(user.pk, "token")))
        assert pages[-1] == render_to_string("gallery/organise.html#shelf", told)
    assert "Secret" in pages[0]
    assert "Secret" not in pages[1]
    assert "<script" not in "".join(pages)
    assert pages[0].count('aria-pressed="true"') == rating + favourite
    assert 'aria-pressed="true"' not in pages[1]


def test_the_page_of_a_picture_asks_for_nothing_twice(
    as_alice, made, django_assert_max_num_queries
) -> None:
    image = made()
    as_alice.get(f"/gallery/images/{image.pk}/")
    with django_assert_max_num_queries(19) as asked:
        as_alice.get(f"/gallery/images/{image.pk}/")
    ours = [one["sql"] for one in asked.captured_queries if "gallery_" in one["sql"]]
    assert len(ours) == len(set(ours))
