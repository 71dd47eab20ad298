"""Tokens as the simulator counts them: pieces of words with the blank before them, and signs."""

from __future__ import annotations

import re
from typing import Any

_PIECE = re.compile(r"\s*\w{1,8}|\s*[^\w\s]|\s+")
IMAGE_TOKENS = 85
MESSAGE_TOKENS = 4


def pieces(text: str) -> list[str]:
    """Splits a text into its tokens; joined they are the text again."""
    return _PIECE.findall(text)


def count_prompt(messages: list[dict[str, Any]]) -> int:
    """Returns the tokens of a conversation."""
    return sum(MESSAGE_TOKENS + _count(message.get("content")) for message in messages)


def _count(content: Any) -> int:
    if isinstance(content, str):
        return len(pieces(content))
    if isinstance(content, list):
        return sum(
            len(pieces(part["text"])) if part["type"] == "text" else IMAGE_TOKENS
            for part in content
        )
    return 0
