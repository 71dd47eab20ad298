"""Read conversations from a file of this or another program; what is here already is left alone."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from chat import attaching
from chat.attaching import CannotAttach, Prepared
from chat.attachments import Attachment, delete_files
from chat.dialects import CannotRead, Tale, Told, read_tale
from chat.documents import BAD_ZIP
from chat.folders import Folder
from chat.known import known, short_of_files
from chat.long_json import conversations
from chat.models import (
    Conversation,
    Message,
    Role,
    TitleSource,
    shortened,
)
from chat.personas import Part
from chat.pictures import MOST_BYTES as LARGEST_FILE
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus

MOST_BYTES = 200 * 1024 * 1024  # of the file that is uploaded
MOST_UNPACKED = 1024 * 1024 * 1024  # bytes that come out of a ZIP
MOST_ENTRIES = 100_000  # files in a ZIP
MOST_CONVERSATIONS = 20_000
ATTACHED = ("pictures/", "documents/")  # where an export keeps files
DAMAGED = "The ZIP file is damaged or locked with a password."
BROKEN = "could not be read to the end"
ADDED = (
    "that belongs to what was here already was added.",
    "that belong to what was here already were added.",
)
MISSING = (
    "that belongs to them did not come along. Import the ZIP that holds it, and it is added.",
    "that belong to them did not come along. Import the ZIP that holds them, and they are added.",
)
MOST_REASONS = 3  # different reasons that a note tells
ROWS_AT_ONCE = 500

Files = Callable[[str, str], Prepared | None]  # a place in the ZIP, and what people call the file


@dataclass
class Attaching:
    """The pictures and documents of a conversation: rows that are not saved yet, and how many did not come along.

    Each row stands beside the name that its message has in the file.
    """

    rows: list[tuple[str, Attachment]] = field(default_factory=list)
    missing: int = 0

    def take(self, told: Told, attached: Files, there: Counter[str]) -> None:
        """Write the files of a message but those that are there, whose fingerprints are counted."""
        for place, name in told.files:
            prepared = attached(place, name)
            if prepared is None:
                self.missing += 1
            elif there and there[fingerprint := prepared.sha256]:
                there[fingerprint] -= 1
            else:
                self.rows.append((told.key, attaching.stored(prepared)))

    def join(self, made: Mapping[str, int]) -> None:
        """Write the rows, now that the ids of the messages are known."""
        for key, row in self.rows:
            row.message_id = made[key]
        Attachment.objects.bulk_create(row for _, row in self.rows)

    def discard(self) -> None:
        """Delete the files: nothing points to them."""
        delete_files({str(row.file.name) for _, row in self.rows})


@dataclass
class Tally:
    """What became of the conversations of a file."""

    new: int = 0
    known: int = 0
    broken: int = 0  # files, each of which may hold many
    added: int = 0  # attached files that conversations which were here had been missing
    missing: int = 0  # attached files
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """Return how many conversations were looked at."""
        return self.new + self.known + self.reasons.total()

    def __str__(self) -> str:
        parts = [_counted(self.new, "came in", "came in")]
        if self.known:
            parts.append(_counted(self.known, "was here already", "were here already"))
        if unread := self.reasons.total():
            parts.append(_counted(unread, "could not be read", "could not be read"))
        if self.broken:
            parts.append(_counted(self.broken, *[BROKEN] * 2, of="file"))
        reasons = [reason for reason, _ in self.reasons.most_common(MOST_REASONS)]
        return " ".join([f"{', '.join(parts)}.", *self._of_files(), *reasons])

    def _of_files(self) -> Iterator[str]:
        if self.added:
            yield _counted(self.added, *ADDED, of="file")
        if self.missing:
            yield _counted(self.missing, *MISSING, of="file")

    def count(self, *, is_new: bool, files: Attaching) -> None:
        """Count a conversation that was read, and the files that belong to it."""
        self.new += is_new
        self.known += not is_new
        self.added += 0 if is_new else len(files.rows)
        self.missing += files.missing


def _counted(count: int, one: str, several: str, *, of: str = "conversation") -> str:
    return f"1 {of} {one}" if count == 1 else f"{count:,} {of}s {several}"


def read_file(user: User, file: IO[bytes], progress: Callable[[int], bool]) -> Tally:
    """Take in what a file holds and return what became of it. Raises `CannotRead` for the file as a whole.

    `progress` is told how many conversations have been looked at and answers whether to go on.
    """
    is_zip = zipfile.is_zipfile(file)
    file.seek(0)
    if not is_zip:
        return _take(user, [conversations(file)], lambda place, name: None, progress)
    try:
        with zipfile.ZipFile(file) as parcel:
            opened = Opened(parcel)
            return _take(user, opened.texts(), opened.file, progress)
    except BAD_ZIP as error:
        raise CannotRead(DAMAGED) from error


def _take(
    user: User, texts: Iterable[Iterator[Any]], files: Files, progress: Callable[[int], bool]
) -> Tally:
    tally = Tally()
    for one in _told(texts, tally):
        if tally.total >= MOST_CONVERSATIONS:
            tally.reasons[f"Only the first {MOST_CONVERSATIONS:,} conversations were read."] += 0
            break
        try:
            is_new, attached = take_in(user, read_tale(one), files)
        except CannotRead as error:
            tally.reasons[str(error)] += 1
        else:
            tally.count(is_new=is_new, files=attached)
        if tally.total % 20 == 0 and not progress(tally.total):
            break
    if not tally.total:
        raise CannotRead(next(iter(tally.reasons), "There are no conversations in this file."))
    return tally


def _told(texts: Iterable[Iterator[Any]], tally: Tally) -> Iterator[Any]:
    """Yield what each file holds; one that is broken costs nobody what the others hold."""
    for text in texts:
        try:
            yield from text
        except CannotRead as error:
            tally.broken += 1
            tally.reasons[str(error)] += 0  # no conversation is counted: nobody knows how many
        except BAD_ZIP:
            tally.broken += 1
            tally.reasons[DAMAGED] += 0


# --- a ZIP -----------------------------------------------------------------------------------------


class Opened:
    """A ZIP that somebody brought: its names are only looked at, never written to; its size is capped."""

    def __init__(self, parcel: zipfile.ZipFile) -> None:
        entries = parcel.infolist()
        if len(entries) > MOST_ENTRIES:
            raise CannotRead(f"There are more than {MOST_ENTRIES:,} files in this ZIP.")
        self._parcel = parcel
        self._left = MOST_UNPACKED
        self._texts = [entry for entry in entries if _holds_conversations(entry.filename)]
        self._files = {e.filename: e for e in entries if e.filename.startswith(ATTACHED)}

    def texts(self) -> Iterator[Iterator[Any]]:
        """Yield the files that hold conversations, each as these, while no more comes out than may."""
        for entry in self._texts:
            if self._left < 0:
                return
            yield self._conversations(entry)

    def _conversations(self, entry: zipfile.ZipInfo) -> Iterator[Any]:
        with self._parcel.open(entry) as file:
            yield from conversations(Capped(file, self))  # type: ignore[arg-type]

    def file(self, place: str, name: str) -> Prepared | None:
        """Return an attached file, looked at as if it were attached now; None when it is not there or refused."""
        entry = self._files.get(place)
        if entry is None or entry.file_size > LARGEST_FILE:
            return None
        try:
            with self._parcel.open(entry) as file:
                content = file.read(LARGEST_FILE + 1)
            self.spend(len(content))
            return attaching.prepare(content, name)
        except (CannotAttach, *BAD_ZIP):
            return None

    def spend(self, count: int) -> None:
        """Count bytes that came out. Raises `CannotRead` when it is too much."""
        self._left -= count
        if self._left < 0:
            raise CannotRead("What is in this ZIP is larger than 1 GB.")


@dataclass(frozen=True, slots=True)
class Capped:
    """A file of a ZIP of which only so much can be read."""

    file: IO[bytes]
    opened: Opened

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        content = self.file.read(size)
        self.opened.spend(len(content))
        return content


def _holds_conversations(name: str) -> bool:
    folder, _, base = name.rpartition("/")
    if not base.endswith(".json"):
        return False
    return folder.endswith("conversations") or base.startswith(("conversations", "chat-export"))


# --- rows ------------------------------------------------------------------------------------------


def take_in(user: User, tale: Tale, attached: Files) -> tuple[bool, Attaching]:
    """Write one conversation unless it is here already; return whether it is new, and of its files.

    One that is here gets the files that it misses: it may have come in without them.
    """
    here = known(user, tale)
    short = {} if here is None else short_of_files(here, tale)
    files = Attaching()
    try:
        # Before the transaction: pictures take long, and others write meanwhile.
        for told in tale.messages:
            if here is None:
                files.take(told, attached, Counter())
            elif told.key in short:
                files.take(told, attached, short[told.key].files)
        with transaction.atomic():
            made = {key: one.message for key, one in short.items()}
            files.join(_write(user, tale) if here is None else made)
    except Exception as error:
        files.discard()
        if isinstance(error, IntegrityError):  # the same conversation twice, at the same moment
            return False, Attaching()
        raise
    return here is None, files


def _write(user: User, tale: Tale) -> dict[str, int]:
    """Write a conversation and return the ids of its messages, by their names in the file."""
    now = timezone.now()
    began = tale.created_at or now
    Conversation.objects.filter(owner=user, origin=tale.fingerprint).update(origin="")
    conversation = Conversation.objects.create(
        owner=user,
        title=_title(tale),
        title_source=TitleSource.PERSON,
        model=tale.model,
        folder=_folder(user, tale),
        pinned_at=now if tale.is_pinned else None,
        archived_at=now if tale.is_archived else None,
        created_at=began,
        updated_at=tale.updated_at or began,
        origin=tale.fingerprint,
        **tale.settings,
    )
    rows = [_row(conversation, user, told, began) for told in tale.messages]
    made = dict(zip((t.key for t in tale.messages), _created(rows), strict=True))
    answers = [told for told in tale.messages if told.parent in made]
    for told in answers:
        # Ids alone: a long chain of objects is freed one inside the other, deeper than Python goes.
        made[told.key].parent_id = made[told.parent or ""].pk
    Message.objects.bulk_update([made[t.key] for t in answers], ["parent"], batch_size=200)
    tip = made.get(tale.tip or "") or made[tale.messages[-1].key]
    Conversation.objects.filter(pk=conversation.pk).update(tip=tip)
    if tale.persona:
        Part.told(conversation, tale.persona).save()
    return {key: message.pk for key, message in made.items()}


def _created(rows: list[Message]) -> list[Message]:
    return Message.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)


def _title(tale: Tale) -> str:
    first = next((told.text for told in tale.messages if not told.is_reply), "")
    return shortened(tale.title) or shortened(first) or "Untitled"


def _folder(user: User, tale: Tale) -> Folder | None:
    """Return the folder of a name; what one that is here already tells the model stays as it is."""
    name = " ".join(tale.folder.split())
    if not name:
        return None
    mine = Folder.objects.visible_to(user).filter(name__iexact=name).first()
    told = tale.folder_instructions
    return mine or Folder.objects.create(owner=user, name=name, instructions=told)


def _row(conversation: Conversation, user: User, told: Told, began: Any) -> Message:
    facts = {"status": RunStatus.SUCCEEDED} | told.facts
    return Message(
        conversation=conversation,
        role=Role.ASSISTANT if told.is_reply else Role.USER,
        author=None if told.is_reply else user,
        text=told.text,
        reasoning=told.reasoning,
        created_at=told.created_at or began,
        **facts,
    )
