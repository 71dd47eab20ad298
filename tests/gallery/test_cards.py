"""Cards that are filled in are those that the template draws."""

from itertools import product

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from gallery.cards import Look, card, is_plain
from gallery.grid import Placed
from gallery.models import Generation, Image, Visibility

pytestmark = pytest.mark.django_db
LOOKS = [Look(*look) for look in product((False, True), repeat=len(Look._fields))]
HOSTILE = """<script>alert('1')</script> {{ pk }} %(pk)s "quoted" & 'single' \\\\1 héron 鷺 🪶"""


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_card_that_is_filled_in_is_the_one_that_is_drawn(alice, look: Look) -> None:
    item = placed(alice, look)
    assert is_plain(item)
    context = "?q=%22heron%22&x='1'"
    told = {"item": item, "page": {"context": context}, "oob": look.oob}
    drawn = render_to_string("gallery/index.html#drawn", told)
    assert card(item, context, oob=look.oob) == drawn


def test_no_words_become_marks(alice) -> None:
    filled = card(placed(alice, LOOKS[0]))
    assert "<script" not in filled
    assert "&lt;script&gt;" in filled


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled", "interrupted"])
def test_what_is_no_picture_is_drawn_for_each(alice, status: str) -> None:
    item = placed(alice, LOOKS[0])
    item.image.status, item.image.file = status, ""
    assert not is_plain(item)


def placed(owner, look: Look) -> Placed:
    """Return a picture of this look, with words that try to get out of their place."""
    kind = "import" if look.is_import else "image"
    generation = Generation(user=owner, prompt=HOSTILE, kind=kind)
    image = Image(
        pk=7_000_123,
        generation=generation,
        user=owner,
        status="succeeded",
        file="a.png",
        seed=5,
        width=1024,
        height=768,
        placeholder="UklGRg+/=" if look.has_placeholder else "",
        blurred=look.blurred,
        visibility=Visibility.PRIVATE if look.is_private else Visibility.TEAM,
        fallback_from="another" if look.is_other_model else "",
        created_at=timezone.now(),
    )
    return Placed(image, shape=-3, is_favourite=look.is_favourite)
