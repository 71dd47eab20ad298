"""The list of conversations: which part of it is shown, by day, a stretch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format

from chat.folders import Folder
from chat.models import Conversation, ConversationQuerySet
from venice_site.accounts.models import User
from venice_site.statements import Statement, gap

ENTRIES_A_PAGE = 40
MOST_PINNED = 100  # that stand above the days; earlier ones are listed by day with the rest
SHOWN = ("owner_id", "title", "title_source", "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Day:
    """The conversations of one day, newest first; no name when the page before began the day."""

    name: str
    conversations: Sequence[Conversation]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A part of the list: everything, what was put away, what the team shares, or a folder."""

    name: str = ""
    folder: Folder | None = None

    @classmethod
    def named(cls, user: User, query: Mapping[str, str]) -> Shelf:
        """Return the shelf that an address asks for. Raises `Folder.DoesNotExist`."""
        if folder := query.get("folder", ""):
            is_id = folder.isdecimal() and len(folder) < 19
            return cls("folder", Folder.objects.visible_to(user).get(pk=folder if is_id else 0))
        return cls(next((name for name in ("archive", "team") if name in query), ""))

    @property
    def title(self) -> str:
        """Return how the list is headed."""
        if self.folder:
            return self.folder.name
        return {"archive": "Archive", "team": "Shared with the team"}.get(
            self.name, "Conversations"
        )

    def address(self, **more: str) -> str:
        """Return the address of the shelf's list."""
        here = {"folder": str(self.folder.pk)} if self.folder else {self.name: "1"}
        return reverse("chat:index", query={**(here if self.name else {}), **more})

    def conversations(self, user: User) -> ConversationQuerySet:
        """Return what stands on the shelf, pinned or not."""
        if self.name == "team":
            return Conversation.objects.readable_by(user).filter(shared_at__isnull=False)
        mine = Conversation.objects.visible_to(user)
        if self.name == "archive":
            return mine.filter(archived_at__isnull=False)
        if self.folder:
            return mine.listed().filter(folder=self.folder)
        return mine.listed()


@dataclass(frozen=True, slots=True)
class Entries:
    """A stretch of the list; `more` is where it goes on. Pinned conversations stand above its days."""

    shelf: Shelf
    days: Sequence[Day] = ()
    more: str = ""
    is_first: bool = True
    is_selecting: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether it holds no conversation."""
        return not self.days


def read_entries(
    user: User, shelf: Shelf | None = None, after: str = "", *, selecting: bool = False
) -> Entries:
    """Return a stretch of a person's list, grouped by day; no message body is read."""
    shelf = shelf or Shelf()
    place = _place(after)
    is_top = place is None and not shelf.name
    pinned = PINNED.all(owner=user.pk) if is_top else []
    page = _page(shelf, user, place, pinned)
    days = _days(page[:ENTRIES_A_PAGE], seen=day_name(place[0]) if place else "")
    if pinned:
        days.insert(0, Day("Pinned", pinned[:MOST_PINNED]))
    more = ""
    if len(page) > ENTRIES_A_PAGE:
        mark = {"after": _mark(page[ENTRIES_A_PAGE - 1])} | ({"select": "1"} if selecting else {})
        more = shelf.address(**mark)
    return Entries(shelf, days, more, is_first=place is None, is_selecting=selecting)


def _page(
    shelf: Shelf,
    user: User,
    place: tuple[datetime, int] | None,
    pinned: Sequence[Conversation],
) -> list[Conversation]:
    """Return one conversation more than a page has, so that one knows whether there are more."""
    if shelf.name:
        return list(_stretch(shelf.conversations(user), shelf, place))
    if place is None and len(pinned) <= MOST_PINNED:
        return NEWEST.all(owner=user.pk)
    rest = Q(pinned_at=None)
    for moment, pk in LAST_PINNED.all(owner=user.pk):
        rest |= Q(pinned_at__lt=moment) | Q(pinned_at=moment, pk__lt=pk)
    return list(_stretch(shelf.conversations(user).filter(rest), shelf, place))


def _stretch(
    found: ConversationQuerySet, shelf: Shelf, place: tuple[datetime, int] | None
) -> ConversationQuerySet:
    found = found.newest_first().only(*SHOWN)
    if shelf.name == "team":
        found = found.select_related("owner").only(*SHOWN, "owner__username")
    if place is not None:
        found = found.older_than(*place)
    return found[: ENTRIES_A_PAGE + 1]


def _unpinned(owner: Any) -> ConversationQuerySet:
    return _stretch(Shelf().conversations(owner).filter(pinned_at=None), Shelf(), None)


def _pinned(owner: Any) -> ConversationQuerySet:
    mine = Shelf().conversations(owner).filter(pinned_at__isnull=False)
    marked = mine.newest_first().only(*SHOWN)
    return marked.order_by("-pinned_at", "-pk")


# What every page of the chat begins with.
NEWEST = Statement(lambda: _unpinned(gap("owner")))
PINNED = Statement(lambda: _pinned(gap("owner"))[: MOST_PINNED + 1])
# Where those end that stand above the days; nothing when they are fewer.
LAST_PINNED = Statement(
    lambda: _pinned(gap("owner")).values_list("pinned_at", "pk")[MOST_PINNED - 1 : MOST_PINNED]
)


def _days(conversations: Iterable[Conversation], seen: str) -> list[Day]:
    today = timezone.localdate()
    grouped = groupby(conversations, key=lambda found: day_name(found.updated_at, today))
    return [Day("" if name == seen else name, list(some)) for name, some in grouped]


def day_name(moment: datetime, today: date | None = None) -> str:
    """Return how the list calls the day of a moment."""
    today = today or timezone.localdate()
    day = timezone.localtime(moment).date()
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day > today - timedelta(days=7):
        return date_format(day, "l")
    return date_format(day, "j F" if day.year == today.year else "j F Y")


def _mark(conversation: Conversation) -> str:
    return f"{conversation.updated_at.isoformat()}_{conversation.pk}"


def _place(mark: str) -> tuple[datetime, int] | None:
    moment, _, pk = mark.partition("_")
    try:
        found = parse_datetime(moment)
    except ValueError:
        return None
    return (found, int(pk)) if found and found.tzinfo and pk.isdecimal() else None
