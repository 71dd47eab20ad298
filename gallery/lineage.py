"""Lineage: which picture was made of which."""

from __future__ import annotations

from django.db import models


class Descent(models.Model):
    """One picture was made of another; the first parent is the base, or the model for a variation."""

    child = models.ForeignKey("gallery.Image", models.CASCADE, related_name="descents")
    parent = models.ForeignKey("gallery.Image", models.CASCADE, related_name="offspring")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("child", "position")
        constraints = [
            models.UniqueConstraint(fields=("child", "parent"), name="one_descent_a_pair")
        ]

    def __str__(self) -> str:
        return f"{self.child_id} of {self.parent_id}"
