"""Batches: what was ordered in one go with more than one prompt or setting."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from gallery.visibility import Visibility
from venice_site.accounts.models import User


class BatchQuerySet(models.QuerySet["Batch"]):
    """Batches by the names people say."""

    def visible_to(self, user: User) -> Self:
        """Return the batches of which this person may see something."""
        team = Q(generations__visibility=Visibility.TEAM)
        return self.filter(Q(user=user) | team).distinct()

    def editable_by(self, user: User) -> Self:
        """Return the batches that this person may change."""
        return self.filter(user=user)


class Batch(models.Model):
    """Generations that were ordered together.

    `axes` holds one or two axes of a grid, columns first: `{"name": "steps", "values": ["10", "20"]}`;
    the place of a generation counts cells in reading order. Without axes the prompts differ.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="batches")
    request_id = models.CharField(max_length=40, editable=False)
    typed = models.TextField(help_text="The prompt as it was typed.")
    axes = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=("user", "request_id"), name="one_batch_a_request")
        ]

    def __str__(self) -> str:
        return self.typed[:80]

    def get_absolute_url(self) -> str:
        """Return the address of the batch's page."""
        return reverse("gallery:batch", args=[self.pk])

    @property
    def is_grid(self) -> bool:
        """Return whether the pictures are cells of a grid."""
        return bool(self.axes)

    @property
    def across(self) -> dict[str, Any]:
        """Return the axis across."""
        axis: dict[str, Any] = self.axes[0]
        return axis

    @property
    def down(self) -> dict[str, Any]:
        """Return the axis down; one nameless row when there is only one axis."""
        axis: dict[str, Any] = self.axes[1] if len(self.axes) > 1 else {"name": "", "values": [""]}
        return axis
