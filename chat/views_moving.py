"""Taking conversations out and bringing them in."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from chat import exports, imports
from chat.models import Conversation
from chat.moving import ImportForm, begin_export
from chat.parcels import Direction, Parcel, ParcelStatus
from venice_site.accounts.requests import SignedInRequest
from venice_site.bodies import takes_up_to

FORMS = ("md", "html", "json")
SHOWN = 20  # parcels on the page


@require_GET
def export(request: SignedInRequest, pk: int, form: str) -> HttpResponse:
    """Send one conversation as a file."""
    visible = Conversation.objects.visible_to(request.user).select_related("folder")
    found = get_object_or_404(visible, pk=pk)
    if form not in FORMS:
        raise Http404
    content, kind = exports.export(found, form)
    response = HttpResponse(content, content_type=kind)
    name = exports.file_name(found, form)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@takes_up_to(imports.MOST_BYTES + 1024 * 1024)
def parcels(request: SignedInRequest) -> HttpResponse:
    """Show exports and imports; begin one."""
    form = ImportForm(owner=request.user)
    if request.method == "POST" and request.POST.get("direction") == Direction.OUT:
        begin_export(request.user)
        return redirect("chat:parcels")
    if request.method == "POST":
        form = ImportForm(request.POST, request.FILES, owner=request.user)
        if form.is_valid() and form.begin():
            return redirect("chat:parcels")
    context = {"parcels": Parcel.objects.visible_to(request.user)[:SHOWN], "form": form}
    return render(request, "chat/parcels.html", context, status=422 if form.errors else 200)


@require_GET
def parcel(request: SignedInRequest, parcel_id: int) -> HttpResponse:
    """Show how far an export or an import is."""
    found = get_object_or_404(Parcel.objects.visible_to(request.user), pk=parcel_id)
    if not request.htmx:
        return redirect("chat:parcels")
    return render(request, "chat/parcels.html#parcel", {"parcel": found})


@require_GET
def parcel_file(request: SignedInRequest, parcel_id: int) -> FileResponse:
    """Send the file of an export that is done."""
    written = Parcel.objects.visible_to(request.user).filter(
        direction=Direction.OUT, status=ParcelStatus.DONE
    )
    found = get_object_or_404(written, pk=parcel_id)
    name = f"conversations-{found.created_at:%Y-%m-%d}.zip"
    return FileResponse(found.file.open("rb"), as_attachment=True, filename=name)
