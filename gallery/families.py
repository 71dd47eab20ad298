"""The family of a picture: what it was made of, and what was made of it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from gallery.lineage import Descent
from gallery.models import Image
from venice_site.accounts.models import User

RELATIVES_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Family:
    """Parents and children of one picture, as far as a person may see them; neither is ever in the trash."""

    parents: list[Image]
    children: list[Image]

    @classmethod
    def of(cls, image: Image, user: User) -> Family:
        """Return the family of an image."""
        if not Descent.objects.filter(Q(child=image) | Q(parent=image)).exists():
            return cls([], [])  # as most; this is asked more quickly than for relatives
        seen = Image.objects.visible_to(user).pictures().filter(deleted_at=None).with_facts()
        parents = seen.filter(offspring__child=image).order_by("offspring__position")
        children = seen.filter(descents__parent=image).order_by("pk")
        return cls(list(parents[:RELATIVES_SHOWN]), list(children[:RELATIVES_SHOWN]))
