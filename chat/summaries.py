"""Summaries: what a model is told instead of the oldest messages, once they do not fit any more."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Summary(models.Model):
    """What was said from the first message down to `until`, in a model's words.

    It belongs to a point of the tree and holds for every branch through it; the messages themselves stay.
    `count` is how many messages it stands for, `tokens` an estimate of its own length.
    """

    conversation = models.ForeignKey("Conversation", models.CASCADE, related_name="summaries")
    until = models.ForeignKey("Message", models.CASCADE, related_name="+")
    text = models.TextField()
    count = models.PositiveIntegerField()
    tokens = models.PositiveIntegerField()
    model = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"Summary {self.pk}"
