"""Sharing: with the team, by a link, and what those see who come by it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from chat.models import Attachment, Conversation, ConversationQuerySet, Message
from chat.reading import Branch, read_branch, read_turn
from chat.shares import Share
from chat.sharing import (
    TURNS_A_PAGE,
    SharingForm,
    shared_picture,
    shared_turns,
    snapshot,
    team_turns,
)
from chat.streaming import Stream, served
from chat.visible import found_or_404, is_shown, number_in
from venice_site.accounts.requests import SignedInRequest

TEAM = "chat/team.html"
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
    before = number_in(request.GET, "before")
    context = _shown(found, read_branch(found, before=before))
    return render(request, TEAM, context | {"is_live": before is None})


@require_GET
def team_news(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show what was said since a reader's page was drawn, and its title; all anew when its branch was left."""
    found = _team(request, pk)
    if not request.htmx:
        return redirect("chat:team", pk)
    after, path = number_in(request.GET, "after"), found.tree.branch(found.tip_id, found.tip_id)
    is_newest = after == (path[-1] if path else None)
    if is_newest and request.GET.get("title") == found.title:
        return HttpResponse(status=204)
    context = {"is_live": True, "is_news": True}
    if after in path:
        context |= _shown(found, read_branch(found, after=after))
        return render(request, f"{TEAM}#news", context)
    response = render(request, f"{TEAM}#shown", context | _shown(found, read_branch(found)))
    response["HX-Retarget"] = "#shown"
    return response


@require_GET
def team_reply(request: SignedInRequest, pk: int, reply_id: int) -> HttpResponse:
    """Show one reply as it is now, for readers that ask each second."""
    reply = found_or_404(_shown_reply(request, pk, reply_id))
    if not request.htmx:
        return redirect("chat:team", pk)
    if reply.interrupt_if_stale():
        reply.refresh_from_db()
    turns = team_turns(reply.conversation, [read_turn(reply)])
    return render(request, "chat/shown_turns.html", {"turns": turns})


@require_GET
def team_stream(request: SignedInRequest, pk: int, reply_id: int) -> HttpResponseBase:
    """Stream one reply to a reader for as long as it is shared; 204 when every place is taken."""
    found_or_404(_shown_reply(request, pk, reply_id))

    def finished() -> str:
        reply = _shown_reply(request, pk, reply_id)
        turns = team_turns(reply.conversation, [read_turn(reply)]) if reply else []
        return render_to_string("chat/shown_turns.html", {"turns": turns})

    return served(Stream.begin(reply_id, finished, _shared_now(request).filter(pk=pk).exists))


def _shown_reply(request: SignedInRequest, pk: int, reply_id: int) -> Message | None:
    """Return a reply that the team sees; None for one of a branch that its owner left."""
    found = _shared_now(request).select_related("owner").filter(pk=pk).first()
    if found is None or not is_shown(found, reply_id):
        return None
    return found.messages.replies().select_related("parent").filter(pk=reply_id).first()


def _shown(found: Conversation, branch: Branch) -> dict[str, Any]:
    """Return what a reader's page shows of a branch, and where it goes on."""
    earlier = reverse("chat:team", args=[found.pk], query={"before": branch.earlier})
    return {
        "conversation": found,
        "turns": team_turns(found, branch.everything),
        "earlier": earlier if branch.earlier else "",
        "after": branch.later or branch.last or "",
    }


@require_GET
def team_picture(request: SignedInRequest, pk: int, attachment_id: int) -> FileResponse:
    """Show a picture of a conversation that somebody shares with the team."""
    talk = _team(request, pk)
    pictures = Attachment.objects.filter(message__conversation=talk, mime__startswith="image/")
    found = get_object_or_404(pictures, pk=attachment_id)
    if not is_shown(talk, found.message_id or 0):
        raise Http404
    return _picture(str(found.file.name), found.mime)


def _team(request: SignedInRequest, pk: int) -> Conversation:
    return get_object_or_404(_shared_now(request).select_related("owner"), pk=pk)


def _shared_now(request: SignedInRequest) -> ConversationQuerySet:
    return Conversation.objects.readable_by(request.user).filter(shared_at__isnull=False)


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
