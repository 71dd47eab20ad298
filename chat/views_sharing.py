"""Sharing: with the team, by a link, and what those see who come by it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from chat.models import Attachment, Conversation
from chat.reading import read_branch
from chat.shares import Share
from chat.sharing import (
    TURNS_A_PAGE,
    SharingForm,
    shared_picture,
    shared_turns,
    snapshot,
    team_turns,
)
from venice_site.accounts.requests import SignedInRequest

# A link that leaves the house: kept nowhere, found by no search engine, told to no page it leads to.
UNSEEN = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
}


def sharing(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show who may read a conversation; change it."""
    lasting = Conversation.objects.visible_to(request.user).filter(temporary_until=None)
    found = get_object_or_404(lasting.select_related("share"), pk=pk)
    form = SharingForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        messages.success(request, form.carry_out(found))
        return redirect("chat:sharing", pk)
    share = getattr(found, "share", None)
    context = {
        "conversation": found,
        "share": share,
        "is_behind": share is not None and share.turns != snapshot(found),
        "link": request.build_absolute_uri(share.get_absolute_url()) if share else "",
        "form": form if form.is_bound else SharingForm(),
    }
    return render(request, "chat/sharing.html", context, status=422 if form.errors else 200)


@require_GET
def shares(request: SignedInRequest) -> HttpResponse:
    """Show every link that the person shared, and what they share with the team."""
    team = Conversation.objects.visible_to(request.user).filter(shared_at__isnull=False)
    context = {
        "shares": Share.objects.visible_to(request.user),
        "team": team.order_by("-shared_at").only("pk", "title", "shared_at"),
    }
    return render(request, "chat/shares.html", context)


@require_GET
def team(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a conversation that somebody shares with the team."""
    found = _team(request, pk)
    before = request.GET.get("before", "")
    is_id = before.isdecimal() and len(before) < 19
    branch = read_branch(found, before=int(before) if is_id else None)
    earlier = reverse("chat:team", args=[pk], query={"before": branch.earlier})
    context = {
        "conversation": found,
        "turns": team_turns(found, branch.everything),
        "earlier": earlier if branch.earlier else "",
    }
    return render(request, "chat/team.html", context)


@require_GET
def team_picture(request: SignedInRequest, pk: int, attachment_id: int) -> FileResponse:
    """Show a picture of a conversation that somebody shares with the team."""
    found = get_object_or_404(
        Attachment,
        pk=attachment_id,
        message__conversation=_team(request, pk),
        mime__startswith="image/",
    )
    return _picture(str(found.file.name), found.mime)


def _team(request: SignedInRequest, pk: int) -> Conversation:
    shared = Conversation.objects.readable_by(request.user).filter(shared_at__isnull=False)
    return get_object_or_404(shared.select_related("owner"), pk=pk)


@login_not_required
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Show a snapshot to whoever has its link; neither a cookie nor a sign-in is needed."""
    share = Share.objects.open_at(timezone.now()).filter(token=token).first()
    if share is None:
        return _unseen(render(request, "chat/share_gone.html", status=404))
    asked = request.GET.get("page", "")
    page = min(max(int(asked), 1), 100_000) if asked.isdecimal() and len(asked) < 7 else 1
    last = max(1, -(-len(share.turns) // TURNS_A_PAGE))
    context = {
        "share": share,
        "turns": shared_turns(share, min(page, last)),
        "earlier": f"?page={page - 1}" if 1 < page <= last else "",
        "later": f"?page={page + 1}" if page < last else "",
    }
    return _unseen(render(request, "chat/share.html", context))


@login_not_required
@require_safe
def shared_picture_file(request: HttpRequest, token: str, number: int) -> FileResponse:
    """Show a picture of a snapshot for as long as its link works."""
    share = get_object_or_404(Share.objects.open_at(timezone.now()), token=token)
    picture = shared_picture(share, number)
    if picture is None:
        raise Http404
    return _unseen(_picture(picture["file"], picture["mime"]))


def _unseen[R: HttpResponse | FileResponse](response: R) -> R:
    for name, value in UNSEEN.items():
        response[name] = value
    return response


def _picture(name: str, mime: str) -> FileResponse:
    try:
        file = default_storage.open(name)
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(file, content_type=mime)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
