"""Venice's characters as cached rows, like the catalogue's: pages never wait for Venice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Protocol

from venice_site.venice.entries import LONGEST_ID, storable
from venice_site.venice.models import CatalogueEntry
from venice_site.venice.types import Character

CHARACTER = "character"  # the kind of their rows
MOST_LISTED = 300  # kept of Venice's own list; what people look for beside it is kept too
A_PAGE = 100
KEPT_FOR = timedelta(days=30)  # without having been seen again


class Lists(Protocol):
    """The part of the client that lists characters."""

    def characters(self, search: str = "", *, limit: int = 50, offset: int = 0) -> list[Character]:
        """Return characters, a page at a time."""


def refresh(lists: Lists, now: datetime, *, simulated: bool) -> int:
    """Ask for the characters that Venice puts first and keep them; return how many. Raises `VeniceError`."""
    found: list[Character] = []
    while len(found) < MOST_LISTED:
        page = lists.characters(limit=A_PAGE, offset=len(found))
        found += page
        if len(page) < A_PAGE:
            break
    keep(found, now, simulated=simulated)
    _rows(simulated).filter(refreshed_at__lt=now - KEPT_FOR).delete()
    return len(found)


def keep(found: Iterable[Character], now: datetime, *, simulated: bool) -> None:
    """Keep what Venice says of some characters."""
    rows = {
        one.slug: one for one in found if one.slug.isprintable() and len(one.slug) <= LONGEST_ID
    }
    CatalogueEntry.objects.bulk_create(
        [
            CatalogueEntry(
                simulated=simulated,
                kind=CHARACTER,
                name=slug,
                position=position,
                data=storable({**asdict(one), "tags": list(one.tags)}),
                refreshed_at=now,
            )
            for position, (slug, one) in enumerate(rows.items())
        ],
        update_conflicts=True,
        unique_fields=["simulated", "kind", "name"],
        update_fields=["position", "data", "refreshed_at"],
    )


def cached(search: str = "", *, simulated: bool) -> list[Character]:
    """Return the characters that are known and fit a search, featured ones first."""
    rows = _rows(simulated).order_by("position").values_list("data", flat=True)
    words = search.lower().split()
    found = [one for one in map(_read, rows) if all(word in _told(one) for word in words)]
    return sorted(found, key=lambda one: not one.featured)


def _told(one: Character) -> str:
    return " ".join((one.name, one.description, *one.tags)).lower()


def find(slug: str, *, simulated: bool) -> Character | None:
    """Return a character that is known."""
    data = _rows(simulated).filter(name=slug).values_list("data", flat=True).first()
    return _read(data) if data else None


def _rows(simulated: bool) -> Any:
    return CatalogueEntry.objects.filter(simulated=simulated, kind=CHARACTER)


def _read(data: dict[str, Any]) -> Character:
    known = {name: data[name] for name in Character.__dataclass_fields__ if name in data}
    return Character(**{**known, "tags": tuple(known.get("tags", ()))})
