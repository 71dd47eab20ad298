"""Folders: conversations kept together, and instructions that go with every question asked in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from venice_site.accounts.models import User
from venice_site.statements import Statement, gap

if TYPE_CHECKING:
    from chat.models import Conversation


class FolderQuerySet(models.QuerySet["Folder"]):
    """Folders by the names people say."""

    def visible_to(self, user: User) -> FolderQuerySet:
        """Return the folders of a person, by name."""
        return self.filter(owner=user).order_by(Lower("name"))


class Folder(models.Model):
    """Conversations of one person that belong together."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="folders")
    name = models.CharField("Name", max_length=60)
    instructions = models.TextField("Instructions", max_length=20_000, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = FolderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "owner",
                Lower("name"),
                name="one_folder_a_name",
                violation_error_message="You have a folder of this name already.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the list of what is in the folder."""
        return Named(self.pk, self.name).get_absolute_url()


class Named(NamedTuple):
    """A folder as one chooses it."""

    pk: int
    name: str

    def get_absolute_url(self) -> str:
        """Return the address of the list of what is in the folder."""
        return reverse("chat:index", query={"folder": self.pk})


NAMES = Statement(lambda: Folder.objects.visible_to(gap("owner")).values_list("pk", "name"))


def names_of(user: User) -> tuple[Named, ...]:
    """Return a person's folders, by name."""
    return tuple(map(Named._make, NAMES.all(owner=user.pk)))


def instructions_for(conversation: Conversation) -> str:
    """Return what the folder of a conversation tells the model before every question."""
    return conversation.folder.instructions.strip() if conversation.folder else ""
