"""How the found pictures divide: by model, style, person and month, with counts.

What the tallies know is counted exactly; everything else over the newest few thousand that are found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, Sum

from gallery.filters import Condition
from gallery.index import Tally
from gallery.models import Image, Visibility
from gallery.query import Part
from gallery.search import Search
from gallery.tags import Tag
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus

MOST_COUNTED = 5000
MOST_SHOWN = 12
TAGS_SHOWN = 200
QUICK = {
    "Yours": Part("me", "by"),
    "Favourites": Part("favourite", "is"),
    "Rated 3 and more": Part(">=3", "rating"),
    "Private": Part("private", "is"),
    "Edited": Part("edited", "is"),
    "Imported": Part("imported", "is"),
    "Failed": Part("failed", "status"),
    "Today": Part("yesterday", "after"),
}
TALLIED = frozenset({"model", "style", "by"})

type Row = tuple[str, str, int, str, int]  # model, style, person, month, pictures


@dataclass(frozen=True, slots=True)
class Choice:
    """One value to filter by, and how many of the found pictures have it."""

    name: str
    address: str
    count: int = 0

    @classmethod
    def of(cls, search: Search, part: Part, count: int = 0, name: str = "") -> Choice:
        """Return the choice of having one part more in a search."""
        told = urlencode({"q": str(search.query.having(part))})
        return cls(name or part.value, told, count)


@dataclass(frozen=True, slots=True)
class Month:
    """A month such as "2026-03" and how many of the found pictures are from it."""

    name: str
    count: int

    @property
    def first_day(self) -> datetime:
        """Return its first day."""
        return datetime(int(self.name[:4]), int(self.name[5:]), 1, tzinfo=UTC)


@dataclass(frozen=True)
class Facets:
    """The counts of one search; `is_bounded` when there are more pictures than were counted."""

    search: Search
    rows: list[Row]
    is_bounded: bool

    @classmethod
    def of(cls, search: Search) -> Facets:
        """Count what a search finds."""
        return _tallied(search) if _is_tallied(search) else _counted(search)

    @property
    def total(self) -> int:
        """Return how many pictures were counted."""
        return sum(row[4] for row in self.rows)

    @property
    def models(self) -> list[Choice]:
        """Return the models, the most used first."""
        return self._choices("model", ((row[0], row[4]) for row in self.rows))

    @property
    def styles(self) -> list[Choice]:
        """Return the styles, the most used first."""
        return self._choices("style", ((row[1], row[4]) for row in self.rows))

    @property
    def people(self) -> list[Choice]:
        """Return the persons, those with the most pictures first."""
        names = dict(User.objects.values_list("pk", "username"))
        return self._choices("by", ((names.get(row[2], ""), row[4]) for row in self.rows))

    @property
    def months(self) -> list[Month]:
        """Return the months that have pictures, the latest first."""
        counts = _sums((row[3], row[4]) for row in self.rows)
        return [Month(name, counts[name]) for name in sorted(counts, reverse=True)]

    @property
    def quick(self) -> list[Choice]:
        """Return filters that many reach for."""
        return [Choice.of(self.search, part, name=name) for name, part in QUICK.items()]

    @property
    def tags(self) -> list[Choice]:
        """Return the team's tags."""
        tags = Tag.objects.values_list("name", flat=True)[:TAGS_SHOWN]
        return [Choice.of(self.search, Part(name, "tag")) for name in tags]

    def _choices(self, name: str, counted: Iterable[tuple[str, int]]) -> list[Choice]:
        counts = _sums(counted)
        counts.pop("", None)
        return [
            Choice.of(self.search, Part(value, name), count)
            for value, count in counts.most_common(MOST_SHOWN)
        ]


def _is_tallied(search: Search) -> bool:
    if search.query.texts or search.problems:
        return False
    return all(part.filter in TALLIED and not part.is_negated for part in search.query.filters)


def _tallied(search: Search) -> Facets:
    tallies = Tally.objects.filter(
        Q(visibility=Visibility.TEAM) | Q(user=search.user), pictures__gt=0
    )
    for part, meaning in search.meanings.items():
        if isinstance(meaning, Condition):
            column = {"model": "model", "style": "style", "by": "user"}[part.filter]
            tallies = tallies.filter(**{f"{column}__in": list(_values(part, meaning))})
    found = tallies.values_list("model", "style", "user", "month").annotate(count=Sum("pictures"))
    return Facets(search, list(found.order_by()), is_bounded=False)


def _values(part: Part, meaning: Condition) -> Iterator[Any]:
    for token in meaning.tokens:
        yield int(token[1:]) if part.filter == "by" else bytes.fromhex(token[1:]).decode()


def _counted(search: Search) -> Facets:
    ids = search.older(None, MOST_COUNTED + 1)
    images = Image.objects.filter(pk__in=ids[:MOST_COUNTED], status=RunStatus.SUCCEEDED)
    found = images.order_by().values_list("model", "style", "user", "created_at")
    counts: Counter[tuple[str, str, int, str]] = Counter(
        (model, style, user, moment.astimezone(UTC).strftime("%Y-%m"))
        for model, style, user, moment in found
    )
    rows = [(*kind, count) for kind, count in counts.items()]
    return Facets(search, rows, is_bounded=len(ids) > MOST_COUNTED)


def _sums(counted: Iterable[tuple[str, int]]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for value, count in counted:
        sums[value] += count
    return sums
