"""What one chooses from beside the grid: saved searches, tags, collections; read only where they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gallery.collections import Branch, branches
from gallery.models import SavedSearch, Viewing
from gallery.tags import names_shown
from venice_site.accounts.models import User


@dataclass(frozen=True)
class Finder:
    """What one person can choose from."""

    user: User

    @cached_property
    def searches(self) -> list[SavedSearch]:
        """Return the searches that the person keeps."""
        return list(SavedSearch.objects.editable_by(self.user))

    @cached_property
    def tags(self) -> list[str]:
        """Return the names of the team's tags."""
        return names_shown()

    @cached_property
    def collections(self) -> list[tuple[int, Branch]]:
        """Return the collections that the person sees, with their depth."""
        return branches(self.user)

    @cached_property
    def veils(self) -> bool:
        """Return whether marked pictures are hidden from the person until they are asked for."""
        return Viewing.objects.veils_for(self.user)
