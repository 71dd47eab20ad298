"""The trash: what was deleted stays until its time is over; then rows go first, and files that no row needs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from gallery import files
from gallery.models import Generation, Image, ImageQuerySet
from venice_site.accounts.models import User

BATCH = 200


def prune(deleted_before: datetime) -> int:
    """Remove everybody's images that were deleted before a moment; return how many. Safe to run twice."""
    return _remove(Image.objects.filter(deleted_at__lt=deleted_before))


def empty(user: User) -> int:
    """Remove all that is in a person's trash now."""
    return _remove(Image.objects.trash_of(user))


def _remove(images: ImageQuerySet) -> int:
    removed = 0
    while some := list(images.order_by("deleted_at")[:BATCH]):
        with transaction.atomic():
            _remove_rows(images, [image.pk for image in some])
        for name, digest in {(image.file, image.sha256) for image in some if image.file}:
            if not Image.objects.filter(sha256=digest).exists():
                files.remove(name, digest)
        removed += len(some)
    return removed


def _remove_rows(images: ImageQuerySet, ids: list[int]) -> None:
    """Remove rows, with the tries that they replaced, which would come back to light without them."""
    gone = set(images.select_for_update().filter(pk__in=ids).values_list("pk", flat=True))
    while replaced := set(
        Image.objects.filter(replaced_by__in=gone).exclude(pk__in=gone).values_list("pk", flat=True)
    ):
        gone |= replaced
    generations = set(Image.objects.filter(pk__in=gone).values_list("generation", flat=True))
    Image.objects.filter(pk__in=gone).delete()
    Generation.objects.filter(pk__in=generations, images=None).delete()
