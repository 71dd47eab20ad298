"""Images by the names people say: whose grid shows them, and whose turn it is to be made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Count, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from gallery.line import Line
from gallery.models.generations import Generation
from gallery.visibility import Visibility
from venice_site.accounts.models import User
from venice_site.venice.runs import RunQuerySet, RunStatus

if TYPE_CHECKING:
    from gallery.models.images import Image

TEAM_SHELF = 0  # what everybody sees; the other shelves have the ids of their persons
PLACES_COUNTED = 1000  # how far back in the queue places are worked out


class ImageQuerySet(RunQuerySet["Image"]):
    """Images by the names people say."""

    def unfinished(self) -> Self:
        """Return the images that have no end yet, by the index that holds these alone.

        SQLite matches a partial index with a comparison to NULL, not with one to a parameter: among
        150,000 images the queue is read in 1 ms instead of 160.
        """
        return self.filter(finished_at=None)

    def bulk_create(self, objs: Iterable[Image], *args: Any, **kwargs: Any) -> list[Image]:
        """Write many images; each takes from its generation what lists need of it."""
        images = list(objs)
        for image in images:
            image.take_after_generation()
        return super().bulk_create(images, *args, **kwargs)

    def visible_to(self, user: User) -> Self:
        """Return the images that this person may see; deleted ones only their owner, for undo."""
        return self.filter(Q(visibility=Visibility.TEAM, deleted_at=None) | Q(user=user))

    def editable_by(self, user: User) -> Self:
        """Return the images that this person may change."""
        return self.filter(user=user)

    def shown_to(self, user: User) -> Self:
        """Return what this person's grid shows, newest first: the team's pictures, and all their own.

        Deleted images are left out, and those that were tried again since. A page of the whole gallery is
        read by `gallery.search`, which walks each shelf by its index.
        """
        return self.on_shelves_of(user.pk).order_by("-pk")

    def on_shelves_of(self, owner: int) -> Self:
        """Return what stands on the team's shelf and on that of the person with this id."""
        return self.filter(shelf__in=(TEAM_SHELF, owner))

    def first_since(self, moment: datetime) -> int | None:
        """Return the id of the first image ordered since a moment: ids grow with time."""
        since = self.filter(created_at__gte=moment).order_by("created_at", "pk")
        return since.values_list("pk", flat=True).first()

    def trash_of(self, user: User) -> Self:
        """Return what this person has deleted, the latest first."""
        return self.filter(user=user, deleted_at__isnull=False).order_by("-deleted_at", "-pk")

    def show_to(self, visibility: Visibility) -> int:
        """Show images to the team or to their owners alone; return how many changed.

        A generation is as visible as the most visible of its images.
        """
        generations = set(self.values_list("generation", flat=True))
        with transaction.atomic():
            changed = self.exclude(visibility=visibility).update(visibility=visibility)
            shown = self.model.objects.filter(generation=OuterRef("pk"), visibility=Visibility.TEAM)
            Generation.objects.filter(pk__in=generations).update(
                visibility=Case(
                    When(Exists(shown), then=Value(Visibility.TEAM)),
                    default=Value(Visibility.PRIVATE),
                )
            )
        return changed

    def delete_softly(self, moment: datetime) -> int:
        """Move images to the trash; what still waits or runs is cancelled first. Return how many."""
        for image in self.filter(deleted_at=None).active():
            image.cancel()
        return self.filter(deleted_at=None).update(deleted_at=moment)

    def restore(self) -> int:
        """Take images out of the trash; return how many."""
        return self.filter(deleted_at__isnull=False).update(deleted_at=None)

    def pictures(self) -> Self:
        """Return the images that have a picture."""
        return self.filter(status=RunStatus.SUCCEEDED)

    def with_facts(self) -> Self:
        """Return the images with all that a card shows, without the long columns that it does not."""
        return self.select_related("generation__user").defer(
            "request", "response", "exif", "recipe"
        )

    def running(self) -> Self:
        """Return the images that are being made now."""
        return self.unfinished().filter(status=RunStatus.RUNNING)

    def take(self, now: datetime) -> Image | None:
        """Begin the image to make next and return it; None while the line stands still or all are busy.

        The line is held meanwhile, so that the limits on what runs at once are never overstepped.
        """
        if not self.unfinished().due(now).exists():
            return None
        with transaction.atomic():
            if Line.held().paused_at is not None:
                return None
            at_once = settings.IMAGES_AT_ONCE
            if at_once and self.running().count() >= at_once:
                return None
            while (image := self.fairest_due(now)) is not None:
                if image.begin():
                    return image
        return None

    def fairest_due(self, now: datetime) -> Image | None:
        """Return the image to make next: of the person with the fewest at work, the oldest.

        Those who have as many at work as a person may are passed over.
        """
        each = settings.IMAGES_AT_ONCE_EACH
        at_work = (
            self.model.objects.running()
            .filter(user=OuterRef("user"))
            .order_by()
            .values("user")
            .annotate(number=Count("pk"))
            .values("number")
        )
        return (
            self.unfinished()
            .due(now)
            .annotate(turns=Coalesce(Subquery(at_work), 0))
            .filter(**({"turns__lt": each} if each else {}))
            .order_by("turns", "pk")
            .select_related("generation__user")
            .first()
        )

    def places(self) -> dict[int, int]:
        """Return the place in the queue of each waiting image, counted from 1, everyone taking turns."""
        active = self.unfinished().active().order_by("pk").values_list("pk", "user", "status")
        turns: Counter[int] = Counter()
        waiting = []
        for pk, owner, status in sorted(active[:PLACES_COUNTED], key=_running_first):
            if status == RunStatus.QUEUED:
                waiting.append((turns[owner], pk))
            turns[owner] += 1
        return {pk: place for place, (_, pk) in enumerate(sorted(waiting), start=1)}


def _running_first(row: tuple[int, int, str]) -> tuple[bool, int]:
    pk, _, status = row
    return status == RunStatus.QUEUED, pk
