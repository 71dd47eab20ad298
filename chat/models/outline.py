"""The outline of a conversation: what a page has to know of every message without reading what was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.db.models.functions import Length

from chat.attachments import Attachment
from chat.branches import Tree
from chat.models.messages import Message
from chat.summaries import Summary


class Line(NamedTuple):
    """One message; `length` in characters, times in milliseconds, `cost` in micro-USD.

    What a fork copied or a file brought in has no `call`: it was paid elsewhere, if at all.
    """

    pk: int
    parent: int | None
    role: str
    length: int
    reasoning_ms: int | None
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    cost: int
    cost_source: str
    summary: int | None
    call: int | None


@dataclass(frozen=True, slots=True)
class Outline:
    """Every message of every branch, oldest first, with the files and the summaries that belong to them."""

    lines: list[Line]
    files: list[Attachment]
    summaries: list[Summary]

    @classmethod
    def of(cls, conversation: int) -> Outline:
        """Read the outline of a conversation."""
        rows = Message.objects.filter(conversation=conversation).order_by("pk")
        facts = rows.annotate(length=Length("text")).values_list(
            *("pk", "parent_id", "role", "length", "reasoning_ms", "tokens_in", "tokens_out"),
            *("tokens_cached", "cost", "cost_source", "summary_id", "call_id"),
        )
        return cls(
            list(map(Line._make, facts)),
            list(Attachment.objects.filter(message__conversation=conversation)),
            list(Summary.objects.filter(conversation=conversation)),
        )

    @property
    def tree(self) -> Tree:
        """Return which message answers which."""
        return Tree((line.pk, line.parent) for line in self.lines)
