"""What the pages of the chat show: a stretch of one branch, and a stretch of the list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format

from chat.branches import Siblings, Tree
from chat.models import Attachment, Conversation, Message
from venice_site.accounts.models import User

TURNS_A_PAGE = 40
ENTRIES_A_PAGE = 40


@dataclass(frozen=True, slots=True)
class Turn:
    """A message in its place: beside its siblings, and perhaps the last of its branch."""

    message: Message
    siblings: Siblings
    is_last: bool
    pictures: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A stretch of one branch; `earlier` is the message before which there is more to show."""

    turns: Sequence[Turn] = ()
    earlier: int | None = None

    @property
    def last(self) -> int | None:
        """Return the message that the next question follows."""
        return self.turns[-1].message.pk if self.turns else None

    @property
    def is_being_written(self) -> bool:
        """Return whether a reply shown here can still change."""
        return any(turn.message.is_active for turn in self.turns)


def read_branch(
    conversation: Conversation, at: int | None = None, before: int | None = None
) -> Branch:
    """Return the end of the branch through a message, or what comes before a message on it."""
    tree = conversation.tree
    path = tree.branch(at if at in tree else conversation.tip_id)
    end = path.index(before) if before in path else len(path)
    start = max(0, end - TURNS_A_PAGE)
    turns = _turns(conversation, tree, path[start:end], last=path[-1] if path else None)
    return Branch(turns, earlier=path[start] if start else None)


def read_turn(message: Message, pictures: Sequence[Attachment] = ()) -> Turn:
    """Return one message in its place."""
    tree = message.conversation.tree
    is_last = tree.branch(message.pk)[-1] == message.pk
    return Turn(message, tree.siblings(message.pk), is_last, pictures)


def _turns(
    conversation: Conversation, tree: Tree, shown: list[int], last: int | None
) -> list[Turn]:
    pictures: dict[int, list[Attachment]] = {}
    for picture in Attachment.objects.filter(message__in=shown):
        pictures.setdefault(picture.message_id, []).append(picture)
    turns = []
    for message in Message.objects.filter(pk__in=shown).order_by("pk"):
        message.conversation = conversation
        siblings, found = tree.siblings(message.pk), pictures.get(message.pk, ())
        turns.append(Turn(message, siblings, message.pk == last, found))
    return turns


@dataclass(frozen=True, slots=True)
class Day:
    """The conversations of one day, newest first; no name when the page before began the day."""

    name: str
    conversations: Sequence[Conversation]


@dataclass(frozen=True, slots=True)
class Entries:
    """A stretch of the list; `more` says after which conversation there are further ones."""

    days: Sequence[Day] = ()
    more: str = ""


def read_entries(user: User, after: str = "") -> Entries:
    """Return a stretch of a person's list, grouped by day; no message body is read."""
    found = Conversation.objects.visible_to(user).newest_first().defer("system_prompt")
    place = _place(after)
    if place is not None:
        found = found.older_than(*place)
    page = list(found[: ENTRIES_A_PAGE + 1])
    more = _mark(page[ENTRIES_A_PAGE - 1]) if len(page) > ENTRIES_A_PAGE else ""
    seen = day_name(place[0]) if place else ""
    return Entries(_days(page[:ENTRIES_A_PAGE], seen), more)


def _days(conversations: Iterable[Conversation], seen: str) -> list[Day]:
    grouped = groupby(conversations, key=lambda conversation: day_name(conversation.updated_at))
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
