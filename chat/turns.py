"""Turns of a conversation, of which a page has forty."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from chat.facts import Fact
from chat.models import Conversation
from chat.personas import part_of
from chat.reading import Turn
from venice_site.skeletons import Gaps, Skeleton
from venice_site.venice.runs import RunStatus

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


def is_plain(turn: Turn) -> bool:
    """Return whether a turn is said and done, and has nothing around it."""
    message = turn.message
    if turn.forks or turn.attached:
        return False
    if not message.is_reply:
        return True
    is_whole = message.status == RunStatus.SUCCEEDED and not message.fallback_reason
    return is_whole and not turn.is_column and not message.citations


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
    facts, part = turn.facts, part_of(conversation)
    told |= {
        "prose": turn.prose,
        "reasoning": message.reasoning,
        "thought_for": turn.thought_for,
        "writer": turn.writer,
        "writer_name": turn.writer_name,
        "colour": part and part.colour,
        "avatar": part and part.avatar,
        "name": part and part.name,
    }
    told |= {_fact(at): fact.value for at, fact in enumerate(facts)}
    look = ReplyLook(
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
    return _reply.fill(look, told)


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
    part = SimpleNamespace(**{name: gaps.words(name) for name in ("colour", "avatar", "name")})
    return _drawn(
        gaps,
        message,
        look.versions,
        part=part if look.has_part else None,
        is_last=look.is_last,
        prose=gaps.words("prose"),
        thought_for=gaps.words("thought_for") if look.says_how_long else "",
        writer=gaps.words("writer") if look.has_writer else "",
        writer_name=gaps.words("writer_name"),
        facts=[
            Fact(term, gaps.words(_fact(at)), is_number)
            for at, (term, is_number) in enumerate(look.facts)
        ],
    )


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
    told = {
        "turn": SimpleNamespace(message=message, siblings=siblings, **more),
        "conversation": SimpleNamespace(pk=gaps.number("conversation"), part=part),
        "csrf_token": gaps.words("csrf_token"),
    }
    return render_to_string(TEMPLATE, told)


def _fact(at: int) -> str:
    return f"fact_{'abcdefghijklmnop'[at]}"
