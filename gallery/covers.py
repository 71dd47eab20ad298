"""Collections as they hang on their page: each with its newest pictures, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, Window
from django.db.models.functions import RowNumber

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
            collection__in=[one.pk for _, one in found],
            image__shelf__in=(TEAM_SHELF, user.pk),
            image__status=RunStatus.SUCCEEDED,
        )
        .annotate(
            place=Window(RowNumber(), partition_by=F("collection"), order_by=F("image").desc())
        )
        .filter(place__lte=PICTURES)
        .values_list("collection", "image")
    )
    images: dict[int, list[int]] = {}
    for collection, image in newest:
        images.setdefault(collection, []).append(image)
    wanted = [pk for some in images.values() for pk in some]
    known = {one.pk: one for one in Image.objects.filter(pk__in=wanted).with_facts()}
    return [
        Cover(one, depth, [known[pk] for pk in images.get(one.pk, []) if pk in known])
        for depth, one in found
    ]
