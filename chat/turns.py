"""Turns of a conversation, of which a page has forty."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from chat.facts import Fact
from chat.models import Conversation, Message
from chat.personas import part_of
from chat.reading import Turn
from venice_site.skeletons import Gaps, Skeleton
from venice_site.venice.runs import RunStatus
from venice_site.venice.service import model_name

TEMPLATE = "chat/conversation.html#message"
SAID_OF_ENDS = {"length", "content_filter"}


class Versions(NamedTuple):
    """What the template asks of the versions of a turn."""

    is_alone: bool
    has_previous: bool
    has_next: bool


class ReplyLook(NamedTuple):
    """What the template asks of a reply beside words and numbers."""

    versions: Versions
    has_text: bool
    has_reasoning: bool
    says_how_long: bool
    is_last: bool
    finish_reason: str
    has_writer: bool
    has_part: bool
    facts: tuple[tuple[str, bool], ...]


class BegunLook(NamedTuple):
    """What the template asks of a reply before its first words."""

    has_writer: bool
    has_part: bool


def is_plain(turn: Turn) -> bool:
    """Return whether a turn is said and done, or just begun, and has nothing around it."""
    message = turn.message
    if turn.forks or turn.attached:
        return False
    if not message.is_reply:
        return True
    is_whole = message.status == RunStatus.SUCCEEDED and not message.fallback_reason
    is_usual = is_whole and not message.citations
    return not turn.is_column and (is_usual or _is_begun(message))


def _is_begun(message: Message) -> bool:
    return message.status == RunStatus.RUNNING and not (message.text or message.reasoning)


def plain(turn: Turn, conversation: Conversation, csrf_token: str) -> SafeString:
    """Return the HTML of a plain turn."""
    message, siblings = turn.message, turn.siblings
    versions = Versions(siblings.is_alone, siblings.previous is not None, siblings.next is not None)
    told: dict[str, object] = {
        "pk": message.pk,
        "conversation": conversation.pk,
        "csrf_token": csrf_token,
        "text": message.text,
        "position": siblings.position,
        "count": siblings.count,
        "previous": siblings.previous,
        "next": siblings.next,
    }
    if not message.is_reply:
        return _question.fill(versions, told)
    part = part_of(conversation)
    told |= {
        "writer": turn.writer,
        "writer_name": turn.writer_name,
        "colour": part and part.colour,
        "avatar": part and part.avatar,
        "name": part and part.name,
    }
    if _is_begun(message):
        look = BegunLook(bool(turn.writer), part is not None)
        return _begun.fill(look, told | {"model": model_name(message.model)})
    facts = turn.facts
    told |= {
        "prose": turn.prose,
        "reasoning": message.reasoning,
        "thought_for": turn.thought_for,
    }
    told |= {_fact(at): fact.value for at, fact in enumerate(facts)}
    ended = ReplyLook(
        versions,
        bool(message.text),
        bool(message.reasoning),
        bool(turn.thought_for),
        turn.is_last,
        message.finish_reason if message.finish_reason in SAID_OF_ENDS else "",
        bool(turn.writer),
        part is not None,
        tuple((fact.term, fact.is_number) for fact in facts),
    )
    return _reply.fill(ended, told)


@Skeleton
def _question(versions: Versions, gaps: Gaps) -> str:
    message = SimpleNamespace(pk=gaps.number("pk"), is_reply=False, text=gaps.words("text"))
    return _drawn(gaps, message, versions)


@Skeleton
def _reply(look: ReplyLook, gaps: Gaps) -> str:
    message = SimpleNamespace(
        pk=gaps.number("pk"),
        is_reply=True,
        is_active=False,
        status=RunStatus.SUCCEEDED,
        text=gaps.words("text") if look.has_text else "",
        reasoning=gaps.words("reasoning") if look.has_reasoning else "",
        finish_reason=look.finish_reason,
        can_continue=look.has_text and look.finish_reason == "length",
    )
    return _drawn(
        gaps,
        message,
        look.versions,
        part=_part(gaps, look),
        is_last=look.is_last,
        prose=gaps.words("prose"),
        thought_for=gaps.words("thought_for") if look.says_how_long else "",
        **_writer(gaps, look),
        facts=[
            Fact(term, gaps.words(_fact(at)), is_number)
            for at, (term, is_number) in enumerate(look.facts)
        ],
    )


@Skeleton
def _begun(look: BegunLook, gaps: Gaps) -> str:
    message = SimpleNamespace(
        pk=gaps.number("pk"),
        is_reply=True,
        is_active=True,
        status=RunStatus.RUNNING,
        model=gaps.words("model"),
    )
    alone = Versions(is_alone=True, has_previous=False, has_next=False)
    return _drawn(gaps, message, alone, part=_part(gaps, look), **_writer(gaps, look))


def _part(gaps: Gaps, look: ReplyLook | BegunLook) -> object:
    if not look.has_part:
        return None
    return SimpleNamespace(**{name: gaps.words(name) for name in ("colour", "avatar", "name")})


def _writer(gaps: Gaps, look: ReplyLook | BegunLook) -> dict[str, str]:
    writer = gaps.words("writer") if look.has_writer else ""
    return {"writer": writer, "writer_name": gaps.words("writer_name")}


def _drawn(
    gaps: Gaps, message: object, versions: Versions, part: object = None, **more: object
) -> str:
    siblings = SimpleNamespace(
        position=gaps.words("position"),
        count=gaps.words("count"),
        is_alone=versions.is_alone,
        previous=gaps.number("previous") if versions.has_previous else None,
        next=gaps.number("next") if versions.has_next else None,
    )
    conversation = gaps.number("conversation")
    told = {
        "turn": SimpleNamespace(message=message, siblings=siblings, **more),
        "conversation": SimpleNamespace(
            pk=conversation,
            part=part,
            get_absolute_url=reverse("chat:conversation", args=[conversation]),
        ),
        "csrf_token": gaps.words("csrf_token"),
    }
    return render_to_string(TEMPLATE, told)


def _fact(at: int) -> str:
    return f"fact_{'abcdefghijklmnop'[at]}"
