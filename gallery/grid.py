"""The grid: pages of images by keyset, each image with its shape and its place in the queue."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from gallery.models import Image
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus

PAGE_SIZE = 60
SHAPE_STEP = 1.06  # neighbouring shapes differ by 6 %, so a picture loses 3 % of a side at the most
WIDEST = 20
SQUARE = 0
LONGEST_ID = 18  # digits
EXAMPLES = (
    "A lighthouse in a winter storm, oil on canvas",
    "Portrait of an otter in a sea captain's coat, soft window light",
    "A quiet Lisbon street at dawn, wet cobblestones, 35 mm film",
    "Cutaway drawing of a tree house, ink and watercolour",
)


@dataclass(frozen=True, slots=True)
class Placed:
    """An image as the grid shows it. `shape` is a class of proportions that the style sheet knows."""

    image: Image
    shape: int
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the grid; `following` is the image before which the next page lies."""

    images: list[Placed]
    following: int | None
    is_first: bool

    @property
    def examples(self) -> tuple[str, ...]:
        """Return prompts to begin with, for those who have no picture yet."""
        return EXAMPLES

    @classmethod
    def before(cls, user: User, mark: str) -> Page:
        """Return the page of images older than the one with this id; anything else is the first page."""
        images = Image.objects.shown_to(user).with_facts()
        start = whole_number(mark)
        if start is not None:
            images = images.filter(pk__lt=start)
        found = list(images[: PAGE_SIZE + 1])
        shown = found[:PAGE_SIZE]
        following = shown[-1].pk if len(found) > PAGE_SIZE else None
        return cls(placed(shown), following, is_first=start is None)


def whole_number(text: str) -> int | None:
    """Return an id as it stands in an address; None when it is not one that the database can hold."""
    plain = text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID
    return int(text) if plain else None


def placed(images: Iterable[Image]) -> list[Placed]:
    """Return images with shape and place; the queue is read once, and only if one of them waits."""
    found = list(images)
    waits = any(image.status == RunStatus.QUEUED for image in found)
    places = Image.objects.places() if waits else {}
    return [Placed(image, shape(image), places.get(image.pk)) for image in found]


def shape(image: Image) -> int:
    """Return the step on the scale of proportions: 0 is square, above is wide, below is tall.

    A card that holds words instead of a picture is never narrower than a square.
    """
    narrowest = -WIDEST if image.is_picture else SQUARE
    step = round(math.log(image.proportion) / math.log(SHAPE_STEP))
    return min(max(step, narrowest), WIDEST)
