"""Generations: what a person asked for, and how it becomes rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

from gallery.batches import Batch
from gallery.commissions import Commission
from gallery.index import WordsField
from gallery.lineage import Descent
from gallery.visibility import Visibility
from venice_site.accounts.models import User
from venice_site.venice.service import Venice
from venice_site.venice.types import EditOrder, ImageOrder

if TYPE_CHECKING:
    from gallery.models.images import Image


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
        return caption(self.prompt, self.name)

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


def caption(prompt: str, name: str) -> str:
    """Return what stands for a picture in words: the prompt, else the name of the file."""
    return prompt or name or "A picture without a prompt"


def wake_up(run_after: datetime | None = None) -> None:
    """Call for a worker, now or at a moment."""
    from gallery.tasks import make_next_image  # tasks import models

    make_next_image.using(run_after=run_after).enqueue()
