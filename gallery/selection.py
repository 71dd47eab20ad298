"""A selection of pictures, named one by one or as everything that a search finds, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from gallery import tags
from gallery.archives import MOST_PICTURES, Archive
from gallery.collections import Collection
from gallery.grid import whole_number
from gallery.marks import HIGHEST
from gallery.models import Image, Mark, Tag, Visibility
from gallery.search import Search
from venice_site.accounts.models import User

MOST_NAMED = 1000
BATCH = 500
AT_ONCE = 1000  # more is done in the background


@dataclass(frozen=True, slots=True)
class Selection:
    """The ids, or a query and the id below which its results lie; later pictures do not slip in."""

    ids: tuple[int, ...] = ()
    query: str = ""
    below: int | None = None

    @classmethod
    def of(cls, data: Any) -> Selection:
        """Return the selection that a form tells."""
        if data.get("everything"):
            newest = Image.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            return cls(query=str(data.get("q", "")), below=newest + 1)
        numbers = (whole_number(text) for text in data.getlist("image")[:MOST_NAMED])
        return cls(tuple(dict.fromkeys(number for number in numbers if number)))

    def batches(self, user: User) -> Iterator[list[int]]:
        """Yield the ids that this person may see, some hundred at a time."""
        if self.below is not None:
            yield from Search.of(user, self.query).batches(self.below, BATCH)
            return
        seen = Image.objects.visible_to(user).filter(pk__in=self.ids)
        ids = list(seen.order_by("-pk").values_list("pk", flat=True))
        for start in range(0, len(ids), BATCH):
            yield ids[start : start + BATCH]

    def is_large(self, user: User) -> bool:
        """Return whether there is more than a person wants to wait for."""
        if self.below is None:
            return False
        return len(Search.of(user, self.query).older(self.below, AT_ONCE + 1)) > AT_ONCE

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for a task."""
        return asdict(self) | {"ids": list(self.ids)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Selection:
        """Return the selection that `as_dict` wrote."""
        return cls(tuple(data["ids"]), str(data["query"]), data["below"])


class Refused(ValueError):
    """An action that cannot be done as it was asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done with a selection: one of `VERBS`, and the value that it needs."""

    verb: str
    value: str = ""
    moment: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Deed:
        """Return the deed that a form tells. Raises `Refused`."""
        verb, _, value = str(data.get("verb", "")).partition(":")
        if verb not in VERBS:
            raise Refused("Choose what to do with the pictures.")
        return cls(verb, value or str(data.get(verb, "")), timezone.now().isoformat())

    def check(self, user: User) -> None:
        """Raise `Refused` when it cannot be done."""
        VERBS[self.verb](user, self)

    def as_dict(self) -> dict[str, str]:
        """Return it as plain values, for a task."""
        return asdict(self)

    def do(self, user: User, selection: Selection) -> int:
        """Do it with every picture of the selection; return with how many. Doing it twice does no harm."""
        act = VERBS[self.verb](user, self)
        return sum(act(ids) for ids in selection.batches(user))

    def told(self, count: int) -> str:
        """Return in a sentence what was done."""
        number = f"{count:,} picture{'' if count == 1 else 's'}"
        sentence = SENTENCES[self.verb]
        return sentence.format(number=number, value=self.value) if count else NOTHING_DONE


type Act = Callable[[list[int]], int]

NOTHING_DONE = "No picture was changed: they are not yours, or gone."
SENTENCES = {
    "favourite": "{number} marked as favourite.",
    "unfavourite": "{number} not a favourite any more.",
    "rate": "{number} rated {value}.",
    "tag": "{number} tagged.",
    "untag": "Tag taken off {number}.",
    "collect": "{number} put into the collection.",
    "uncollect": "{number} taken out of the collection.",
    "share": "{number} shown to the team.",
    "hide": "{number} made private.",
    "delete": "{number} moved to the trash.",
}


def _mark(**facts: Any) -> Callable[[User, Deed], Act]:
    def prepare(user: User, deed: Deed) -> Act:
        def act(ids: list[int]) -> int:
            Mark.objects.put(user, ids, **facts)
            return len(ids)

        return act

    return prepare


def _rate(user: User, deed: Deed) -> Act:
    rating = whole_number(deed.value)
    if rating is None or rating > HIGHEST:
        raise Refused(f"A rating is 0 to {HIGHEST}.")
    return _mark(rating=rating)(user, deed)


def _tag(user: User, deed: Deed) -> Act:
    names = tags.split(deed.value)
    if not names:
        raise Refused("Write a tag.")

    def act(ids: list[int]) -> int:
        Tag.objects.put_on(ids, user, names)
        return len(ids)

    return act


def _untag(user: User, deed: Deed) -> Act:
    def act(ids: list[int]) -> int:
        Tag.objects.take_off(ids, [deed.value])
        return len(ids)

    return act


def _collection(user: User, deed: Deed) -> Collection:
    seen = Collection.objects.visible_to(user)
    found = seen.filter(pk=whole_number(deed.value) or 0).first()
    if found is None:
        raise Refused("Choose a collection.")
    return found


def _collect(user: User, deed: Deed) -> Act:
    collection = _collection(user, deed)

    def act(ids: list[int]) -> int:
        collection.put_in(ids, user)
        return len(ids)

    return act


def _uncollect(user: User, deed: Deed) -> Act:
    collection = _collection(user, deed)

    def act(ids: list[int]) -> int:
        collection.take_out(ids)
        return len(ids)

    return act


def _show_to(visibility: Visibility) -> Callable[[User, Deed], Act]:
    def prepare(user: User, deed: Deed) -> Act:
        def act(ids: list[int]) -> int:
            return Image.objects.editable_by(user).filter(pk__in=ids).show_to(visibility)

        return act

    return prepare


def _delete(user: User, deed: Deed) -> Act:
    moment = datetime.fromisoformat(deed.moment)

    def act(ids: list[int]) -> int:
        return Image.objects.editable_by(user).filter(pk__in=ids).delete_softly(moment)

    return act


VERBS: dict[str, Callable[[User, Deed], Act]] = {
    "favourite": _mark(favourite=True),
    "unfavourite": _mark(favourite=False),
    "rate": _rate,
    "tag": _tag,
    "untag": _untag,
    "collect": _collect,
    "uncollect": _uncollect,
    "share": _show_to(Visibility.TEAM),
    "hide": _show_to(Visibility.PRIVATE),
    "delete": _delete,
}


def pack(user: User, selection: Selection) -> Archive:
    """Ask for an archive of the selection's pictures. Raises `Refused` when there are none, or too many."""
    seen = Image.objects.visible_to(user).pictures().filter(deleted_at=None)
    ids: list[int] = []
    for batch in selection.batches(user):
        kept = seen.filter(pk__in=batch).order_by("-pk").values_list("pk", flat=True)
        ids += kept
        if len(ids) > MOST_PICTURES:
            raise Refused(f"An archive holds at most {MOST_PICTURES:,} pictures. Choose fewer.")
    if not ids:
        raise Refused("Choose pictures that are finished.")
    return Archive.objects.ask(user, ids)
