"""Parcels: files with many conversations, written or read in the background."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q
from django.utils import timezone

from venice_site.accounts.models import User

KEPT_FOR = timedelta(days=1)
GIVEN_UP_AFTER = timedelta(
    hours=1
)  # a task that was lost with its process leaves its parcel so long


class Direction(models.TextChoices):
    """Which way a parcel goes."""

    OUT = "out", "Export"
    IN = "in", "Import"


class ParcelStatus(models.TextChoices):
    """Where a parcel is in its life."""

    WAITING = "waiting", "Waiting"
    WORKING = "working", "Working"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


UNFINISHED = (ParcelStatus.WAITING, ParcelStatus.WORKING)


class ParcelQuerySet(models.QuerySet["Parcel"]):
    """Parcels by the names people say."""

    def visible_to(self, user: User) -> ParcelQuerySet:
        """Return the parcels of a person, newest first."""
        return self.filter(owner=user).order_by("-pk")


class Parcel(models.Model):
    """An export or an import of one person; `note` says in a sentence what became of it."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="+")
    direction = models.CharField(max_length=3, choices=Direction)
    status = models.CharField(
        max_length=8, choices=ParcelStatus, default=ParcelStatus.WAITING, editable=False
    )
    file = models.FileField(max_length=200, blank=True)
    count = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ParcelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("owner", "direction"),
                condition=Q(status__in=UNFINISHED),
                name="one_parcel_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.pk}"

    @property
    def is_active(self) -> bool:
        """Return whether the parcel can still change."""
        return self.status in UNFINISHED

    def begin(self) -> bool:
        """Take the parcel to work on it; return whether we are the one who got it."""
        return self._move((ParcelStatus.WAITING,), status=ParcelStatus.WORKING)

    def progress(self, count: int) -> bool:
        """Write how far the work is; False means that it is not wanted any more."""
        return self._move((ParcelStatus.WORKING,), count=count)

    def succeed(self, **facts: Any) -> bool:
        """Finish well."""
        return self._move((ParcelStatus.WORKING,), status=ParcelStatus.DONE, **facts)

    def fail(self, note: str, **facts: Any) -> bool:
        """Finish badly, with a sentence for the person."""
        return self._move(UNFINISHED, status=ParcelStatus.FAILED, note=note[:500], **facts)

    def _move(self, come_from: tuple[ParcelStatus, ...], **facts: Any) -> bool:
        rows = Parcel.objects.filter(pk=self.pk, status__in=come_from)
        if not rows.update(**facts):
            return False
        for name, value in facts.items():
            setattr(self, name, value)
        return True

    def prune(self) -> None:
        """Delete the parcel and its file."""
        name = self.file.name
        self.delete()
        if name:
            default_storage.delete(name)
