"""What the simulator answers: whole replies, streams of steps, and broken connections."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

type Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """A whole answer; `delay` seconds pass before it is sent."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0

    @property
    def failed(self) -> bool:
        return self.status >= 400


@dataclass(frozen=True)
class Piece:
    """Bytes of a stream; `tokens` of them count against the pace."""

    data: bytes
    tokens: int = 0


@dataclass(frozen=True)
class Pause:
    """A silence of `seconds` inside a stream."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """The end of a stream without its terminator; `reset` ends it with a TCP reset."""

    reset: bool = False


type Step = Piece | Pause | Cut


@dataclass(frozen=True)
class Stream:
    """An answer sent step by step at the pace of the settings."""

    steps: list[Step]
    headers: dict[str, str] = field(default_factory=dict)
    chunked: bool = True
    gzipped: bool = False
    status: int = 200


@dataclass(frozen=True)
class Broken:
    """No proper answer: wait `seconds`, send `data` as it is, then close or reset."""

    seconds: float = 0.0
    data: bytes = b""
    reset: bool = False
    drip_seconds: float = 0.0
    status: int = 0


type Answer = Reply | Stream | Broken


class Refusal(Exception):
    """Ends an exchange early with the reply it carries."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def json_reply(status: int, body: object, headers: dict[str, str] | None = None) -> Reply:
    """Returns a JSON reply with its content type set."""
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(
        status, data, {"content-type": "application/json; charset=utf-8", **(headers or {})}
    )


def refuse(status: int, message: str, headers: dict[str, str] | None = None) -> Refusal:
    """Returns the refusal most of Venice uses: `{"error": "text"}`."""
    return Refusal(json_reply(status, {"error": message}, headers))
