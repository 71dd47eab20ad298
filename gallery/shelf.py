"""What people have said of one picture: this person's favourite and rating, the team's tags, its collections."""

from __future__ import annotations

from dataclasses import dataclass

from gallery.collections import Branch, branches
from gallery.marks import HIGHEST, Mark
from gallery.models import Image
from gallery.tags import Tag
from venice_site.accounts.models import User


@dataclass(frozen=True, slots=True)
class Shelf:
    """The marks, tags and collections of one image, for one person."""

    mark: Mark
    tags: list[str]
    collections: list[Branch]
    others: list[tuple[int, Branch]]

    @property
    def stars(self) -> list[tuple[int, bool]]:
        """Return the ratings that can be given, and whether the given one is at least that."""
        return [(number, number <= self.mark.rating) for number in range(1, HIGHEST + 1)]

    @classmethod
    def of(cls, user: User, image: Image) -> Shelf:
        """Return what stands on an image."""
        mark = Mark.objects.of(user, [image.pk]).get(image.pk) or Mark(user=user, image=image)
        seen = branches(user)
        inside = set(image.placements.values_list("collection", flat=True))
        return cls(
            mark,
            list(Tag.objects.filter(taggings__image=image).values_list("name", flat=True)),
            [one for _, one in seen if one.pk in inside],
            [(depth, one) for depth, one in seen if one.pk not in inside],
        )
