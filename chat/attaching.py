"""Attach: look at what a person brings, keep it until it is sent, and carry it along with what was said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from django import forms
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, Sum

from chat import documents, pictures
from chat.attachments import Attachment, delete_files, file_name
from chat.gallery_files import GONE, GalleryFile
from venice_site.accounts.models import User
from venice_site.venice.errors import VeniceError
from venice_site.venice.types import FilePart, ImagePart, Model

MOST_PICTURES = 10  # in one message (contract 7.5)
MOST_DOCUMENTS = 5  # in one message (contract 7.5)
MOST_BYTES_SENT = (
    20 * 1024 * 1024
)  # in one request; base64 makes a third more of it, Venice takes 35 MB
MOST_WAITING = 30  # files of one person that are attached and not sent
MOST_BYTES_WAITING = 100 * 1024 * 1024
MOST_BYTES_BROUGHT = MOST_BYTES_WAITING + 1024 * 1024  # of one request, its form included
MOST_PICTURES_SENT = 10  # in one request (contract 7.5); the newest ones
TOO_MANY = f"A message can carry {MOST_PICTURES} pictures and {MOST_DOCUMENTS} documents at most."
LEFT_OUT = "(The file “{}” was attached here. It does not fit into this request any more.)"
ACCEPTED = (
    "image/png,image/jpeg,image/webp,application/pdf,text/*,.docx,.xlsx,.pptx,.md,.csv,.json,.yaml,"
    ".yml,.toml,.ini,.log,.py,.js,.ts,.tsx,.jsx,.css,.html,.sql,.sh,.java,.kt,.c,.h,.cpp,.cs,.go,.rs,"
    ".rb,.php,.swift,.r,.tex"
)
_SUFFIXES = {documents.PDF: "pdf"} | {mime: kind for kind, mime in documents.OFFICE.items()}


class CannotAttach(VeniceError):
    """What a person brought cannot be attached."""

    kind = "attachment"


class AttachmentGone(VeniceError):
    """A file that should go with a message is not there any more."""

    kind = "attachment"
    sentence = "A file of this message is not there any more. Attach it again."


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that was looked at and may be kept."""

    content: bytes
    mime: str
    name: str
    tokens: int
    width: int | None = None
    height: int | None = None
    from_image: int | None = None

    @property
    def sha256(self) -> str:
        """Return the fingerprint of the content."""
        return sha256(self.content).hexdigest()


def prepare(content: bytes, name: str) -> Prepared:
    """Return what a person brought, ready to be kept; its content says what it is. Raises `CannotAttach`."""
    try:
        if pictures.is_picture(content):
            found = pictures.prepare(content)
            suffix = found.mime.removeprefix("image/")
            label = documents.named(name, suffix, *(("jpg",) if suffix == "jpeg" else ()))
            return Prepared(
                found.content, found.mime, label, found.tokens, found.width, found.height
            )
        document = documents.prepare(content, name)
    except (pictures.NotAPicture, documents.NotADocument) as error:
        raise CannotAttach(str(error)) from error
    return Prepared(document.content, document.mime, document.name, document.tokens)


def keep(user: User, prepared: Prepared) -> Attachment:
    """Keep a file until it is sent: the file first, its row second. Raises `CannotAttach`."""
    waiting = Attachment.objects.waiting(user)
    held = waiting.aggregate(bytes=Sum("size", default=0))["bytes"] + len(prepared.content)
    if held > MOST_BYTES_WAITING or waiting.count() >= MOST_WAITING:
        raise CannotAttach("Too many files wait to be sent. Send or remove some first.")
    kept = stored(prepared)
    kept.owner = user
    kept.save()
    return kept


def stored(prepared: Prepared) -> Attachment:
    """Write the file and return its row, which is nobody's and not saved yet."""
    suffix = _SUFFIXES.get(prepared.mime, "txt")
    if prepared.width is not None:
        suffix = prepared.mime.removeprefix("image/")
    name = default_storage.save(file_name(suffix), ContentFile(prepared.content))
    return Attachment(
        file=name,
        mime=prepared.mime,
        name=prepared.name,
        sha256=prepared.sha256,
        size=len(prepared.content),
        tokens=prepared.tokens,
        width=prepared.width,
        height=prepared.height,
        from_image=prepared.from_image,
    )


def discard(attachments: Iterable[Attachment]) -> None:
    """Remove files that wait to be sent; what has been sent meanwhile, or waits in the queue, stays."""
    found = list(attachments)
    if not found:
        return
    gone = {str(one.file.name) for one in found}
    Attachment.objects.unsent().filter(pk__in=[one.pk for one in found]).delete()
    delete_files(gone)


@contextmanager
def keeping(user: User, files: Iterable[Prepared]) -> Iterator[tuple[Attachment, ...]]:
    """Keep files for a message that is about to be written; those that did not go with it are removed.

    Raises `CannotAttach`.
    """
    kept: list[Attachment] = []
    try:
        kept.extend(
            keep(user, file) for file in files
        )  # of a refusal half way, the first are in it
        yield tuple(kept)
    finally:
        discard(kept)


def join(message_id: int, attached: Sequence[Attachment], copied: Sequence[Attachment]) -> None:
    """Let files go with a message: those that wait, and references to those of an earlier version.

    Raises `AttachmentGone`; call it in the transaction that writes the message.
    """
    _move(attached, message=message_id)
    if copied:
        Attachment.objects.bulk_create([one.copied_to(message_id) for one in copied])


def wait(queued_id: int, attached: Sequence[Attachment]) -> None:
    """Let files wait with a message of the queue. Raises `AttachmentGone`; call it in a transaction."""
    _move(attached, queued=queued_id)


def _move(attached: Sequence[Attachment], **to: int) -> None:
    if not attached:
        return
    unsent = Attachment.objects.unsent().filter(pk__in=[one.pk for one in attached])
    if unsent.update(**to) != len(attached):
        raise AttachmentGone


# --- what goes along -------------------------------------------------------------------------------


@dataclass(slots=True)
class Carried:
    """What goes with one message: pictures, documents, notes on what does not, and its tokens."""

    images: list[ImagePart] = field(default_factory=list)
    files: list[FilePart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tokens: int = 0

    def take(self, one: Attachment) -> None:
        """Take an attachment along, before those that were taken already."""
        self.tokens += one.tokens
        if one.is_picture:
            self.images.insert(0, ImagePart(one.content(), one.mime))
        else:
            self.files.insert(0, FilePart(one.content(), one.mime, one.name))

    def leave_out(self, one: Attachment) -> None:
        """Tell the model of an attachment that does not go along."""
        note = LEFT_OUT.format(one.name)
        self.notes.insert(0, note)
        self.tokens += documents.tokens_in(len(note))


def carry(attachments: Iterable[Attachment], model: Model) -> Carried:
    """Return what goes with one message of the attachments that belong to it."""
    together = ((None, one) for one in attachments)
    return _carried(together, model, MOST_BYTES_SENT).get(None) or Carried()


def carry_by_message(
    attachments: Iterable[Attachment], model: Model, beside: Iterable[Attachment] = ()
) -> dict[int | None, Carried]:
    """Return what goes with each message, by its id, of attachments in the order they were sent.

    When it is more than a request may hold, the newest go first; the model is told of the others.
    """
    left = MOST_BYTES_SENT - sum(one.size for one in beside)
    return _carried(((one.message_id, one) for one in attachments), model, left)


def _carried(
    attachments: Iterable[tuple[int | None, Attachment]], model: Model, bytes_left: int
) -> dict[int | None, Carried]:
    carried: dict[int | None, Carried] = {}
    pictures_left = MOST_PICTURES_SENT if model.supports_vision else 0
    for message_id, one in reversed(list(attachments)):
        if one.is_picture and not pictures_left:
            continue
        found = carried.setdefault(message_id, Carried())
        if one.size > bytes_left:
            found.leave_out(one)
            continue
        found.take(one)
        bytes_left -= one.size
        pictures_left -= one.is_picture
    return carried


# --- fields ----------------------------------------------------------------------------------------


def looked_at(file: UploadedFile[bytes]) -> Prepared:
    """Return an uploaded file or a picture of the gallery, ready to be kept. Raises `CannotAttach`."""
    image = file.image if isinstance(file, GalleryFile) else None
    if isinstance(file, GalleryFile) and file.is_gone:
        raise CannotAttach(GONE)
    if (file.size or 0) > pictures.MOST_BYTES:
        raise CannotAttach("A file may have 20 MB at most. Attach a smaller one.")
    return replace(prepare(file.read(), file.name or ""), from_image=image)


class FilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, each looked at."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"class": "visually-hidden", "accept": ACCEPTED}
        super().__init__(required=False, widget=FilesInput(attrs=attrs), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> tuple[Prepared, ...]:
        """Return the files. Raises `ValidationError` with a sentence for the person."""
        files: Sequence[UploadedFile[bytes]] = [file for file in data or () if file is not None]
        if len(files) > MOST_PICTURES + MOST_DOCUMENTS:
            raise forms.ValidationError(TOO_MANY)
        try:
            return tuple(map(looked_at, files))
        except CannotAttach as error:
            raise forms.ValidationError(str(error)) from error


class AttachedField(forms.Field):
    """Files that wait to be sent, by their ids."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> tuple[int, ...]:
        """Return the ids, each once. Raises `ValidationError`."""
        ids = tuple(dict.fromkeys(value or ()))
        if not all(str(one).isdecimal() and len(str(one)) < 19 for one in ids):
            raise forms.ValidationError(AttachmentGone.sentence)
        return tuple(map(int, ids))


def chosen(user: User, ids: Sequence[int], request_id: Any) -> tuple[Attachment, ...]:
    """Return the files that go with a message, also when it was sent already. Raises `AttachmentGone`."""
    if not ids:
        return ()
    mine = Attachment.objects.filter(pk__in=ids, owner=user)
    unsent = Q(message=None, queued=None)
    sent = Q(message__request_id=request_id) | Q(queued__request_id=request_id)
    found = tuple(mine.filter(unsent | sent))
    if len(found) != len(ids):
        raise AttachmentGone
    return found


def refusal(files: Iterable[Attachment | Prepared], model: Model) -> str:
    """Return why these files cannot go with one message to a model; empty when they can."""
    found = list(files)
    seen = [one for one in found if one.mime.startswith("image/")]
    read = [one for one in found if not one.mime.startswith("image/")]
    size = sum(one.size if isinstance(one, Attachment) else len(one.content) for one in found)
    if seen and not model.supports_vision:
        return f"{model.name} cannot read pictures. Choose a model that can, or remove them."
    if not model.supports_files and not all(documents.is_text(one.mime) for one in read):
        return (
            f"{model.name} reads plain text alone. Choose another model, or remove the documents."
        )
    if len(seen) > MOST_PICTURES or len(read) > MOST_DOCUMENTS:
        return TOO_MANY
    if size > MOST_BYTES_SENT:
        return "The files of a message may have 20 MB together. Remove one, or attach smaller ones."
    return ""
