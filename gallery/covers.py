"""Collections as they hang on their page: each with its newest pictures, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from gallery.collections import Collection, Placement, tree
from gallery.models import TEAM_SHELF, Image
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus

PICTURES = 4


@dataclass(frozen=True, slots=True)
class Cover:
    """A collection, how deep it lies, and its newest pictures."""

    collection: Collection
    depth: int
    images: list[Image]


def hung(user: User, collections: Iterable[Collection]) -> list[Cover]:
    """Return collections with their covers, parents before children."""
    found = list(tree(collections))
    newest = (
        Placement.objects.filter(
            collection=OuterRef("pk"),
            image__shelf__in=(TEAM_SHELF, user.pk),
            image__status=RunStatus.SUCCEEDED,
        )
        .order_by("-image_id")
        .values("image_id")
    )
    # One look into the index for each picture; to number all placements takes a second among 80,000.
    rows = Collection.objects.filter(pk__in=[one.pk for _, one in found]).values_list(
        "pk", *(Subquery(newest[place : place + 1]) for place in range(PICTURES))
    )
    images = {pk: [one for one in some if one] for pk, *some in rows}
    wanted = [pk for some in images.values() for pk in some]
    known = {one.pk: one for one in Image.objects.filter(pk__in=wanted).only("blurred")}
    return [
        Cover(one, depth, [known[pk] for pk in images.get(one.pk, []) if pk in known])
        for depth, one in found
    ]
