"""What stands beside the search box: saved searches, tags and collections, read only where they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gallery.collections import Collection, tree
from gallery.models import SavedSearch
from gallery.tags import Tag
from venice_site.accounts.models import User

TAGS_SHOWN = 200


@dataclass(frozen=True)
class Finder:
    """What one person can choose from."""

    user: User

    @cached_property
    def searches(self) -> list[SavedSearch]:
        """Return the searches that the person keeps."""
        return list(SavedSearch.objects.editable_by(self.user))

    @cached_property
    def tags(self) -> list[Tag]:
        """Return the tags of the team."""
        return list(Tag.objects.all()[:TAGS_SHOWN])

    @cached_property
    def collections(self) -> list[tuple[int, Collection]]:
        """Return the collections that the person sees, with their depth."""
        return list(tree(Collection.objects.visible_to(self.user)))
