"""What Venice offers as it was last described, and what administrators should know or say."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class CatalogueEntry(models.Model):
    """A model, or a style, as Venice (or the local stand-in) last described it."""

    simulated = models.BooleanField(default=False)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    position = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict)
    refreshed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "catalogue entries"
        ordering = ("kind", "position")
        constraints = [
            models.UniqueConstraint(fields=("simulated", "kind", "name"), name="one_entry_a_name")
        ]

    def __str__(self) -> str:
        return self.name


class Announcement(models.Model):
    """A sentence that administrators show to everyone in the band at the top."""

    text = models.CharField(max_length=300)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.text


class Notice(models.Model):
    """Something that administrators should know, told once for each subject until it is settled.

    `subject` says what it is about ("key:5", "quota:3:2026-11-24"); `settled_at` is set when the matter is
    over, or when an administrator has dealt with it.
    """

    subject = models.CharField(max_length=120, unique=True)
    text = models.CharField(max_length=400)
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(
                fields=("-created_at",), condition=models.Q(settled_at=None), name="notice_open"
            )
        ]

    def __str__(self) -> str:
        return self.text
