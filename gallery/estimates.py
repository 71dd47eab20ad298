"""How long pictures usually take, so that whoever waits knows for how long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median

from django.conf import settings
from django.core.cache import cache

from gallery.hung import HungWords
from gallery.models import Image

LOOKED_AT = 300  # pictures from which usual durations are taken
KEPT_FOR = 10  # seconds
UNKNOWN = 12.0  # seconds, of a model that has made nothing here yet


def usual_seconds() -> Mapping[str, float]:
    """Return the median duration of each model's latest pictures, in seconds; "" is that of all."""
    known: dict[str, float] | None = cache.get("usual-seconds")
    if known is None:
        known = _measured()
        cache.set("usual-seconds", known, KEPT_FOR)
    return known


def _measured() -> dict[str, float]:
    found: dict[str, list[float]] = defaultdict(list)
    latest = Image.objects.pictures().order_by("-pk")
    for model, milliseconds in latest.values_list("model_used", "duration_ms")[:LOOKED_AT]:
        if milliseconds is not None:
            found[model].append(milliseconds / 1000)
            found[""].append(milliseconds / 1000)
    return {model: median(durations) for model, durations in found.items()}


def usual(model: str) -> float:
    """Return how many seconds a picture of this model usually takes."""
    known = usual_seconds()
    return known.get(model, known.get("", UNKNOWN))


def wait(image: Image | HungWords, place: int | None) -> float | None:
    """Return in about how many seconds an image that waits or runs will be there, None when nobody knows.

    Everybody ahead is taken to need as long as pictures usually do, as many at once as there are workers.
    """
    each = usual(image.asked.model)
    if image.elapsed is not None and place is None:
        left = each - image.elapsed.total_seconds()
        return left if left > 0 else None
    if place is None or image.run_after is not None:
        return None
    return each + (place - 1) // slots() * usual("")


def about(image: Image | HungWords, place: int | None) -> str:
    """Return in about how long an image will be there: "about 20 s"; empty when nobody knows."""
    seconds = wait(image, place)
    return f"about {roughly(seconds)}" if seconds is not None else ""


def roughly(seconds: float) -> str:
    """Return a duration as people say it: "20 s", "4 min"."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 90:
        return f"{round(seconds / 5) * 5} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"


def slots() -> int:
    """Return how many pictures are made at once, as far as the settings say."""
    return min(filter(None, (settings.WORKER_THREADS, settings.IMAGES_AT_ONCE)))


def total(images: Iterable[Image]) -> float:
    """Return in about how many seconds all of these that are not ready yet will be."""
    return sum(usual(image.asked.model) for image in images if image.is_active) / slots()
