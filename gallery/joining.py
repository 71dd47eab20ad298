"""Where the gallery meets the chat: pictures to choose from there, and words that come from there.

Neither room knows the other's insides: both speak through addresses and ids, and each checks what a person
may see of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from gallery import dynamic
from gallery.composer import Composer
from gallery.grid import whole_number
from gallery.models import Generation, Image, Viewing
from gallery.search import Search
from venice_site import doors
from venice_site.accounts.models import User
from venice_site.accounts.requests import SignedInRequest

PICKED_FROM = 24  # pictures at once
MOST_MESSAGES = 200  # asked about at once
MOST_MADE = 12  # pictures shown under one reply


@require_safe
def picker(request: SignedInRequest) -> HttpResponse:
    """Show pictures to choose from; each leads to the chat, where it is attached."""
    search = Search.of(request.user, request.GET.get("q", ""))
    ids = search.older(whole_number(request.GET.get("before", "")), PICKED_FROM + 1)
    seen = Image.objects.shown_to(request.user).pictures().with_facts()
    context = {
        "search": search,
        "images": seen.filter(pk__in=ids[:PICKED_FROM]),
        "older": ids[PICKED_FROM - 1] if len(ids) > PICKED_FROM else None,
        "conversation": whole_number(request.GET.get("conversation", "")),
    }
    part = "#pictures" if request.htmx else ""
    response = render(request, f"gallery/picker.html{part}", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def made_of_messages(request: SignedInRequest) -> HttpResponse:
    """Tell which pictures the person made from messages of the chat, by the message.

    Only their own: others could hang a picture under a message that they cannot even read.
    """
    told = (whole_number(text) for text in request.GET.getlist("message")[:MOST_MESSAGES])
    made = Generation.objects.filter(from_message__in=[one for one in told if one])
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    if not made.exists():  # as of most conversations
        return JsonResponse(found)
    veils = Viewing.objects.veils_for(request.user)
    mine = Image.objects.editable_by(request.user).pictures().filter(deleted_at=None)
    for image in mine.filter(generation__in=made).with_facts().order_by("pk"):
        pictures = found[image.generation.from_message or 0]
        if len(pictures) < MOST_MADE:
            name = image.generation.prompt[:120]
            pictures.append({"id": image.pk, "name": name, "veiled": veils and image.blurred})
    return JsonResponse(found)


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation or a message, and where it is read."""

    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Talks:
    """Where a picture came from, and the conversations that asked about it, those of one person alone."""

    source: Talk | None
    about: list[Talk]

    @classmethod
    def of(cls, image: Image, user: User) -> Talks:
        """Return what the chat tells of a picture."""
        message = image.generation.from_message or 0
        told = doors.facts_from(user, "chat:about", picture=image.pk, message=message)
        source = told["source"]
        return cls(Talk(**source) if source else None, [Talk(**talk) for talk in told["about"]])


def with_words_of_message(user: User, told: dict[str, Any]) -> dict[str, Any]:
    """Return what an address tells the composer, with the words of the message that it names as the prompt.

    Words that the address brings, such as a selection, go before. A message that the person may not read is
    not mentioned any more.
    """
    number = whole_number(str(told.get("from_message", "")))
    if not number or told.get("prompt"):
        return told
    found = doors.facts_from(user, "chat:words", number)
    if found is None:
        return {name: value for name, value in told.items() if name != "from_message"}
    return told | {"prompt": found["words"]}


def fitted(composer: Composer | None, told: Mapping[str, Any]) -> Composer | None:
    """Return a composer whose prompt, if it came from the chat, means itself and is not too long."""
    if composer is None or not composer.form.initial.get("from_message"):
        return composer
    words, limit = str(composer.form.initial.get("prompt", "")), composer.model.prompt_limit
    kept = _cut(words, limit)
    composer.form.initial["prompt"] = dynamic.literal(kept)
    if kept == words and "cut" not in told:
        return composer
    notice = f"{composer.model.name} takes up to {limit:,} characters: this is the beginning of the text."
    return replace(composer, notice=f"{composer.notice} {notice}".strip())


def _cut(words: str, limit: int) -> str:
    """Return the beginning of a text, whole words if it has any."""
    if len(words) <= limit:
        return words
    cut = words[:limit]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut).rstrip()
