"""Personas: the team's own, and Venice's characters."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from chat.kept import Kept, words_sought
from chat.library import PersonaForm
from chat.personas import Persona
from venice_site.accounts.requests import SignedInRequest
from venice_site.venice.errors import VeniceError
from venice_site.venice.service import Venice
from venice_site.venice.types import Character

LONGEST_QUERY = 100
MOST_SHOWN = 60  # characters on a page
KEPT = Kept(
    word="persona",
    form=PersonaForm,
    everything="chat:personas",
    saved="{} is saved. Conversations that have begun stay as they are.",
)


@require_GET
def personas(request: SignedInRequest) -> HttpResponse:
    """Show whom a person can talk to."""
    visible = Persona.objects.visible_to(request.user)
    return render(request, "chat/personas.html", {"personas": visible})


def new_persona(request: SignedInRequest) -> HttpResponse:
    """Make a persona."""
    return KEPT.page(request)


def persona(request: SignedInRequest, persona_id: int) -> HttpResponse:
    """Show a persona; its owner changes it."""
    visible = Persona.objects.visible_to(request.user)
    return KEPT.page(request, get_object_or_404(visible, pk=persona_id))


@require_POST
def delete_persona(request: SignedInRequest, persona_id: int) -> HttpResponse:
    """Delete a persona; conversations that were begun with it stay as they are."""
    get_object_or_404(Persona.objects.editable_by(request.user), pk=persona_id).delete()
    messages.success(request, "The persona is deleted. Conversations with it stay as they are.")
    return redirect("chat:personas")


@require_GET
def characters(request: SignedInRequest) -> HttpResponse:
    """Show Venice's characters that are known here; ask Venice for more when that is wanted."""
    query = words_sought(request, LONGEST_QUERY)
    found, trouble = _characters(Venice(request.user), query, asking="ask" in request.GET)
    context = {"query": query, "characters": found[:MOST_SHOWN], "trouble": trouble}
    return render(request, "chat/characters.html", context, status=502 if trouble else 200)


def _characters(venice: Venice, query: str, *, asking: bool) -> tuple[list[Character], str]:
    """Return the characters, and a sentence when Venice did not answer."""
    trouble = ""
    if asking:
        try:
            if found := venice.look_for_characters(query):
                return found, ""
        except VeniceError as error:
            trouble = str(error)
    return venice.known_characters(query), trouble
