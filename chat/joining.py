"""Where the chat meets the gallery: what each tells the other of messages and the pictures made from them.

Neither room knows the other's insides: both speak through addresses and ids, and each checks what a person
may see of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import strip_tags
from django.views.decorators.http import require_GET

from chat.gallery_files import named
from chat.models import Conversation, Message
from chat.reading import Turn
from chat.rendering import render
from chat.visible import number_in
from venice_site import doors
from venice_site.accounts.models import User
from venice_site.accounts.requests import SignedInRequest

MOST_TALKS = 12
CODE_BAR = re.compile(r'<div class="code__bar">.*?</div>', re.DOTALL)
EMPTY_LINES = re.compile(r"\n\s*\n")


@require_GET
def message(request: SignedInRequest, message_id: int) -> HttpResponse:
    """Lead to a message where it stands in its conversation."""
    found = get_object_or_404(Message.objects.visible_to(request.user), pk=message_id)
    return redirect("chat:jump", found.conversation_id, found.pk)


@require_GET
def words(request: SignedInRequest, message_id: int) -> HttpResponse:
    """Tell the words of a message without their Markdown."""
    found = get_object_or_404(Message.objects.visible_to(request.user), pk=message_id)
    return JsonResponse({"words": plain(found.text)})


def plain(text: str) -> str:
    """Return the words of a Markdown text."""
    words = unescape(strip_tags(CODE_BAR.sub("", render(text))))
    return EMPTY_LINES.sub("\n\n", words).strip()


@require_GET
def about(request: SignedInRequest) -> HttpResponse:
    """Tell which message of this person a picture comes from, and which conversations asked about it.

    Temporary conversations stand in no list.
    """
    asked = Conversation.objects.visible_to(request.user).filter(
        messages__attachments__from_image__in=named(request.GET), temporary_until=None
    )
    talks = asked.order_by("-updated_at").only("title", "updated_at").distinct()[:MOST_TALKS]
    return JsonResponse(
        {
            "source": _source(request.user, number_in(request.GET, "message")),
            "about": [{"title": talk.title, "address": talk.get_absolute_url()} for talk in talks],
        }
    )


def _source(user: User, message: int | None) -> dict[str, str] | None:
    if not message:
        return None
    own = Message.objects.visible_to(user).filter(conversation__temporary_until=None)
    title = own.filter(pk=message).values_list("conversation__title", flat=True).first()
    if title is None:
        return None
    return {"title": title, "address": reverse("chat:message", args=[message])}


@dataclass(frozen=True, slots=True)
class MadePicture:
    """A picture of the gallery that was made from a reply; `veiled` when it is to be blurred."""

    id: int
    name: str
    veiled: bool


def made_from(user: User, turns: Iterable[Turn]) -> Mapping[int, Sequence[MadePicture]]:
    """Return the pictures that a person made from replies, by the reply; asked for in one go."""
    replies = [turn.message.pk for turn in turns if turn.message.is_reply]
    if not replies:
        return {}
    told = doors.facts_from(user, "gallery:made_of_messages", message=replies) or {}
    return {int(pk): [MadePicture(**one) for one in pictures] for pk, pictures in told.items()}
