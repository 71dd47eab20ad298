"""Attachments: pictures and documents as files with references; no bytes of theirs are in the database."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from chat import documents
from venice_site.accounts.models import User

WAITS_FOR = timedelta(days=1)  # so long an attachment waits for the message it goes with


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    """Attachments by the names people say."""

    def unsent(self) -> AttachmentQuerySet:
        """Return what waits in a composer: it goes neither with a message nor with one of the queue."""
        return self.filter(message=None, queued=None)

    def waiting(self, user: User) -> AttachmentQuerySet:
        """Return what a person attached and has not sent yet."""
        return self.unsent().filter(owner=user)

    def readable_by(self, user: User) -> AttachmentQuerySet:
        """Return what waits for a person to send it, and what belongs to conversations that they may read.

        Of somebody else's conversation they may open only what it shows; `visible` looks at its branch.
        """
        said = Q(message__conversation__owner=user) | Q(
            message__conversation__shared_at__isnull=False,
            message__conversation__owner__is_active=True,
        )
        waiting = Q(message=None, owner=user)
        return self.filter(waiting | (said & Q(message__conversation__deleted_at=None)))

    def forgotten(self, now: datetime) -> AttachmentQuerySet:
        """Return what was attached long ago and never sent."""
        return self.unsent().filter(created_at__lt=now - WAITS_FOR)


class Attachment(models.Model):
    """A picture or a document: looked at, made small or cleaned before it was kept.

    Before it is sent it has an owner and no message; `queued` is the message of the queue that it waits with.
    Several rows may refer to one file: the file goes with the last of them. `from_image` is the id of the
    picture of the gallery that it is a copy of; that one may be gone. `tokens` is an estimate; sizes in
    pixels for pictures, in bytes for all.
    """

    message = models.ForeignKey(
        "Message", models.CASCADE, null=True, related_name="attachments", editable=False
    )
    queued = models.ForeignKey(
        "QueuedMessage", models.CASCADE, null=True, related_name="attachments", editable=False
    )
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    mime = models.CharField(max_length=100)
    name = models.CharField(max_length=documents.LONGEST_NAME, blank=True)
    file = models.FileField(max_length=200)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    tokens = models.PositiveIntegerField(default=0)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    from_image = models.PositiveBigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(message__isnull=False) | Q(owner__isnull=False),
                name="attachment_is_somebodys",
            )
        ]
        indexes = [
            models.Index(
                fields=("from_image",),
                condition=Q(from_image__isnull=False),
                name="attachment_from_image",
            ),
            models.Index(
                fields=("owner", "created_at"), condition=Q(message=None), name="attachment_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"Attachment {self.pk}"

    def get_absolute_url(self) -> str:
        """Return the address at which those who may read the conversation get the file."""
        return reverse("chat:attachment", args=[self.pk])

    @property
    def is_picture(self) -> bool:
        """Return whether this is a picture; everything else is a document."""
        return self.mime.startswith("image/")

    @property
    def is_text(self) -> bool:
        """Return whether this is plain text, which every model reads."""
        return documents.is_text(self.mime)

    @property
    def kind(self) -> str:
        """Return what people call a file of this type."""
        return documents.kind_of(self.mime, self.name)

    def content(self) -> bytes:
        """Return the bytes."""
        with self.file.open("rb") as file:
            return bytes(file.read())

    def copied_to(self, message_id: int) -> Attachment:
        """Return a further reference to the file, for another message; not saved yet."""
        twin = copy.copy(self)
        twin.pk, twin._state.adding = None, True
        twin.message_id = message_id
        return twin


def file_name(suffix: str) -> str:
    """Return a name of our own for an attached file; what the person called it plays no part."""
    return f"chat/{timezone.now():%Y/%m}/{uuid.uuid4().hex}.{suffix}"


def delete_files(names: Iterable[str]) -> None:
    """Delete the files to which no attachment refers any more."""
    gone = set(names)
    still_used = Attachment.objects.filter(file__in=gone).values_list("file", flat=True)
    for name in gone - set(still_used):
        default_storage.delete(name)
