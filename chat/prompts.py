"""Prompts that are kept: texts with places to fill in, of one person or for the team."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from venice_site.accounts.models import User

LONGEST_PROMPT = 20_000  # characters
MOST_TAGS = 8
LONGEST_TAG = 30
MOST_VARIABLES = 20
VARIABLE = re.compile(r"\{\{\s*([^{}\n]{1,60}?)\s*\}\}")  # {{name}}


class PromptQuerySet(models.QuerySet["Prompt"]):
    """Prompts by the names people say."""

    def visible_to(self, user: User) -> PromptQuerySet:
        """Return the prompts that a person may use: their own, and those shared with the team."""
        return self.filter(Q(owner=user) | Q(shared=True)).select_related("owner")

    def editable_by(self, user: User) -> PromptQuerySet:
        """Return the prompts that a person may change: their own."""
        return self.filter(owner=user)

    def found_by(self, words: str) -> PromptQuerySet:
        """Return the prompts whose name, tags or text hold every word."""
        found = self
        for word in words.split():
            bare = word.removeprefix("#")
            told = Q(tags__icontains=bare)
            if bare == word:
                told |= Q(name__icontains=word) | Q(text__icontains=word)
            found = found.filter(told)
        return found

    def named_like(self, words: str) -> PromptQuerySet:
        """Return the prompts whose name or tags hold some letters, for a list beside what is typed."""
        return self.filter(Q(name__icontains=words) | Q(tags__icontains=words))


class Prompt(models.Model):
    """A text under a name; `tags` are words in small letters with a space between them."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="prompts")
    name = models.CharField("Name", max_length=60)
    text = models.TextField(
        "Text",
        max_length=LONGEST_PROMPT,
        help_text="A place to fill in is written {{topic}}.",
    )
    tags = models.CharField(
        "Tags", max_length=300, blank=True, help_text="Words, with spaces or commas between them."
    )
    shared = models.BooleanField(
        "Shared with the team",
        default=False,
        help_text="Everybody can use it; only you can change it.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PromptQuerySet.as_manager()

    class Meta:
        ordering = (Lower("name"), "pk")
        constraints = [models.UniqueConstraint("owner", Lower("name"), name="one_prompt_a_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address where a prompt is looked at, and changed by its owner."""
        return reverse("chat:prompt", args=[self.pk])

    @property
    def tag_list(self) -> list[str]:
        """Return the tags."""
        return self.tags.split()

    @property
    def variables(self) -> list[str]:
        """Return the names of the places to fill in, in their order."""
        return variables_of(self.text)

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the text with its places filled in; what nobody filled in stays as it is written."""
        return VARIABLE.sub(lambda place: values.get(place[1], place[0]), self.text)


def variables_of(text: str) -> list[str]:
    """Return the names of the places of a text, each once, in their order."""
    return list(dict.fromkeys(VARIABLE.findall(text)))


def read_tags(typed: str) -> list[str]:
    """Return the tags that somebody typed: words in small letters, each once."""
    words = re.split(r"[\s,;]+", typed.lower())
    return list(dict.fromkeys(word.lstrip("#") for word in words if word.strip("#")))
