"""Word lists of the team: what `__animal__` in a prompt stands for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone

from venice_site.accounts.models import User

MOST_LINES = 500


class WordListQuerySet(models.QuerySet["WordList"]):
    """Word lists by the names people say."""

    def visible_to(self, user: User) -> Self:
        """Return the lists that this person may see: they belong to the team."""
        return self.all()

    def editable_by(self, user: User) -> Self:
        """Return the lists that this person may change: every member keeps them."""
        return self.all()

    def lines(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Return the lines of these lists by name; one query, none without a name."""
        wanted = list(names)
        if not wanted:
            return {}
        return {found.name: found.lines for found in self.filter(name__in=wanted)}


class WordList(models.Model):
    """A named list with one choice a line."""

    name = models.CharField(
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z0-9][a-z0-9-]*\Z",
                "Use small letters, digits and hyphens, such as night-sky.",
            )
        ],
    )
    text = models.TextField(help_text="One choice a line.")
    changed_by = models.ForeignKey(
        User, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = WordListQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address where the list is changed."""
        return reverse("gallery:wordlist", args=[self.pk])

    @property
    def lines(self) -> list[str]:
        """Return the choices: every line that says something."""
        return [line.strip() for line in self.text.splitlines() if line.strip()]
