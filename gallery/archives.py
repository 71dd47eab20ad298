"""Archives: the pictures of a selection as one ZIP file, made in the background and gone after a day."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Self

from django.core.files.storage import default_storage
from django.db import models, transaction
from django.utils import timezone

from venice_site.accounts.models import User
from venice_site.venice.runs import Run, RunQuerySet, RunStatus

KEPT_FOR = timedelta(hours=24)
MOST_PICTURES = 2000


class ArchiveQuerySet(RunQuerySet["Archive"]):
    """Archives by the names people say."""

    def editable_by(self, user: User) -> Self:
        """Return the archives that this person asked for; nobody sees those of others."""
        return self.filter(user=user)

    def ask(self, user: User, images: list[int]) -> Archive:
        """Write down which pictures are wanted, and call for a worker."""
        with transaction.atomic():
            archive = self.create(user=user, images=images, total=len(images))
            transaction.on_commit(wake_up)
        return archive

    def expired(self, now: datetime) -> Self:
        """Return the archives whose time is over."""
        return self.filter(created_at__lt=now - KEPT_FOR)


def wake_up() -> None:
    """Call for a worker."""
    from gallery.tasks import make_next_archive  # tasks import models

    make_next_archive.enqueue()


class Archive(Run):
    """A ZIP file of pictures: which were chosen, how many are in it already, and where it lies."""

    user = models.ForeignKey(User, models.CASCADE, related_name="archives")
    images = models.JSONField(default=list, help_text="Ids of the pictures.")
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    file = models.CharField(max_length=120, blank=True, help_text="Name in the storage.")
    byte_size = models.PositiveBigIntegerField(null=True, blank=True)

    objects = ArchiveQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Archive {self.pk}"

    @property
    def is_ready(self) -> bool:
        """Return whether it can be fetched."""
        return self.status == RunStatus.SUCCEEDED

    @property
    def expires_at(self) -> datetime:
        """Return when it is removed."""
        return self.created_at + KEPT_FOR

    def new_name(self) -> str:
        """Return a storage name that nobody guesses."""
        return f"archives/{self.pk}-{secrets.token_hex(8)}.zip"

    def remove(self) -> None:
        """Remove the file and the row."""
        if self.file:
            default_storage.delete(self.file)
        self.delete()

    def recover(self, now: datetime) -> None:
        """Give an archive whose worker is gone back to the queue: making it again costs nothing."""
        if Archive.objects.stale(now).filter(pk=self.pk).exists():
            self.postpone(timezone.now())
