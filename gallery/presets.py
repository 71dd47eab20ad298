"""Presets: named settings of the composer and a text around the prompt."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from venice_site.accounts.models import User
from venice_site.statements import Statement, gap

PROMPT = "{prompt}"


class PresetQuerySet(models.QuerySet["Preset"]):
    """Presets by the names people say."""

    def visible_to(self, user: User) -> Self:
        """Return the presets that this person may use."""
        return self.filter(Q(shared=True) | Q(user=user))

    def editable_by(self, user: User) -> Self:
        """Return the presets that this person may change."""
        return self.filter(user=user)


class Preset(models.Model):
    """Settings under a name, of one person or for the team; `settings` are the composer's fields."""

    user = models.ForeignKey(User, models.CASCADE, related_name="presets")
    name = models.CharField(max_length=60)
    shared = models.BooleanField(default=False, help_text="The whole team can use it.")
    settings = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PresetQuerySet.as_manager()

    class Meta:
        ordering = ("name", "pk")
        constraints = [models.UniqueConstraint(fields=("user", "name"), name="one_preset_a_name")]

    def __str__(self) -> str:
        return self.name


USABLE = Statement(
    lambda: Preset.objects.visible_to(gap("user")).values_list("pk", "name", "shared", "user")
)


def around(template: str, prompt: str) -> str:
    """Return the prompt with the template's text around it; without a place for it, before the text."""
    if not template.strip():
        return prompt
    if PROMPT in template:
        return template.replace(PROMPT, prompt)
    return f"{prompt}, {template}"
