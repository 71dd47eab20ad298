"""Who may see what was made."""

from __future__ import annotations

from django.db import models


class Visibility(models.TextChoices):
    """Who may see a generation besides its owner."""

    TEAM = "team", "The team"
    PRIVATE = "private", "Only you"
