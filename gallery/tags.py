"""Tags: words that the team puts on pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db import models, transaction

from venice_site.accounts.models import User
from venice_site.statements import Statement

LONGEST = 40
MOST_SHOWN = 200


class TagQuerySet(models.QuerySet["Tag"]):
    """Tags by the names people say."""

    def named(self, names: Iterable[str]) -> list[Tag]:
        """Return the tags with these names, made where they are missing."""
        wanted = {name for typed in names if (name := tidy(typed))}
        self.bulk_create([Tag(name=name) for name in wanted], ignore_conflicts=True)
        return list(self.filter(name__in=wanted))

    def put_on(self, images: Iterable[int], by: User, names: Iterable[str]) -> list[Tag]:
        """Put tags on images; safe to do twice."""
        with transaction.atomic():
            tags = self.named(names)
            Tagging.objects.bulk_create(
                [Tagging(tag=tag, image_id=pk, by=by) for pk in images for tag in tags],
                ignore_conflicts=True,
            )
        return tags

    def take_off(self, images: Iterable[int], names: Iterable[str]) -> None:
        """Take tags off images, and forget those that are on none."""
        wanted = [tidy(name) for name in names]
        Tagging.objects.filter(tag__name__in=wanted, image__in=list(images)).delete()
        self.filter(name__in=wanted, taggings=None).delete()


class Tag(models.Model):
    """A word for pictures, the same for the whole team; written small, without a comma."""

    name = models.CharField(max_length=LONGEST, unique=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Tagging(models.Model):
    """A tag on a picture, and who put it there."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="taggings")
    image = models.ForeignKey("gallery.Image", models.CASCADE, related_name="taggings")
    by = models.ForeignKey(User, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("image", "tag"), name="one_tagging_a_picture")
        ]

    def __str__(self) -> str:
        return f"{self.tag} on {self.image_id}"


NAMES = Statement(lambda: Tag.objects.values_list("name")[:MOST_SHOWN])


def names_shown() -> list[str]:
    """Return the names of the team's first tags."""
    return [name for (name,) in NAMES.all()]


def tidy(name: str) -> str:
    """Return a tag's name as it is kept."""
    return re.sub(r'[\s,"\0]+', " ", name).strip().lower()[:LONGEST].strip()


def split(names: str) -> list[str]:
    """Return the names in a list that a person typed with commas."""
    return [name for part in names.split(",") if (name := tidy(part))]
