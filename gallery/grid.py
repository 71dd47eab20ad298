"""The grid: pages of images by keyset, each image with its shape and its place in the queue."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlencode

from django.urls import reverse

from gallery import hung, imaging
from gallery.filters import month_end
from gallery.hung import HungPicture, HungWords
from gallery.marks import Mark
from gallery.models import Image
from gallery.search import Search
from gallery.states import State, cut
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus

PAGE_SIZE = 60
ABOVE = 12  # images shown above the one that the page is about
SHAPE_STEP = 1.06  # neighbouring shapes differ by 6 %, so a picture loses 3 % of a side at the most
WIDEST = 20
SQUARE = 0
NAMED_BY = 60  # characters of the prompt
LONGEST_ID = 18  # digits
EXAMPLES = (
    "A lighthouse in a winter storm, oil on canvas",
    "Portrait of an otter in a sea captain's coat, soft window light",
    "A quiet Lisbon street at dawn, wet cobblestones, 35 mm film",
    "Cutaway drawing of a tree house, ink and watercolour",
)


@cache
def _pattern(name: str, *more: int) -> str:
    """A page of the grid tells 180 addresses; to look each of them up takes a seventh of its time."""
    return reverse(f"gallery:{name}", args=[0, *more]).replace("/0/", "/{}/")


@cache
def _index() -> str:
    return reverse("gallery:index")


@dataclass(frozen=True, slots=True)
class Placed[Shown: Image | HungPicture | HungWords]:
    """An image as the grid shows it. `shape` is a class of proportions that the style sheet knows."""

    image: Shown
    shape: int
    place: int | None = None
    is_favourite: bool = False

    @property
    def page(self) -> str:
        """Return the address of the image's own page."""
        return _pattern("image").format(self.image.pk)

    @property
    def thumbnail(self) -> str:
        """Return the address of its thumbnail."""
        return _pattern("rendition", imaging.THUMBNAILS[0]).format(self.image.pk)

    @property
    def heart(self) -> str:
        """Return the address to which a favourite is told."""
        return _pattern("favourite").format(self.image.pk)

    @property
    def state(self) -> State | None:
        """Return what is said of it in the place of a picture; None of one that is read as a picture."""
        return None if isinstance(self.image, HungPicture) else State(self.image, self.place)

    @property
    def name(self) -> str:
        """Return what it is called where there is little room: the beginning of the caption, and the seed."""
        short, seed = cut(self.image.caption, NAMED_BY), self.image.seed
        return short if seed is None else f"{short}, seed {seed}"

    @property
    def month(self) -> str:
        """Return the month in UTC from which it is, such as "2026-03"."""
        ordered_at = self.image.created_at
        return f"{ordered_at.year}-{ordered_at.month:02}"


type Card = Placed[Image] | Placed[HungPicture] | Placed[HungWords]


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the query that can be taken away, and why it finds nothing, if it does not."""

    text: str
    without: str
    problem: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of what a search finds; beyond `newer` and `older` lie the pages before and after it."""

    search: Search
    images: Sequence[Card]
    newer: int | None = None
    older: int | None = None
    is_first: bool = True

    @property
    def examples(self) -> tuple[str, ...]:
        """Return prompts to begin with, for those who have no picture yet."""
        return EXAMPLES

    @property
    def q(self) -> str:
        """Return the query as it stands in an address, empty when nothing is looked for."""
        return urlencode({"q": str(self.search.query)}) if self.search.query else ""

    @classmethod
    def told_by(cls, user: User, told: Mapping[str, str]) -> Page:
        """Return the page that an address tells: `q`, and `before`, `after`, `at` or `month`.

        A place that is nonsense is the beginning.
        """
        search = Search.of(user, told.get("q", ""))
        for name, page in (("after", cls.after), ("at", cls.around)):
            if (mark := whole_number(told.get(name, ""))) is not None:
                return page(search, mark)
        if re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", told.get("month", ""), re.ASCII):
            return cls.of_month(search, told["month"])
        return cls.before(search, whole_number(told.get("before", "")))

    @property
    def context(self) -> str:
        """Return what follows an image's address so that its page knows the search."""
        return self.search.context

    @property
    def is_search(self) -> bool:
        """Return whether something is looked for."""
        return bool(self.search.query)

    @property
    def way_back(self) -> str:
        """Return what follows the address of the beginning, when this is not it."""
        return "" if self.is_first else self.context

    @property
    def newer_page(self) -> str:
        """Return the address of the page before it."""
        return self._address(f"after={self.newer}")

    @property
    def older_page(self) -> str:
        """Return the address of the page after it."""
        return self._address(f"before={self.older}")

    def _address(self, place: str) -> str:
        return f"{_index()}?{f'{self.q}&' if self.q else ''}{place}"

    @property
    def chips(self) -> list[Chip]:
        """Return the parts of the query, each with the address of the search without it."""
        query, problems = self.search.query, self.search.problems
        return [
            Chip(str(part), urlencode({"q": str(query.without(part))}), problems.get(part, ""))
            for part in query.parts
        ]

    @classmethod
    def before(cls, search: Search, mark: int | None) -> Page:
        """Return the page of images older than the one with this id."""
        found = search.older(mark, PAGE_SIZE + 1)
        shown = found[:PAGE_SIZE]
        older = shown[-1] if len(found) > PAGE_SIZE else None
        newer = None if mark is None else (shown[0] if shown else mark - 1)
        return cls(search, _hung(search.user, shown), newer, older, is_first=mark is None)

    @classmethod
    def after(cls, search: Search, mark: int) -> Page:
        """Return the page of images newer than the one with this id."""
        found = search.newer(mark, PAGE_SIZE + 1)
        shown = found[:PAGE_SIZE][::-1]
        newer = shown[0] if len(found) > PAGE_SIZE else None
        older = shown[-1] if shown else mark + 1
        return cls(search, _hung(search.user, shown), newer, older, is_first=False)

    @classmethod
    def around(cls, search: Search, mark: int) -> Page:
        """Return the page that begins a little above an image, so that its row is whole."""
        above = search.newer(mark, ABOVE + 1)
        found = search.older(mark + 1, PAGE_SIZE + 1)
        shown = above[:ABOVE][::-1] + found[:PAGE_SIZE]
        newer = shown[0] if len(above) > ABOVE else None
        older = shown[-1] if len(found) > PAGE_SIZE else None
        return cls(search, _hung(search.user, shown), newer, older, is_first=newer is None)

    @classmethod
    def of_month(cls, search: Search, month: str) -> Page:
        """Return the page that begins with the last image of a month such as "2026-03"."""
        return cls.before(search, Image.objects.first_since(month_end(month)))


def _hung(user: User, ids: list[int]) -> list[Card]:
    """Return what the grid shows of these ids, in their order."""
    if not ids:
        return []
    cards: dict[int, Card] = {
        one.pk: Placed(one, shape(one), is_favourite=bool(one.favourite))
        for one in hung.pictures(user, ids)
    }
    if missing := [pk for pk in ids if pk not in cards]:
        cards |= {card.image.pk: card for card in placed(hung.others(user, missing))}
    return [cards[pk] for pk in ids if pk in cards]


def marked(user: User, cards: list[Placed[Image]]) -> list[Placed[Image]]:
    """Return cards with what a person thinks of them."""
    marks = Mark.objects.of(user, [card.image.pk for card in cards])
    favourites = {pk for pk, mark in marks.items() if mark.favourite}
    return [replace(card, is_favourite=card.image.pk in favourites) for card in cards]


def whole_number(text: str) -> int | None:
    """Return an id as it stands in an address; None when it is not one that the database can hold."""
    plain = text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID
    return int(text) if plain else None


def placed[Shown: Image | HungWords](images: Iterable[Shown]) -> list[Placed[Shown]]:
    """Return images with shape and place; the queue is read once, and only if one of them waits."""
    found = list(images)
    waits = any(image.status == RunStatus.QUEUED for image in found)
    places = Image.objects.places() if waits else {}
    return [Placed(image, shape(image), places.get(image.pk)) for image in found]


def shape(image: Image | HungPicture | HungWords) -> int:
    """Return the step on the scale of proportions: 0 is square, above is wide, below is tall.

    A card that holds words instead of a picture is never narrower than a square.
    """
    narrowest = -WIDEST if image.is_picture else SQUARE
    step = round(math.log(image.proportion) / math.log(SHAPE_STEP))
    return min(max(step, narrowest), WIDEST)
