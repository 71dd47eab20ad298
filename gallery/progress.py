"""How far a person's pictures have come: those that wait, run, are made and went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.db.models import Q
from django.utils import timezone

from gallery import estimates
from gallery.models import Image, ImageQuerySet
from venice_site.accounts.models import User
from venice_site.statements import Statement, gap
from venice_site.venice.errors import Blocked
from venice_site.venice.runs import RunStatus

FAILURES_KEPT = timedelta(days=7)  # for how long trying all again is offered
NO_END = 2**62
WAITED_AT_MOST = timedelta(days=7)  # in the queue, so that not every image is looked at
MOST_AGAIN = 100  # in one go
UNFINISHED = Statement(
    lambda: Image.objects.unfinished().filter(user=gap("user")).order_by().values_list("pk")
)


@dataclass(frozen=True)
class Progress:
    """The pictures of one person since the oldest that still waits or runs."""

    user: User

    @property
    def active(self) -> int:
        """Return how many wait or run."""
        return len(self._active)

    @cached_property
    def made(self) -> int:
        """Return how many were made since the oldest that is not there yet was ordered."""
        if not self.active:
            return 0
        since = Image.objects.filter(pk__gte=min(self._active), user=self.user)
        return since.pictures().count()

    @property
    def total(self) -> int:
        """Return how many there will be."""
        return self.made + self.active

    @property
    def seconds(self) -> float:
        """Return in about how many seconds the last one is there, if nobody else comes between."""
        return self.active * estimates.usual("") / estimates.slots()

    @cached_property
    def _active(self) -> list[int]:
        return [pk for (pk,) in UNFINISHED.all(user=self.user.pk)]


def failed(user: User) -> ImageQuerySet:
    """Return this person's images of late that ended without a picture and were not tried again."""
    now = timezone.now()
    first = Image.objects.first_since(now - WAITED_AT_MOST - FAILURES_KEPT)
    return Image.objects.filter(
        shelf=user.pk,  # where neither pictures of the team are, nor what was deleted or tried again
        pk__gte=first or NO_END,
        status__in=(RunStatus.FAILED, RunStatus.INTERRUPTED),
        finished_at__gt=now - FAILURES_KEPT,
    ).order_by("pk")


def blocked() -> Q:
    """Return the condition of images that Venice blocked because of its content policy."""
    return Q(error_kind=Blocked.kind)


def doubtful() -> Q:
    """Return the condition of images that Venice may have charged for although no picture came."""
    return Q(call__may_be_charged=True)
