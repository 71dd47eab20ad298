"""Conversations that are longer than a model reads at once: what is left out, and what is said. Pure."""

from __future__ import annotations

from dataclasses import replace

from venice_site.venice.prices import input_tokens, message_tokens, reply_estimate
from venice_site.venice.types import ChatOrder, Model

KEPT = 3  # messages: the last question, and what it may be about


def shortened(order: ChatOrder, model: Model) -> ChatOrder | None:
    """Return the order without its oldest turns, None when there are none to leave out.

    Instructions stay, and so do the last messages. At least half of what is read goes, if there is that
    much: our count is rough, and there is one more try only (contract 4.2).
    """
    instructions = tuple(said for said in order.messages if said.role == "system")
    turns = [said for said in order.messages if said.role != "system"]
    excess = input_tokens(order) - _goal(order, model)
    first = 0
    while first < len(turns) - KEPT and (excess > 0 or turns[first].role != "user"):
        excess -= message_tokens(turns[first])
        first += 1
    return replace(order, messages=(*instructions, *turns[first:])) if first else None


def can_shorten(order: ChatOrder) -> bool:
    """Return whether there is a turn to leave out."""
    return sum(said.role != "system" for said in order.messages) > KEPT


def _goal(order: ChatOrder, model: Model) -> int:
    half = input_tokens(order) // 2
    if model.context_tokens is None:
        return half
    return min(half, model.context_tokens - reply_estimate(model, order).tokens_out)


def left_out(asked: ChatOrder, sent: ChatOrder) -> str:
    """Return the sentence that tells how many messages were left out, nothing when none were."""
    count = len(asked.messages) - len(sent.messages)
    if not count:
        return ""
    oldest = "oldest message was" if count == 1 else f"oldest {count} messages were"
    return f"The {oldest} left out: the whole conversation is too long for this model."


def too_long(model: Model) -> str:
    """Return the sentence for a conversation that a model cannot read, with how much it can."""
    reads = f", which reads {model.context_tokens:,} tokens at once" if model.context_tokens else ""
    return (
        f"The conversation is too long for {model.name}{reads}. Shorten the message, start a new"
        " conversation, or choose a model with a larger context."
    )
