"""Archives: those a person asked for, how far they are, and their files; and what everything weighs."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.db.models import Sum
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from gallery.archives import KEPT_FOR, Archive
from gallery.models import Image, Tally
from venice_site.accounts.models import User
from venice_site.accounts.requests import SignedInRequest


@require_safe
def index(request: SignedInRequest) -> HttpResponse:
    """Show the person's archives, the latest first."""
    fresh = timezone.now() - KEPT_FOR
    archives = Archive.objects.editable_by(request.user).filter(created_at__gte=fresh)
    return render(request, "gallery/archives.html", {"archives": archives})


@require_safe
def archive(request: SignedInRequest, archive_id: int) -> HttpResponse:
    """Show how far one archive is; it asks again while it can change."""
    return render(request, "gallery/archives.html#archive", {"archive": _own(request, archive_id)})


@require_safe
def file(request: SignedInRequest, archive_id: int) -> HttpResponseBase:
    """Send an archive that is ready."""
    ready = _own(request, archive_id)
    if not ready.is_ready or ready.expires_at < timezone.now():
        raise Http404
    response = FileResponse(
        default_storage.open(ready.file),
        as_attachment=True,
        filename=f"pictures-{ready.created_at:%Y-%m-%d}-{ready.pk}.zip",
        content_type="application/zip",
    )
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
def remove(request: SignedInRequest, archive_id: int) -> HttpResponse:
    """Stop and remove an archive; the pictures stay."""
    own = _own(request, archive_id)
    own.cancel()
    own.remove()
    return redirect("gallery:archives")


def _own(request: SignedInRequest, archive_id: int) -> Archive:
    return get_object_or_404(Archive.objects.editable_by(request.user), pk=archive_id)


@require_safe
def storage(request: SignedInRequest) -> HttpResponse:
    """Show what a person's pictures weigh; administrators see everybody's."""
    everyone = User.objects.filter(is_active=True).order_by("username")
    people = everyone if request.user.is_administrator else [request.user]
    tallies = Tally.objects.values_list("user").annotate(number=Sum("pictures"), size=Sum("bytes"))
    kept = {user: (number, size) for user, number, size in tallies}
    deleted = Image.objects.filter(deleted_at__isnull=False).order_by()
    trashed = dict(deleted.values_list("user").annotate(size=Sum("byte_size", default=0)))
    rows = [(person, *kept.get(person.pk, (0, 0)), trashed.get(person.pk, 0)) for person in people]
    rows.sort(key=lambda row: -row[2])
    return render(request, "gallery/storage.html", {"rows": rows})
