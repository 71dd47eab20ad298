"""Images: what came back of each picture that was asked for, and how it is kept."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils import timezone

from gallery import files, imaging, metadata
from gallery.imaging import NotAPicture
from gallery.models.generations import Generation, ImageKind
from gallery.models.image_queries import TEAM_SHELF, ImageQuerySet
from gallery.visibility import Visibility
from venice_site.accounts.models import User
from venice_site.venice.errors import BadAnswer
from venice_site.venice.models import Call
from venice_site.venice.runs import Run, RunStatus
from venice_site.venice.types import EditOrder, GeneratedImage, ImageOrder


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
    def caption(self) -> str:
        """Return what stands for it in words."""
        return self.generation.caption

    @property
    def is_private(self) -> bool:
        """Return whether only its owner may see it."""
        return self.visibility == Visibility.PRIVATE

    @property
    def asked(self) -> ImageOrder:
        """Return the order as it was asked; of an edit, what it has in common with other pictures."""
        made = self.generation
        return asked(made.kind, self.order, model=made.model, prompt=made.prompt, seed=self.seed)

    def asked_edit(self, images: tuple[bytes, ...]) -> EditOrder:
        """Return the order of an edit with the pictures that it is made of."""
        return EditOrder.from_dict(self.order, images)

    @property
    def is_edit(self) -> bool:
        """Return whether this is made of pictures instead of a prompt alone."""
        return is_edit(self.generation.kind)

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


def asked(
    kind: str, order: dict[str, Any], *, model: str, prompt: str, seed: int | None
) -> ImageOrder:
    """Return the order of an image as it was asked: what is kept with it, and with its generation."""
    known = {"model": model, "prompt": prompt, "seed": seed or 0}
    return ImageOrder.from_dict(order | known if is_edit(kind) else known | order)


def is_edit(kind: str) -> bool:
    """Return whether images of this kind are made of pictures instead of a prompt alone."""
    return kind not in (ImageKind.GENERATE, ImageKind.IMPORT)


def ordered_proportion(order: ImageOrder) -> float:
    """Return width divided by height as ordered; a square when the order does not say."""
    if order.width and order.height:
        return order.width / order.height
    wide, _, high = order.aspect_ratio.partition(":")
    try:
        return float(wide) / float(high)
    except (ValueError, ZeroDivisionError):
        return 1.0
