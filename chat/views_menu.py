"""The menu of a conversation: its title, its settings, and letting it go."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from chat.folders import Folder
from chat.forms import RenameForm, SettingsForm
from chat.models import Conversation
from chat.reading import read_branch
from chat.views import go_to, show_page
from chat.visible import visible_one
from venice_site.accounts.requests import SignedInRequest


@require_GET
def menu(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show what can be changed of a conversation; loaded when somebody opens its menu."""
    context = _menu(request, visible_one(request, pk))
    page = "chat/menu.html"
    return render(request, f"{page}#menu" if request.htmx else page, context)


@require_GET
def opening_settings(request: SignedInRequest) -> HttpResponse:
    """Show the settings that a new conversation can begin with."""
    return render(request, "chat/menu.html#settings", {"settings_form": SettingsForm()})


@require_POST
def settings(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change what is sent with every question."""
    found = visible_one(request, pk)
    form = SettingsForm(request.POST, instance=found)
    if not form.is_valid():
        found.refresh_from_db()
        shown = _menu(request, found) | {"settings_form": form}
        return show_page(request, found, read_branch(found), status=422, **shown)
    Conversation.objects.filter(pk=pk).update(**form.cleaned_data)
    return go_to(request, found)


@require_POST
def rename(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give a conversation a title of one's own."""
    found = visible_one(request, pk)
    form = RenameForm(request.POST)
    if not form.is_valid():
        shown = _menu(request, found) | {"rename_form": form}
        return show_page(request, found, read_branch(found), status=422, **shown)
    found.rename(form.cleaned_data["title"])
    return go_to(request, found)


@require_POST
def delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Delete a conversation; the page that follows offers to bring it back."""
    visible_one(request, pk).delete_softly()
    return redirect(reverse("chat:index", query={"deleted": pk}))


@require_POST
def restore(request: SignedInRequest, pk: int) -> HttpResponse:
    """Bring a deleted conversation back."""
    found = get_object_or_404(Conversation.objects.deleted_by(request.user), pk=pk)
    found.restore()
    return redirect(found)


def _menu(request: SignedInRequest, found: Conversation) -> dict[str, Any]:
    return {
        "conversation": found,
        "folders": Folder.objects.visible_to(request.user),
        "settings_form": SettingsForm(instance=found),
        "rename_form": RenameForm(initial={"title": found.title}),
    }
