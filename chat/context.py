"""The window of a model: how much of it a branch fills, and with which summary it fits."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString

from chat.documents import tokens_in
from chat.folders import instructions_for
from chat.models import Conversation, Line, Outline, Role, Summary
from venice_site.venice.errors import TooLong, VeniceError
from venice_site.venice.types import ChatMessage, ChatOrder, Model

REPLY_TOKENS = 4096  # kept free for a reply without a limit …
REPLY_SHARE = 4  # … and never more than this part of the window
MESSAGE_TOKENS = 4  # what a message costs beside its words
REPORTED = ("response", "catalogue")  # sources of cost that come with tokens that Venice counted


class NothingAsked(VeniceError):
    """A reply that was brought in answers nothing that a model could be asked again."""

    kind = "nothing-asked"
    sentence = "This reply has no question that could be asked again. Write one below instead."


@dataclass(frozen=True, slots=True)
class Said(ChatMessage):
    """A turn of ours as Venice gets it: `pk` is its row's, `tokens` an estimate with what is attached."""

    pk: int | None = None
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of a branch as it counts: an estimate, and what Venice reported with a reply, if it did.

    `reported` are the tokens of everything down to this reply, sent with the summary `summary_id`.
    """

    pk: int
    tokens: int
    reported: int | None = None
    summary_id: int | None = None


@dataclass(frozen=True)
class Branch:
    """The messages of one branch and the summaries that stand for its beginning, by size."""

    pieces: Sequence[Piece]
    summaries: Sequence[Summary] = ()
    instructions: int = 0

    @cached_property
    def places(self) -> dict[int, int]:
        """Return where each message stands, counted from 0."""
        return {piece.pk: place for place, piece in enumerate(self.pieces)}

    def after(self, summary: Summary | None) -> int:
        """Return the place of the first message that is sent as it is."""
        return 0 if summary is None else self.places[summary.until_id] + 1

    def tokens(self, summary: Summary | None = None) -> int:
        """Return how many tokens are sent: as Venice counted them where it did, else by characters."""
        start = self.after(summary)
        last = self._last_reported
        if last is not None and last >= start and self._was_sent_with(last, summary):
            return (self.pieces[last].reported or 0) + self._estimate(last + 1)
        return self.instructions + (summary.tokens if summary else 0) + self._estimate(start)

    def fitting(self, most: int) -> tuple[bool, Summary | None]:
        """Return whether it fits into so many tokens, and with which summary: the one that leaves out least."""
        for summary in (None, *self.summaries):
            if self.tokens(summary) <= most:
                return True, summary
        return False, self.summaries[-1] if self.summaries else None

    @cached_property
    def scale(self) -> float:
        """Return how many tokens Venice counts for one of ours, at least 1."""
        last = self._last_reported
        if last is None:
            return 1.0
        told = self.pieces[last].summary_id
        summary = next((one for one in self.summaries if one.pk == told), None)
        ours = self.instructions + (summary.tokens if summary else 0)
        ours += sum(piece.tokens for piece in self.pieces[self.after(summary) : last + 1])
        return max(1.0, min((self.pieces[last].reported or 0) / max(ours, 1000), 5.0))

    def _estimate(self, start: int) -> int:
        return sum(piece.tokens for piece in self.pieces[start:])

    @cached_property
    def _last_reported(self) -> int | None:
        places = range(len(self.pieces) - 1, -1, -1)
        return next((place for place in places if self.pieces[place].reported is not None), None)

    def _was_sent_with(self, place: int, summary: Summary | None) -> bool:
        return self.pieces[place].summary_id == (summary.pk if summary else None)


def instructions_of(conversation: Conversation) -> str:
    """Return what the model is told before every question of a conversation."""
    told = (instructions_for(conversation), conversation.system_prompt.strip())
    return "\n\n".join(filter(None, told))


def measure(outline: Outline, path: Sequence[int], instructions: str) -> Branch:
    """Return what is on a branch."""
    on_it = set(path)
    tokens: Counter[int | None] = Counter()
    for one in outline.files:
        tokens[one.message_id] += one.tokens
    pieces = [_piece(line, tokens[line.pk]) for line in outline.lines if line.pk in on_it]
    places = {piece.pk: place for place, piece in enumerate(pieces)}
    found = (summary for summary in outline.summaries if summary.until_id in on_it)
    by_size = sorted(found, key=lambda summary: (places[summary.until_id], summary.pk))
    return Branch(pieces, by_size, tokens_in(len(instructions)))


def _piece(line: Line, attached: int) -> Piece:
    tokens = tokens_in(line.length) + attached + MESSAGE_TOKENS
    was_counted = line.role == Role.ASSISTANT and line.tokens_in and line.cost_source in REPORTED
    if not was_counted:
        return Piece(line.pk, tokens)
    # What a model thought is written once and never sent again.
    reply = line.tokens_out if line.reasoning_ms is None else tokens_in(line.length)
    return Piece(line.pk, tokens, line.tokens_in + reply, line.summary)


def room(model: Model, max_tokens: int | None) -> int | None:
    """Return how many tokens may be sent to a model so that a reply has room; None when nobody knows."""
    window = model.context_tokens
    if window is None:
        return None
    return window - min(max_tokens or REPLY_TOKENS, window // REPLY_SHARE)


def estimate(order: ChatOrder) -> int:
    """Return roughly how many tokens an order sends."""
    return sum(tokens_of(message) for message in order.messages)


def tokens_of(message: ChatMessage) -> int:
    """Return roughly how many tokens a turn is."""
    if isinstance(message, Said):
        return message.tokens
    return tokens_in(len(message.text)) + MESSAGE_TOKENS


def refuse_unasked(history: Sequence[Said], last: int | None) -> Sequence[Said]:
    """Return the turns before a reply. Raises `NothingAsked` when none is a question, or the last one is empty."""
    questions = [turn for turn in history if turn.role == "user"]
    if not questions or history[-1].pk != last:  # turns without anything in them are left out
        raise NothingAsked
    return history


def refuse_too_long(order: ChatOrder, model: Model) -> ChatOrder:
    """Return the order. Raises `TooLong` when its last message would not fit even alone."""
    most = room(model, order.max_tokens)
    told = (message for message in order.messages if message.role == "system")
    alone = tokens_of(order.messages[-1]) + sum(map(tokens_of, told))
    if most is not None and alone > most:
        raise TooLong(
            f"This message is too long for {model.name}: about {alone:,} tokens, and it reads"
            f" {most:,} at once. Shorten it, or choose a model that reads more."
        )
    return order


class Facts(NamedTuple):
    """What the composer needs to know of a model before anything is sent."""

    id: str
    name: str
    window: int | None
    pictures: bool
    files: bool


def facts(models: Iterable[Model]) -> SafeString:
    """Return as JSON, for an attribute, what the composer needs to know of models."""
    return _facts(
        tuple(
            Facts(one.id, one.name, one.context_tokens, one.supports_vision, one.supports_files)
            for one in models
        )
    )


@lru_cache(maxsize=8)  # of the stand-in and of Venice, now and before the last change
def _facts(models: tuple[Facts, ...]) -> SafeString:
    known = {one.id: dict(zip(Facts._fields[1:], one[1:], strict=True)) for one in models}
    return escape(json.dumps(known, separators=(",", ":")))
