"""Files before they are sent and after, and how full the window of a model is."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from chat import attaching
from chat.attaching import CannotAttach
from chat.attachments import Attachment
from chat.gallery_files import with_gallery_files
from chat.gauges import gauge_of
from chat.visible import number_in, readable_attachment, visible_one
from venice_site.accounts.requests import SignedInRequest
from venice_site.bodies import takes_up_to

CHIPS = "chat/attachments.html"
ROOM_FOR_IDS = 60


@takes_up_to(attaching.MOST_BYTES_BROUGHT)
def attachments(request: SignedInRequest) -> HttpResponse:
    """Show what waits to be sent; keep more of it until then."""
    if request.method == "POST":
        return _attach(request)
    asked = request.GET.getlist("id")[:ROOM_FOR_IDS]
    ids = [one for one in asked if one.isdecimal() and len(one) < 19]
    waiting = Attachment.objects.waiting(request.user).filter(pk__in=ids)
    return render(request, CHIPS, {"waiting": waiting})


def _attach(request: SignedInRequest) -> HttpResponse:
    kept, refused = [], []
    for file in with_gallery_files(request).getlist("uploads")[: attaching.MOST_WAITING]:
        try:
            prepared = attaching.looked_at(file)
            kept.append(attaching.keep(request.user, prepared))
        except CannotAttach as error:
            refused.append({"name": file.name, "reason": str(error)})
    if not kept and not refused:
        refused.append({"name": "", "reason": "Choose a file first."})
    context = {"waiting": kept, "refused": refused}
    return render(request, CHIPS, context, status=422 if refused else 200)


@require_POST
def remove_attachment(request: SignedInRequest, attachment_id: int) -> HttpResponse:
    """Remove a file that waits to be sent."""
    waiting = Attachment.objects.waiting(request.user)
    attaching.discard([get_object_or_404(waiting, pk=attachment_id)])
    return HttpResponse(status=204)


@require_GET
@cache_control(private=True, max_age=31_536_000, immutable=True)
def attachment(request: SignedInRequest, attachment_id: int) -> FileResponse:
    """Show a picture, or hand over a document, to those who may read its conversation.

    Only pictures are shown in the browser, which are all encoded afresh; whatever else it is, is saved.
    """
    found = readable_attachment(request.user, attachment_id)
    try:
        file = found.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    mime = f"{found.mime}; charset=utf-8" if found.mime.startswith("text/") else found.mime
    response = FileResponse(
        file, as_attachment=not found.is_picture, filename=found.name, content_type=mime
    )
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_GET
def context(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show how full the window is at the end of a branch, and what the model gets as a summary."""
    found = visible_one(request, pk)
    if not request.htmx:
        return redirect(found)
    at = number_in(request.GET, "at")
    last = at if at in found.tree else found.tip_id
    return render(request, "chat/context.html", {"gauge": gauge_of(found, last), "alone": True})
