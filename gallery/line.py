"""The line in which pictures wait: whether it stands still, and the lock under which the next is taken."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone

from venice_site.accounts.models import User
from venice_site.statements import Statement


class Line(models.Model):
    """The one line of this installation; an administrator can make it stand still."""

    ONLY = 1

    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return "paused" if self.paused_at else "moving"

    @classmethod
    def held(cls) -> Line:
        """Return the line, locked until the end of the transaction, so that two never take one place."""
        line, _ = cls.objects.select_for_update().get_or_create(pk=cls.ONLY)
        return line

    @classmethod
    def paused_since(cls) -> datetime | None:
        """Return since when nothing is begun, None while the line moves."""
        found = PAUSED_SINCE.first()
        return found[0] if found else None

    @classmethod
    def pause(cls, user: User) -> None:
        """Begin nothing more; what runs is finished."""
        cls.objects.get_or_create(pk=cls.ONLY)
        cls.objects.filter(pk=cls.ONLY, paused_at=None).update(
            paused_at=timezone.now(), paused_by=user
        )

    @classmethod
    def move_on(cls) -> None:
        """Let the line move again."""
        cls.objects.filter(pk=cls.ONLY).update(paused_at=None, paused_by=None)


PAUSED_SINCE = Statement(lambda: Line.objects.filter(pk=Line.ONLY).values_list("paused_at"))
