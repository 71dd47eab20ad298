"""The trash: what was deleted, back again or gone for good."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from gallery import trash
from gallery.grid import PAGE_SIZE, whole_number
from gallery.models import Image
from gallery.selection import Selection
from venice_site.accounts.requests import SignedInRequest


@require_safe
def index(request: SignedInRequest) -> HttpResponse:
    """Show what the person has deleted, the latest first."""
    shown = ("status", "blurred", "deleted_at", "generation__prompt", "generation__name")
    images = Image.objects.trash_of(request.user).select_related("generation").only(*shown)
    after = images.filter(pk=whole_number(request.GET.get("before", "")) or 0).first()
    if after is not None:
        images = images.filter(deleted_at__lte=after.deleted_at).exclude(
            deleted_at=after.deleted_at, pk__gte=after.pk
        )
    found = list(images[: PAGE_SIZE + 1])
    told = {
        "images": found[:PAGE_SIZE],
        "older": found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None,
        "days": settings.TRASH_DAYS,
    }
    return render(request, "gallery/trash.html", told)


@require_POST
def restore(request: SignedInRequest) -> HttpResponse:
    """Bring back the chosen pictures, or all that were deleted in one moment."""
    own = Image.objects.editable_by(request.user)
    moment = _moment(request.POST.get("moment", ""))
    if moment is not None:
        count = own.filter(deleted_at=moment).restore()
    else:
        count = own.filter(pk__in=Selection.of(request.POST).ids).restore()
    messages.success(request, f"{count:,} picture{'' if count == 1 else 's'} restored.")
    return redirect("gallery:trash" if moment is None else "gallery:index")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


@require_POST
def empty(request: SignedInRequest) -> HttpResponse:
    """Remove for good all that the person has deleted."""
    count = trash.empty(request.user)
    messages.success(request, f"{count:,} picture{'' if count == 1 else 's'} removed for good.")
    return redirect("gallery:trash")
