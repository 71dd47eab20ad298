"""Everybody in the queue, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from gallery import estimates
from gallery.models import Image
from venice_site.venice.runs import RunStatus

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Waiter:
    """One image that waits or runs, and in about how many seconds it is there."""

    image: Image
    place: int | None
    seconds: float | None


def waiters() -> list[Waiter]:
    """Return the images at work, then those that wait, by their places."""
    places = Image.objects.places()
    # Those at work first, and by an order that does not lead SQLite through every id there is.
    active = Image.objects.unfinished().with_facts().order_by("-status", "pk")[:SHOWN]
    ordered = sorted(active, key=lambda image: _rank(image, places))
    return [
        Waiter(image, place := places.get(image.pk), estimates.wait(image, place))
        for image in ordered
    ]


def _rank(image: Image, places: dict[int, int]) -> tuple[bool, int]:
    return image.status == RunStatus.QUEUED, places.get(image.pk, 0)
