"""What one person thinks of a picture: favourite or not, and a rating."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.db import models

from venice_site.accounts.models import User

HIGHEST = 5


class MarkQuerySet(models.QuerySet["Mark"]):
    """Marks by the names people say."""

    def of(self, user: User, images: Iterable[int]) -> dict[int, Mark]:
        """Return a person's marks of these images, by the image's id."""
        return {mark.image_id: mark for mark in self.filter(user=user, image__in=list(images))}

    def put(self, user: User, images: Iterable[int], **facts: Any) -> Self:
        """Write a favourite or a rating for many images; safe to do twice."""
        self.bulk_create(
            [Mark(user=user, image_id=pk, **facts) for pk in images],
            update_conflicts=True,
            unique_fields=["user", "image"],
            update_fields=list(facts),
        )
        return self


class Mark(models.Model):
    """A person's favourite and rating of a picture; a rating of 0 is none."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    image = models.ForeignKey("gallery.Image", models.CASCADE, related_name="marks")
    favourite = models.BooleanField(default=False)
    rating = models.PositiveSmallIntegerField(default=0)

    objects = MarkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("user", "image"), name="one_mark_a_person"),
            models.CheckConstraint(
                condition=models.Q(rating__lte=HIGHEST), name="mark_rating_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} marks {self.image_id}"
