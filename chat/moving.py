"""Begin exports and imports, and carry them out in the background."""

from __future__ import annotations

import logging
import tempfile
import uuid
from typing import Any

from django import forms
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from chat import exports, imports
from chat.dialects import CannotRead
from chat.parcels import Direction, Parcel
from venice_site.accounts.models import User

log = logging.getLogger("studio.chat")

BUSY = "Another file of yours is being read. Wait until it is done."
IN_MEMORY = 8 * 1024 * 1024  # bytes of an export; longer ones go through a temporary file


def begin_export(user: User) -> bool:
    """Begin to export everything; return whether none was on its way already."""
    from chat.tasks import carry_parcel

    try:
        with transaction.atomic():
            parcel = Parcel.objects.create(owner=user, direction=Direction.OUT)
            transaction.on_commit(lambda: carry_parcel.enqueue(parcel.pk))
    except IntegrityError:
        return False
    return True


class ImportForm(forms.Form):
    """A file with conversations."""

    file = forms.FileField(
        label="File",
        help_text="JSON or ZIP, 200 MB at most: from here, from ChatGPT or from Open WebUI.",
        error_messages={
            "required": "Choose a file first.",
            "empty": "The file is empty.",
            "missing": "Choose a file first.",
        },
        widget=forms.FileInput(
            attrs={"class": "field__control", "accept": ".json,.zip,application/json"}
        ),
    )

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owner = owner

    def clean_file(self) -> UploadedFile[bytes]:
        """Return the file. Raises `ValidationError` when it is too large."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > imports.MOST_BYTES:
            raise forms.ValidationError("The file may have 200 MB at most.")
        return file

    def begin(self) -> bool:
        """Keep the file and begin to read it; False with the refusal among the form's errors."""
        from chat.tasks import carry_parcel

        file = self.cleaned_data["file"]
        name = default_storage.save(f"chat/parcels/{uuid.uuid4().hex}.import", file)
        try:
            with transaction.atomic():
                parcel = Parcel.objects.create(owner=self._owner, direction=Direction.IN, file=name)
                transaction.on_commit(lambda: carry_parcel.enqueue(parcel.pk))
        except IntegrityError:
            default_storage.delete(name)
            self.add_error("file", BUSY)
            return False
        return True


def carry(parcel: Parcel) -> None:
    """Do what a parcel is for, unless somebody else does already."""
    if not parcel.begin():
        return
    try:
        _write(parcel) if parcel.direction == Direction.OUT else _read(parcel)
    except CannotRead as error:
        parcel.fail(str(error))
    except Exception as error:
        # The last place that can tell the person; logged with its traceback.
        log.exception("parcel=%s state=crashed", parcel.pk)
        parcel.fail(f"Venice Studio had an internal error ({type(error).__name__}). Try again.")


def _write(parcel: Parcel) -> None:
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as target:
        count = exports.write_all(parcel.owner, target, parcel.progress)
        target.seek(0)
        name = default_storage.save(f"chat/parcels/{uuid.uuid4().hex}.zip", File(target))
    if not parcel.succeed(file=name, count=count):
        default_storage.delete(name)


def _read(parcel: Parcel) -> None:
    try:
        with parcel.file.open("rb") as file:
            tally = imports.read_file(parcel.owner, file, parcel.progress)
        parcel.succeed(count=tally.new, note=str(tally)[:500])
    finally:
        default_storage.delete(str(parcel.file.name))
