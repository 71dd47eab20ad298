"""Searches that a person keeps."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlencode

from django.db import models
from django.urls import reverse

from venice_site.accounts.models import User

LONGEST_NAME = 60
LONGEST_QUERY = 1000


class SavedSearchQuerySet(models.QuerySet["SavedSearch"]):
    """Saved searches by the names people say."""

    def editable_by(self, user: User) -> Self:
        """Return the searches that this person keeps; nobody sees those of others."""
        return self.filter(user=user)


class SavedSearch(models.Model):
    """A search with a name; saving under the same name replaces it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="saved_searches")
    name = models.CharField(max_length=LONGEST_NAME)
    query = models.CharField(max_length=LONGEST_QUERY)

    objects = SavedSearchQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=("user", "name"), name="one_search_a_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of what it finds."""
        return f"{reverse('gallery:index')}?{urlencode({'q': self.query})}"
