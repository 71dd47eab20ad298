"""Conversations made up in great number, always the same ones: to measure, and to try what much looks like."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import batched

from django.utils import timezone

from chat.models import Conversation, Message, Role, TitleSource
from venice_site.accounts.models import User
from venice_site.venice.runs import RunStatus

SYLLABLES = ("ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "zo")
COMMON = ("the", "of", "and", "to", "in", "is", "that", "it", "was", "for", "tide", "water")
RARE = ("heron", "lighthouse", "lagoon", "北京的鸟", "cormorant", "東京湾")
CODE = "```python\ndef {word}(water):\n    return water + 1\n```"
APART = timedelta(minutes=37)
AT_ONCE = 500


def seed(owner: User, conversations: int, messages: int, model: str) -> list[Conversation]:
    """Give a person so many conversations of so many messages each, the newest one written just now."""
    chance, now = random.Random(conversations * 1_000_003 + messages), timezone.now()
    made: list[Conversation] = []
    for numbers in batched(range(conversations), AT_ONCE, strict=False):
        some = [_conversation(owner, model, chance, now - APART * number) for number in numbers]
        Conversation.objects.bulk_create(some)
        _say(some, messages, chance)
        made += some
    return made


def _conversation(owner: User, model: str, chance: random.Random, moment: datetime) -> Conversation:
    return Conversation(
        owner=owner,
        title=_words(chance, 5).capitalize()[:60],
        title_source=TitleSource.MODEL,
        model=model,
        created_at=moment,
        updated_at=moment,
    )


def _say(conversations: list[Conversation], messages: int, chance: random.Random) -> None:
    """Write the messages turn by turn, so that each knows the one it answers."""
    last: list[Message | None] = [None] * len(conversations)
    for turn in range(messages):
        rows = [
            _message(one, before, turn, chance)
            for one, before in zip(conversations, last, strict=True)
        ]
        last = list(Message.objects.bulk_create(rows, batch_size=AT_ONCE))
    for conversation, end in zip(conversations, last, strict=True):
        conversation.tip = end
    Conversation.objects.bulk_update(conversations, ["tip"], batch_size=200)


def _message(
    conversation: Conversation, before: Message | None, turn: int, chance: random.Random
) -> Message:
    is_reply = bool(turn % 2)
    return Message(
        conversation=conversation,
        parent_id=before.pk if before else None,  # ids alone: a chain of objects is a deep one
        role=Role.ASSISTANT if is_reply else Role.USER,
        author=None if is_reply else conversation.owner,
        model=conversation.model if is_reply else "",
        text="\n\n".join(_reply(chance)) if is_reply else f"{_words(chance, 12).capitalize()}?",
        status=RunStatus.SUCCEEDED,
        created_at=conversation.created_at,
        finished_at=conversation.created_at,
    )


def _reply(chance: random.Random) -> Iterator[str]:
    yield f"**{_words(chance, 3)}** {_words(chance, 40)}."
    yield "\n".join(f"- {_words(chance, 8)}" for _ in range(3))
    if chance.random() < 0.1:
        yield CODE.format(word=_word(chance))
    yield f"{_words(chance, 30)}."


def _words(chance: random.Random, count: int) -> str:
    return " ".join(_word(chance) for _ in range(count))


def _word(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.002:
        return chance.choice(RARE)
    if kind < 0.4:
        return chance.choice(COMMON)
    return "".join(chance.choices(SYLLABLES, k=chance.randint(2, 4)))
