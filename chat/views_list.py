"""The list and what finds something in it: shelves, selections, folders, search, jumps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from chat.folders import Folder
from chat.forms import FolderForm
from chat.kept import posted, words_sought
from chat.models import Conversation, Message
from chat.search import find
from chat.selection import MOST_AT_ONCE, SelectionForm
from chat.shelves import Entries, Shelf, read_entries
from venice_site.accounts.requests import SignedInRequest

LONGEST_QUERY = 200


def shelf_asked_for(request: SignedInRequest) -> Shelf:
    """Return the part of the list that an address asks for."""
    try:
        return Shelf.named(request.user, request.GET)
    except Folder.DoesNotExist:
        raise Http404 from None


def entries_asked_for(request: SignedInRequest) -> Entries:
    """Return the stretch of the list that an address asks for."""
    shelf = shelf_asked_for(request)
    after, selecting = request.GET.get("after", ""), "select" in request.GET
    return read_entries(request.user, shelf, after, selecting=selecting)


def deleted_just_now(request: SignedInRequest) -> list[int]:
    """Return which of the conversations that an address calls deleted are so still."""
    told = _ids(request.GET.get("deleted", "").split(","))
    if not told:
        return []
    gone = Conversation.objects.deleted_by(request.user).filter(pk__in=told)
    return list(gone.order_by("pk").values_list("pk", flat=True))


@require_GET
def search(request: SignedInRequest) -> HttpResponse:
    """Show what conversations say about some words."""
    query = words_sought(request, LONGEST_QUERY)
    context = {"query": query, "hits": find(request.user, query)}
    page = "chat/search.html"
    return render(request, f"{page}#hits" if request.htmx else page, context)


@require_GET
def jump(request: SignedInRequest, pk: int, message_id: int) -> HttpResponse:
    """Show a message in its branch, which becomes the one that the conversation opens with."""
    found = get_object_or_404(Conversation.objects.visible_to(request.user), pk=pk)
    message = get_object_or_404(Message.objects.filter(conversation=found), pk=message_id)
    if not found.messages.active().exists():
        end = found.tree.branch(message.pk, found.tip_id)[-1]
        Conversation.objects.filter(pk=pk).exclude(tip=end).update(tip=end)
    page = reverse("chat:conversation", args=[pk], query={"at": message.pk})
    return redirect(f"{page}#message-{message.pk}")


@require_POST
def selected(request: SignedInRequest) -> HttpResponse:
    """Do one thing with the chosen conversations, and show the list again."""
    form = SelectionForm(request.POST, user=request.user)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
        return redirect(_back(request, "again" if "again" in request.POST else "next"))
    sentence = form.carry_out()
    if form.cleaned_data["action"] == "delete":
        gone = ",".join(str(one.pk) for one in form.cleaned_data["conversation"])
        return redirect(reverse("chat:index", query={"deleted": gone}))
    messages.success(request, sentence)
    return redirect(_back(request))


@require_POST
def bring_back(request: SignedInRequest) -> HttpResponse:
    """Bring several deleted conversations back."""
    chosen = request.POST.getlist("conversation")
    for found in Conversation.objects.deleted_by(request.user).filter(pk__in=_ids(chosen)):
        found.restore()
    return redirect("chat:index")


@require_POST
def close(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let a temporary conversation go: at once when asked to, soon when its page was closed."""
    found = _temporary(request, pk)
    if "now" not in request.POST:
        found.close()
        return HttpResponse(status=204)
    found.prune()
    messages.success(request, "The temporary conversation is gone.")
    return redirect("chat:index")


@require_POST
def stay(request: SignedInRequest, pk: int) -> HttpResponse:
    """Keep a temporary conversation whose page is open, whatever other pages of it were closed."""
    _temporary(request, pk).stay()
    return HttpResponse(status=204)


def folders(request: SignedInRequest) -> HttpResponse:
    """Show the folders; make one."""
    form = FolderForm(posted(request), owner=request.user)
    if form.is_valid():
        return redirect(form.save())
    mine = Folder.objects.visible_to(request.user)
    status = 422 if form.errors else 200
    return render(request, "chat/folders.html", {"folders": mine, "form": form}, status=status)


def folder(request: SignedInRequest, folder_id: int) -> HttpResponse:
    """Show what a folder tells the model; change it."""
    found = get_object_or_404(Folder.objects.visible_to(request.user), pk=folder_id)
    form = FolderForm(posted(request), instance=found, owner=request.user)
    if form.is_valid():
        return redirect(form.save())
    status = 422 if form.errors else 200
    context: dict[str, Any] = {"folder": found, "form": form}
    return render(request, "chat/folder.html", context, status=status)


@require_POST
def delete_folder(request: SignedInRequest, folder_id: int) -> HttpResponse:
    """Delete a folder; what is in it stays in the list."""
    get_object_or_404(Folder.objects.visible_to(request.user), pk=folder_id).delete()
    messages.success(request, "The folder is deleted. Its conversations are kept.")
    return redirect("chat:index")


def _temporary(request: SignedInRequest, pk: int) -> Conversation:
    mine = Conversation.objects.visible_to(request.user).filter(temporary_until__isnull=False)
    return get_object_or_404(mine, pk=pk)


def _ids(told: Sequence[str]) -> list[int]:
    return [int(pk) for pk in told[:MOST_AT_ONCE] if pk.isdecimal() and len(pk) < 19]


def _back(request: SignedInRequest, name: str = "next") -> str:
    where = request.POST.get(name, "")
    ours = url_has_allowed_host_and_scheme(where, {request.get_host()}, request.is_secure())
    return where if ours else reverse("chat:index")
