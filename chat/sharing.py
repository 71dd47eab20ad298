"""What others may see of a conversation: words, models, sources and pictures; nobody's name, no thinking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString, mark_safe

from chat.citations import Source, read_sources, sources_of
from chat.models import Attachment, Conversation
from chat.reading import Turn
from chat.rendering import Sources, render
from chat.shares import Share
from venice_site.tokens import new_token

TURNS_A_PAGE = 100
LASTS = {"1": "One day", "7": "A week", "30": "A month", "": "Until I end it"}


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture as a reader sees it, at an address that only this page of it knows."""

    address: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document as a reader sees it; without an address only its name."""

    name: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """A turn as a reader sees it; one that is being written has addresses at which it goes on."""

    number: int
    is_reply: bool
    text: str
    model: str
    moment: datetime | None
    sources: Sequence[Source] = field(default=())
    pictures: Sequence[ShownPicture] = field(default=())
    documents: Sequence[ShownDocument] = field(default=())
    stream: str = ""
    poll: str = ""

    @property
    def html(self) -> SafeString:
        """Return the words as HTML; `rendering` sanitises last."""
        cited = Sources(self.number, len(self.sources)) if self.sources else None
        return mark_safe(render(self.text, cited))  # noqa: S308


def snapshot(conversation: Conversation) -> list[dict[str, Any]]:
    """Return the branch that a conversation opens with, as it is kept in a share."""
    path = conversation.tree.branch(conversation.tip_id)
    attached: dict[int | None, list[Attachment]] = {}
    for one in Attachment.objects.filter(message__conversation=conversation):
        attached.setdefault(one.message_id, []).append(one)
    shown = set(path)
    ended = (m for m in conversation.messages.order_by("pk") if m.pk in shown and not m.is_active)
    return [
        {
            "role": message.role,
            "text": message.text,
            "model": message.served_by or message.model,
            "at": message.created_at.isoformat(),
            "sources": [source.as_dict() for source in sources_of(message)],
            **_shared_files(attached.get(message.pk, ())),
        }
        for message in ended
        if message.text or message.pk in attached
    ]


def _shared_files(attached: Iterable[Attachment]) -> dict[str, Any]:
    """Return what readers get of attached files: the pictures, and of documents the names alone."""
    shown = [one for one in attached if one.is_picture]
    named = [one.name for one in attached if not one.is_picture]
    pictures = [
        {"file": p.file.name, "mime": p.mime, "width": p.width, "height": p.height} for p in shown
    ]
    return {"pictures": pictures} | ({"documents": named} if named else {})


def shared_turns(share: Share, page: int) -> list[ShownTurn]:
    """Return a page of a share, counted from 1."""
    first = (page - 1) * TURNS_A_PAGE
    number = sum(len(turn["pictures"]) for turn in share.turns[:first])
    shown = []
    for place, turn in enumerate(share.turns[first : first + TURNS_A_PAGE], first + 1):
        pictures = []
        for picture in turn["pictures"]:
            address = reverse("chat:shared_picture", args=[share.token, number])
            pictures.append(ShownPicture(address, picture["width"], picture["height"]))
            number += 1
        shown.append(
            ShownTurn(
                place,
                turn["role"] == "assistant",
                turn["text"],
                turn["model"],
                parse_datetime(turn["at"]),
                read_sources(turn["sources"]),
                pictures,
                [ShownDocument(name) for name in turn.get("documents", ())],
            )
        )
    return shown


def shared_picture(share: Share, number: int) -> dict[str, Any] | None:
    """Return where a picture of a share is kept and what it is; None when there is no such picture."""
    pictures = [picture for turn in share.turns for picture in turn["pictures"]]
    return pictures[number] if number < len(pictures) else None


def team_turns(conversation: Conversation, turns: Iterable[Turn]) -> list[ShownTurn]:
    """Return turns as the team reads them, also one that is being written."""
    return [
        _team_turn(conversation, turn)
        for turn in turns
        if turn.message.text or turn.attached or turn.message.is_active
    ]


def _team_turn(conversation: Conversation, turn: Turn) -> ShownTurn:
    message = turn.message
    pictures = [
        ShownPicture(
            reverse("chat:team_picture", args=[conversation.pk, p.pk]), p.width or 0, p.height or 0
        )
        for p in turn.pictures
    ]
    shown = ShownTurn(
        message.pk,
        message.is_reply,
        message.text,
        message.served_by or message.model,
        message.created_at,
        sources_of(message),
        pictures,
        [ShownDocument(one.name, one.get_absolute_url()) for one in turn.documents],
    )
    if not message.is_active:
        return shown
    place = [conversation.pk, message.pk]
    return replace(
        shown,
        stream=reverse("chat:team_stream", args=place),
        poll=reverse("chat:team_reply", args=place),
    )


class SharingForm(forms.Form):
    """Who may read a conversation beside its owner."""

    action = forms.ChoiceField(
        choices=[(name, name) for name in ("team", "private", "link", "update", "revoke")]
    )
    days = forms.ChoiceField(
        label="The link works",
        choices=list(LASTS.items()),
        required=False,
        initial="7",
        widget=forms.Select(attrs={"class": "field__control"}),
    )

    def carry_out(self, conversation: Conversation) -> str:
        """Do it and return a sentence that says so."""
        action, now = self.cleaned_data["action"], timezone.now()
        mine = Conversation.objects.filter(pk=conversation.pk, temporary_until=None)
        if action == "team":
            mine.update(shared_at=now)
            return "The team can read this conversation."
        if action == "private":
            mine.update(shared_at=None)
            return "The team cannot read this conversation any more."
        if action == "revoke":
            Share.objects.filter(conversation=conversation).delete()
            return "The link does not work any more."
        return self._snap(conversation, now)

    def _snap(self, conversation: Conversation, now: datetime) -> str:
        facts: dict[str, Any] = {
            "title": conversation.title,
            "turns": snapshot(conversation),
            "taken_at": now,
        }
        if self.cleaned_data["action"] == "update":
            Share.objects.filter(conversation=conversation).update(**facts)
            return "The link now shows the conversation as it is."
        days = self.cleaned_data["days"]
        facts |= {
            "token": new_token(),
            "expires_at": now + timedelta(days=int(days)) if days else None,
        }
        Share.objects.update_or_create(conversation=conversation, defaults=facts)
        return "Whoever has the link can read the conversation as it is now."
