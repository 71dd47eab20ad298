"""The page of a batch: its progress, and its pictures in a row or as the cells of a grid."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from gallery.finder import Finder
from gallery.grid import Placed, marked, placed
from gallery.models import Batch, Image
from venice_site.accounts.models import User
from venice_site.accounts.requests import SignedInRequest


@dataclass(frozen=True, slots=True)
class Sheet:
    """A batch as one person sees it: rows of cells of pictures, and counts."""

    batch: Batch
    rows: list[tuple[str, list[list[Placed[Image]]]]]
    pictures: int
    active: int
    made: int
    failed: int

    @property
    def columns(self) -> list[str]:
        """Return the headings of the columns of a grid."""
        values: list[str] = self.batch.across["values"]  # a template takes `.values` for a method
        return values

    @classmethod
    def of(cls, batch: Batch, user: User) -> Sheet:
        """Return the sheet with all that this person may see of it."""
        images = (
            Image.objects.visible_to(user)
            .filter(generation__batch=batch, replaced_by=None, deleted_at=None)
            .with_facts()
            .order_by("generation__place", "position", "pk")
        )
        items = marked(user, placed(images))
        return cls(
            batch,
            _rows(batch, items),
            pictures=len(items),
            active=sum(item.image.is_active for item in items),
            made=sum(item.image.is_picture for item in items),
            failed=sum(item.image.can_be_tried_again for item in items),
        )


def _rows(batch: Batch, items: list[Placed[Image]]) -> list[tuple[str, list[list[Placed[Image]]]]]:
    if not batch.is_grid:
        return [("", [[item] for item in items])]
    cells: dict[int, list[Placed[Image]]] = defaultdict(list)
    for item in items:
        cells[item.image.generation.place].append(item)
    width = len(batch.across["values"])
    return [
        (value, [cells[row * width + column] for column in range(width)])
        for row, value in enumerate(batch.down["values"])
    ]


@require_safe
def batch(request: SignedInRequest, batch_id: int) -> HttpResponse:
    """Show a batch."""
    return render(request, "gallery/batch.html", _shown(request, batch_id))


def _shown(request: SignedInRequest, batch_id: int) -> dict[str, Any]:
    found = get_object_or_404(
        Batch.objects.visible_to(request.user).select_related("user"), pk=batch_id
    )
    return {
        "batch": found,
        "sheet": Sheet.of(found, request.user),
        "finder": Finder(request.user),
    }


@require_POST
def cancel_batch(request: SignedInRequest, batch_id: int) -> HttpResponse:
    """Stop everything of a batch that waits or runs."""
    found = get_object_or_404(Batch.objects.editable_by(request.user), pk=batch_id)
    for image in Image.objects.unfinished().filter(generation__batch=found).order_by("-pk"):
        image.cancel()
    return redirect(found)
