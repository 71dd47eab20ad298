"""What is kept beside the images so that they are found and counted quickly; triggers write it."""

from __future__ import annotations

from typing import Any

from django.db import models

from gallery.words import words
from venice_site.accounts.models import User


class WordsField(models.TextField[str, str]):
    """The words of the prompt and the name of the same row, parted by spaces."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Take the words from prompt and name as they are now."""
        told = (str(getattr(model_instance, name, "")) for name in ("prompt", "name"))
        value = " ".join(words(" ".join(told)))
        setattr(model_instance, self.attname, value)
        return value


class SearchDocument(models.Model):
    """What the full-text index knows of an image: the words of its prompt, and a token for each fact."""

    image = models.OneToOneField("gallery.Image", models.CASCADE, primary_key=True)
    words = models.TextField()
    facts = models.TextField()

    def __str__(self) -> str:
        return f"Document {self.pk}"


class Tally(models.Model):
    """How many pictures there are of one kind, and their bytes; only of those that are not deleted.

    `month` is the month in UTC, such as "2026-03".
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    visibility = models.CharField(max_length=10)
    model = models.CharField(max_length=120)
    style = models.CharField(max_length=120, blank=True)
    month = models.CharField(max_length=7)
    pictures = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("user", "visibility", "model", "style", "month"), name="one_tally_a_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pictures} by {self.model}, {self.month}"
