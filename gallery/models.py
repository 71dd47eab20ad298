"""Generations and their images: what was asked, what came back, and who may see it."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from gallery import files, imaging, metadata
from gallery.archives import Archive
from gallery.batches import Batch
from gallery.collections import Collection, Placement
from gallery.commissions import Commission
from gallery.imaging import NotAPicture
from gallery.index import SearchDocument, Tally, WordsField
from gallery.line import Line
from gallery.lineage import Descent
from gallery.marks import Mark
from gallery.presets import Preset
from gallery.saved import SavedSearch
from gallery.shares import Share
from gallery.tags import Tag, Tagging
from gallery.viewing import Viewing
from gallery.visibility import Visibility
from gallery.wordlists import WordList
from venice_site.accounts.models import User
from venice_site.venice.errors import BadAnswer
from venice_site.venice.models import Call
from venice_site.venice.runs import Run, RunQuerySet, RunStatus
from venice_site.venice.service import Venice
from venice_site.venice.types import EditOrder, GeneratedImage, ImageOrder

__all__ = (
    "Archive",
    "Batch",
    "Collection",
    "Descent",
    "Generation",
    "Image",
    "ImageKind",
    "Line",
    "Mark",
    "Placement",
    "Preset",
    "SavedSearch",
    "SearchDocument",
    "Share",
    "Tag",
    "Tagging",
    "Tally",
    "Viewing",
    "Visibility",
    "WordList",
    "wake_up",
)

TEAM_SHELF = 0  # what everybody sees; the other shelves have the ids of their persons
PLACES_COUNTED = 1000  # how far back in the queue places are worked out


class ImageKind(models.TextChoices):
    """How a picture comes to be."""

    GENERATE = "generate", "Made from a prompt"
    EDIT = "edit", "Edited"
    COMBINE = "combine", "Combined"
    UPSCALE = "upscale", "Upscaled"
    CUTOUT = "cutout", "Background removed"
    IMPORT = "import", "Imported"


class GenerationQuerySet(models.QuerySet["Generation"]):
    """Generations by the names people say."""

    def visible_to(self, user: User) -> Self:
        """Return the generations that this person may see."""
        return self.filter(Q(visibility=Visibility.TEAM) | Q(user=user))

    def editable_by(self, user: User) -> Self:
        """Return the generations that this person may change."""
        return self.filter(user=user)

    def prompted_by(self, user: User) -> Self:
        """Return what this person made from prompts, newest first."""
        return self.filter(user=user, kind=ImageKind.GENERATE).order_by("-pk")

    def submit(
        self,
        user: User,
        commission: Commission,
        *,
        request_id: str,
        parent: Image | None = None,
    ) -> list[Generation]:
        """Reserve quota for every picture, write the rows and call for workers, all or nothing.

        The variants of an order get the seeds seed, seed + 1, … A request id that this person has used
        before returns what it made. Raises `QuotaExceeded`, and then nothing was written.
        """
        try:
            with transaction.atomic():
                batch = self._batch(user, commission, request_id)
                return [
                    self._written(
                        user,
                        commission,
                        order,
                        batch=batch,
                        place=place,
                        request_id=f"{request_id}-{place}" if batch else request_id,
                        parent=parent,
                    )
                    for place, order in enumerate(commission.orders)
                ]
        except IntegrityError:
            made = Q(request_id=request_id) | Q(batch__request_id=request_id)
            if not (found := list(self.filter(made, user=user).order_by("pk"))):
                raise
            return found

    def submit_edit(
        self, user: User, order: EditOrder, parents: Sequence[Image], *, request_id: str
    ) -> Generation:
        """Reserve quota for one picture made of others, write its rows and call for a worker.

        It is as private as the most private of its parents. Raises `QuotaExceeded`.
        """
        base = parents[0].generation
        private = any(parent.generation.is_private for parent in parents)
        try:
            with transaction.atomic():
                generation = self.create(
                    user=user,
                    request_id=request_id,
                    kind=order.kind,
                    prompt=order.prompt or base.prompt,
                    model=order.model,
                    visibility=Visibility.PRIVATE if private else Visibility.TEAM,
                )
                generation.add_edit(order, [parent.pk for parent in parents])
        except IntegrityError:
            if (made := self.filter(user=user, request_id=request_id).first()) is None:
                raise
            return made
        return generation

    def _batch(self, user: User, commission: Commission, request_id: str) -> Batch | None:
        if not commission.is_batch:
            return None
        return Batch.objects.create(
            user=user,
            request_id=request_id,
            typed=commission.typed,
            axes=[dict(axis) for axis in commission.axes],
        )

    def _written(
        self,
        user: User,
        commission: Commission,
        order: ImageOrder,
        *,
        parent: Image | None,
        **facts: Any,
    ) -> Generation:
        generation = self.create(
            user=user,
            prompt=order.prompt,
            typed="" if commission.typed == order.prompt else commission.typed,
            negative_prompt=order.negative_prompt,
            model=order.model,
            style=order.style_preset,
            visibility=commission.visibility,
            from_message=commission.from_message,
            **facts,
        )
        parents = [parent.pk] if parent else []
        for position in range(commission.variants):
            generation.add_image(replace(order, seed=order.seed + position), position, parents)
        return generation


class Generation(models.Model):
    """What a person asked for: one prompt, one or more images; with others of its batch, if it has one.

    `typed` is the prompt as it was typed where that differs: before choices were made and words put around.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="generations")
    request_id = models.CharField(max_length=40, editable=False)
    batch = models.ForeignKey(
        Batch, models.CASCADE, null=True, blank=True, related_name="generations"
    )
    place = models.PositiveSmallIntegerField(default=0, help_text="Where in the batch.")
    kind = models.CharField(max_length=10, choices=ImageKind, default=ImageKind.GENERATE)
    prompt = models.TextField()
    typed = models.TextField(blank=True)
    name = models.CharField(max_length=120, blank=True, help_text="Of the file that was imported.")
    from_message = models.PositiveBigIntegerField(null=True, blank=True)
    negative_prompt = models.TextField(blank=True)
    model = models.CharField(max_length=120)
    style = models.CharField(max_length=120, blank=True)
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.TEAM)
    words = WordsField(blank=True, default="", editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=("user", "request_id"), name="one_generation_a_request")
        ]
        indexes = [
            models.Index(fields=("user", "-id"), name="generation_user_newest"),
            models.Index(
                fields=("from_message",),
                condition=Q(from_message__isnull=False),
                name="generation_from_message",
            ),
        ]

    def __str__(self) -> str:
        return self.caption[:80]

    @property
    def caption(self) -> str:
        """Return what stands for its pictures in words: the prompt, else the name of the file."""
        return self.prompt or self.name or "A picture without a prompt"

    @property
    def is_private(self) -> bool:
        """Return whether only its owner may see it."""
        return self.visibility == Visibility.PRIVATE

    def add_image(self, order: ImageOrder, position: int, parents: Sequence[int] = ()) -> Image:
        """Reserve quota for one image, write its row and call for a worker once that is committed."""
        call = Venice(self.user).reserve_image(order)
        return self._add(
            parents, position=position, seed=order.seed, order=order.as_dict(), call=call
        )

    def add_edit(self, order: EditOrder, parents: Sequence[int]) -> Image:
        """Reserve quota for one image made of others, write its row and call for a worker."""
        call = Venice(self.user).reserve_edit(order)
        return self._add(parents, order=order.as_dict(), call=call)

    def _add(self, parents: Sequence[int], **facts: Any) -> Image:
        image = self.images.create(**facts)
        Descent.objects.bulk_create(
            [
                Descent(child=image, parent_id=parent, position=position)
                for position, parent in enumerate(parents)
            ]
        )
        transaction.on_commit(wake_up)
        return image


def wake_up(run_after: datetime | None = None) -> None:
    """Call for a worker, now or at a moment."""
    from gallery.tasks import make_next_image  # tasks import models

    make_next_image.using(run_after=run_after).enqueue()


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
        return self.filter(shelf__in=(TEAM_SHELF, user.pk)).order_by("-pk")

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
            shown = Image.objects.filter(generation=OuterRef("pk"), visibility=Visibility.TEAM)
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

    def for_cards(self) -> Self:
        """Return the images with what the grid shows of each, and nothing of their owners."""
        theirs = ("words", "typed", "negative_prompt")
        return self.select_related("generation").defer(
            "request", "response", "exif", *(f"generation__{name}" for name in theirs)
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
            Image.objects.running()
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


class Image(Run):
    """One picture: the order, its own seed, and once it is made the file and every fact about it.

    Money in micro-USD, sizes in pixels, `duration_ms` is what Venice took. The row is authoritative;
    what the file itself says is kept in `exif`, apart.
    """

    generation = models.ForeignKey(Generation, models.CASCADE, related_name="images")
    # From the generation, so that a list of a million images is read without a join.
    user = models.ForeignKey(User, models.PROTECT, related_name="images", editable=False)
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.TEAM)
    model = models.CharField(max_length=120, help_text="The one that made it, or is asked to.")
    style = models.CharField(max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    seed = models.IntegerField(null=True, blank=True, help_text="None for what is made of others.")
    order = models.JSONField(
        default=dict, help_text="What was asked for, as an ImageOrder or an EditOrder."
    )

    file = models.CharField(max_length=120, blank=True, help_text="Name in the storage.")
    sha256 = models.CharField(max_length=64, blank=True)
    mime = models.CharField(max_length=40, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    byte_size = models.PositiveBigIntegerField(null=True, blank=True)
    seed_used = models.BigIntegerField(null=True, blank=True)
    model_used = models.CharField(max_length=120, blank=True)
    fallback_from = models.CharField(max_length=120, blank=True)
    fallback_reason = models.CharField(max_length=200, blank=True)
    request = models.JSONField(default=dict, blank=True, help_text="Exactly what was sent.")
    response = models.JSONField(default=dict, blank=True)
    exif = models.JSONField(default=dict, blank=True, help_text="What the file itself says.")
    recipe = models.JSONField(
        default=dict, blank=True, help_text="What an imported file says of how it was made."
    )
    seed_said = models.CharField(
        max_length=21, blank=True, help_text="The seed of an imported file; it may have 64 bits."
    )
    blurred = models.BooleanField(default=False)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    cost = models.PositiveBigIntegerField(null=True, blank=True)

    replaced_by = models.OneToOneField(
        "self", models.SET_NULL, null=True, blank=True, related_name="replaces"
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    placeholder = models.CharField(
        max_length=400, blank=True, editable=False, help_text="A tiny WebP, in base64."
    )
    shelf = models.GeneratedField(
        expression=Case(
            When(Q(deleted_at__isnull=False) | Q(replaced_by__isnull=False), then=Value(None)),
            When(status=RunStatus.SUCCEEDED, visibility=Visibility.TEAM, then=Value(TEAM_SHELF)),
            default=F("user"),
            output_field=models.BigIntegerField(null=True),
        ),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
        help_text="Whose grid shows it: everybody's (0), a person's (their id), nobody's.",
    )

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(
                fields=("status", "heartbeat_at"),
                condition=Q(finished_at=None),
                name="image_unfinished",
            ),
            models.Index(
                fields=("user",), condition=Q(finished_at=None), name="image_unfinished_of"
            ),
            models.Index(fields=("sha256",), name="image_sha256"),
            models.Index(fields=("shelf", "-id"), name="image_shelf"),
            models.Index(fields=("created_at", "id"), name="image_created"),
            models.Index(
                fields=("user", "-deleted_at"),
                condition=Q(deleted_at__isnull=False),
                name="image_trash",
            ),
        ]

    def __str__(self) -> str:
        return f"Image {self.pk}"

    def get_absolute_url(self) -> str:
        """Return the address of this image's own page."""
        return reverse("gallery:image", args=[self.pk])

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the image; a new one takes from its generation what lists need of it."""
        if self._state.adding:
            self.take_after_generation()
        super().save(*args, **kwargs)

    def take_after_generation(self) -> None:
        """Copy what lists need of the generation into the row."""
        self.user_id = self.generation.user_id
        self.visibility = self.generation.visibility
        self.model = self.model or self.generation.model
        self.style = self.style or self.generation.style

    @property
    def is_private(self) -> bool:
        """Return whether only its owner may see it."""
        return self.visibility == Visibility.PRIVATE

    @property
    def asked(self) -> ImageOrder:
        """Return the order as it was asked; of an edit, what it has in common with other pictures."""
        known = {
            "model": self.generation.model,
            "prompt": self.generation.prompt,
            "seed": self.seed or 0,
        }
        return ImageOrder.from_dict(self.order | known if self.is_edit else known | self.order)

    def asked_edit(self, images: tuple[bytes, ...]) -> EditOrder:
        """Return the order of an edit with the pictures that it is made of."""
        return EditOrder.from_dict(self.order, images)

    @property
    def is_edit(self) -> bool:
        """Return whether this is made of pictures instead of a prompt alone."""
        return self.generation.kind not in (ImageKind.GENERATE, ImageKind.IMPORT)

    @property
    def is_import(self) -> bool:
        """Return whether this is a file that somebody brought."""
        return self.generation.kind == ImageKind.IMPORT

    @property
    def has_settings(self) -> bool:
        """Return whether there are settings to make a picture like this with."""
        if not self.is_import:
            return not self.is_edit
        return bool(self.seed_said or self.recipe.get("prompt") or self.recipe.get("order"))

    @property
    def is_picture(self) -> bool:
        """Return whether there is a picture to see."""
        return self.status == RunStatus.SUCCEEDED

    @property
    def can_be_tried_again(self) -> bool:
        """Return whether this ended without a picture and nobody has tried again yet."""
        return not self.is_active and not self.is_picture and self.replaced_by_id is None

    @property
    def proportion(self) -> float:
        """Return width divided by height: of the picture, or as ordered while there is none."""
        if self.width and self.height:
            return self.width / self.height
        return ordered_proportion(self.asked)

    @property
    def thumbnail_size(self) -> tuple[int, int]:
        """Return the size of the larger thumbnail."""
        return imaging.fitted(self.width or 1, self.height or 1, imaging.THUMBNAILS[0])

    @property
    def preview_size(self) -> tuple[int, int]:
        """Return the size of the preview."""
        return imaging.fitted(self.width or 1, self.height or 1, imaging.PREVIEW)

    def keep(self, made: GeneratedImage) -> bool:
        """Keep a picture that Venice made: first the file, then the row, settling the call.

        Returns False when the run is no longer ours. Raises `BadAnswer` for bytes that are no picture.
        """
        try:
            picture = imaging.develop(made.content)
        except NotAPicture as error:
            raise BadAnswer(detail=str(error), may_be_charged=True) from error
        name, digest = files.keep(made.content, picture)
        kept = self.succeed(
            made.usage,
            file=name,
            sha256=digest,
            **_facts_of_file(made, picture),
            **_facts_of_answer(made),
        )
        if not kept:
            self._settle_what_was_cancelled(made)
        elif not files.holds(name):  # pruned meanwhile with the last row that had the same bytes
            files.keep(made.content, picture)
        return kept

    def recover(self, now: datetime) -> None:
        """Take a stale image from its dead worker: back to the queue if Venice was never asked.

        What had been sent is interrupted instead, because it may have been charged.
        """
        with transaction.atomic():
            call = Call.objects.select_for_update().filter(pk=self.call_id or 0).first()
            if not Image.objects.stale(now).filter(pk=self.pk).exists():
                return
            if call is None or call.dispatched_at is None:
                self.postpone(now)
            else:
                self.interrupt(
                    error_kind="interrupted",
                    error="The work was cut off before the picture arrived. It may have been charged.",
                )

    def try_again(self) -> Image:
        """Ask for the same picture again, same order and seed; asking twice makes one.

        Raises `QuotaExceeded`.
        """
        with transaction.atomic():
            old = (
                Image.objects.select_for_update().select_related("generation__user").get(pk=self.pk)
            )
            if old.replaced_by is None and old.can_be_tried_again:
                new = old._ask_again()
                Image.objects.filter(pk=old.pk).update(replaced_by=new)
                return new
        return old.replaced_by or old

    def _ask_again(self) -> Image:
        parents = list(self.descents.values_list("parent", flat=True))
        if self.is_edit:
            return self.generation.add_edit(self.asked_edit((b"",) * len(parents)), parents)
        return self.generation.add_image(self.asked, self.position, parents)

    def delete_softly(self) -> None:
        """Take the image out of every list; its files stay. What still waits is cancelled first."""
        self.cancel()
        Image.objects.filter(pk=self.pk, deleted_at=None).update(deleted_at=timezone.now())

    def restore(self) -> None:
        """Undo the deletion."""
        Image.objects.filter(pk=self.pk).update(deleted_at=None)

    def _settle_what_was_cancelled(self, made: GeneratedImage) -> None:
        self.refresh_from_db(fields=["status"])
        if self.status == RunStatus.CANCELLED:
            self.close_cancelled(made.usage)


def _facts_of_file(made: GeneratedImage, picture: imaging.Picture) -> dict[str, Any]:
    return {
        "mime": picture.mime,
        "width": picture.width,
        "height": picture.height,
        "byte_size": len(made.content),
        "placeholder": b64encode(picture.placeholder).decode(),
        "exif": metadata.read(made.content),
    }


def _facts_of_answer(made: GeneratedImage) -> dict[str, Any]:
    return {
        "seed_used": made.seed,
        "model_used": made.model,
        "model": made.model,
        "fallback_from": made.fallback_from,
        "fallback_reason": made.fallback_reason[:200],
        "request": made.request,
        "response": made.response,
        "blurred": made.blurred,
        "duration_ms": made.duration_ms,
        "cost": made.usage.cost,
    }


def ordered_proportion(order: ImageOrder) -> float:
    """Return width divided by height as ordered; a square when the order does not say."""
    if order.width and order.height:
        return order.width / order.height
    wide, _, high = order.aspect_ratio.partition(":")
    try:
        return float(wide) / float(high)
    except (ValueError, ZeroDivisionError):
        return 1.0
