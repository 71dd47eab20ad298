"""The frames of a streamed reply, made once before they are sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .replies import Cut, Pause, Piece, Step

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Envelope:
    """What every frame of one stream repeats."""

    id: str
    created: int
    model: str

    def frame(self, **rest: Any) -> bytes:
        """Returns a frame with the given fields after the common ones."""
        return encode({**self.common, **rest})

    def delta(self, delta: dict[str, Any], finish: str | None = None, **rest: Any) -> bytes:
        """Returns a frame with one choice."""
        return self.frame(choices=[{"index": 0, "delta": delta, "finish_reason": finish}], **rest)

    @property
    def common(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
        }

    def tokens(self, field: str, texts: list[str], finish: str = "null") -> list[Step]:
        """Returns a frame for every text; built from bytes, because this is most of the work of a stream."""
        head = encode(self.common)[: -len(b"}\n\n")]
        before = head + b',"choices":[{"index":0,"delta":{"' + field.encode() + b'":'
        after = b'},"finish_reason":' + finish.encode() + b"}]}\n\n"
        return [
            Piece(before + json.dumps(text, ensure_ascii=False).encode() + after, 1)
            for text in texts
        ]


def encode(body: dict[str, Any]) -> bytes:
    """Returns one event of the stream."""
    return (
        b"data: " + json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
    )


def cut_after(steps: list[Step], tokens: int, *ending: Step) -> list[Step]:
    """Returns the steps up to so many tokens, then the ending."""
    kept: list[Step] = []
    sent = 0
    for step in steps:
        counts = step.tokens if isinstance(step, Piece) else 0
        if counts and sent >= tokens:
            break
        sent += counts
        kept.append(step)
    return [*kept, *ending]


def insert_after(steps: list[Step], tokens: int, *inserted: Step) -> list[Step]:
    """Returns all steps with others inserted after so many tokens."""
    before = cut_after(steps, tokens)
    return [*before, *inserted, *steps[len(before) :]]


def each_piece(steps: list[Step], change: Any) -> list[Step]:
    """Returns the steps with the bytes of every piece changed."""
    return [
        Piece(change(step.data), step.tokens) if isinstance(step, Piece) else step for step in steps
    ]


def split_inside_characters(steps: list[Step]) -> list[Step]:
    """Returns the steps with every piece that has a multi-byte character cut within it."""
    result: list[Step] = []
    for step in steps:
        at = _inside_character(step.data) if isinstance(step, Piece) else None
        if at is None or not isinstance(step, Piece):
            result.append(step)
        else:
            result += [Piece(step.data[:at], step.tokens), Pause(0.003), Piece(step.data[at:])]
    return result


def _inside_character(data: bytes) -> int | None:
    return next((index for index, byte in enumerate(data) if byte & 0xC0 == 0x80), None)


def with_comments(steps: list[Step]) -> list[Step]:
    """Returns the steps with comments, keep-alives and fields nobody asked for between them."""
    result: list[Step] = [Piece(b": connected\n\n")]
    for index, step in enumerate(steps):
        result.append(step)
        if index % 4 == 0:
            result.append(Piece(b": keep-alive\n\nevent: ping\nid: 7\nretry: 3000\n\n"))
    return result


def merged(steps: list[Step]) -> list[Step]:
    """Returns all pieces as one."""
    pieces = [step for step in steps if isinstance(step, Piece)]
    return [Piece(b"".join(piece.data for piece in pieces), sum(piece.tokens for piece in pieces))]


CLOSED = Cut()
RESET = Cut(reset=True)
