"""Collections: pictures put together by hand, of one person or of the team, one inside another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from venice_site.accounts.models import User
from venice_site.statements import Statement, gap

DEEPEST = 4
LONGEST = 80


class CollectionQuerySet(models.QuerySet["Collection"]):
    """Collections by the names people say."""

    def visible_to(self, user: User) -> Self:
        """Return the collections that this person sees, and may put pictures into."""
        return self.filter(Q(is_private=False) | Q(owner=user))

    def editable_by(self, user: User) -> Self:
        """Return the collections that this person may rename, move and remove."""
        return self.filter(owner=user)


class Branch(NamedTuple):
    """A collection as one chooses it."""

    pk: int
    parent_id: int | None
    name: str

    def get_absolute_url(self) -> str:
        """Return the address of the collection's own page."""
        return reverse("gallery:collection", args=[self.pk])


class Collection(models.Model):
    """A named set of pictures; a picture can be in many. Team mates fill a team's collection together."""

    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(max_length=LONGEST)
    is_private = models.BooleanField("Only you see it", default=False)
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children"
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering = ("name", "pk")
        constraints = [
            models.UniqueConstraint(fields=("owner", "name"), name="one_collection_a_name")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the collection's own page."""
        return reverse("gallery:collection", args=[self.pk])

    def put_in(self, images: Iterable[int], by: User) -> None:
        """Put images into the collection; safe to do twice."""
        Placement.objects.bulk_create(
            [Placement(collection=self, image_id=pk, by=by) for pk in images],
            ignore_conflicts=True,
        )

    def take_out(self, images: Iterable[int]) -> None:
        """Take images out of the collection; they stay in the gallery."""
        self.placements.filter(image__in=list(images)).delete()


class Placement(models.Model):
    """A picture in a collection, and who put it there."""

    collection = models.ForeignKey(Collection, models.CASCADE, related_name="placements")
    image = models.ForeignKey("gallery.Image", models.CASCADE, related_name="placements")
    by = models.ForeignKey(User, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("image", "collection"), name="one_placement_a_picture")
        ]
        indexes = [models.Index(fields=("collection", "-image"), name="placement_newest")]

    def __str__(self) -> str:
        return f"{self.image_id} in {self.collection_id}"


BRANCHES = Statement(
    lambda: Collection.objects.visible_to(gap("user")).values_list("pk", "parent", "name")
)


def branches(user: User) -> list[tuple[int, Branch]]:
    """Return the collections that a person sees, as one chooses among them, with their depth."""
    return list(tree(map(Branch._make, BRANCHES.all(user=user.pk))))


def tree[One: Collection | Branch](collections: Iterable[One]) -> Iterator[tuple[int, One]]:
    """Yield collections with their depth, parents before children; orphans stand at the top."""
    found = list(collections)
    known = {one.pk for one in found}
    below: dict[int | None, list[One]] = {}
    for one in found:
        below.setdefault(one.parent_id if one.parent_id in known else None, []).append(one)
    yield from _branches(below, None, 0)


def _branches[One: Collection | Branch](
    below: dict[int | None, list[One]], parent: int | None, depth: int
) -> Iterator[tuple[int, One]]:
    for one in below.get(parent, []):
        yield depth, one
        yield from _branches(below, one.pk, depth + 1)


def with_all_inside[One: Collection | Branch](
    chosen: Iterable[One], everything: Iterable[One]
) -> set[int]:
    """Return the ids of collections and of all that lie inside them."""
    inside = {one.pk for one in chosen}
    for _, one in tree(everything):
        if one.parent_id in inside:
            inside.add(one.pk)
    return inside
