"""What a file tells: conversations and their messages, not yet rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any


class CannotRead(ValueError):
    """A file or a conversation in it is not what we know; `str(error)` is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message as a file tells it."""

    key: str
    parent: str | None
    is_reply: bool
    text: str
    written: str = ""  # the text as the file has it, where it has more than is shown
    reasoning: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    # Each its name in the file, and what people call it.
    pictures: tuple[tuple[str, str], ...] = ()
    documents: tuple[tuple[str, str], ...] = ()

    @property
    def files(self) -> list[tuple[str, str]]:
        """Return the attached files: the place of each in a ZIP, and what people call it."""
        pictures = [(f"pictures/{name}", called or "picture") for name, called in self.pictures]
        documents = [(f"documents/{name}", called) for name, called in self.documents]
        return pictures + documents


@dataclass(frozen=True, slots=True)
class Tale:
    """One conversation as a file tells it; `messages` come after those they answer."""

    title: str
    model: str
    messages: list[Told]
    tip: str | None
    settings: dict[str, Any] = field(default_factory=dict)
    persona: dict[str, str] = field(default_factory=dict)
    folder: str = ""
    folder_instructions: str = ""
    is_pinned: bool = False
    is_archived: bool = False
    is_ours: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """Return what tells this conversation from others, however often it is imported."""
        place = {told.key: number for number, told in enumerate(self.messages)}
        told = [(place.get(t.parent or ""), t.is_reply, t.written or t.text) for t in self.messages]
        began = self.created_at.isoformat() if self.created_at else ""
        return sha256(json.dumps([began, told]).encode()).hexdigest()
