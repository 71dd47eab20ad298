"""Text → words that an index can find. No Django here.

Scripts that put no spaces between words are cut into characters; a phrase of characters then finds any
part of a sentence.
"""

from __future__ import annotations

import re

LONGEST_INDEXED = 200_000  # characters of one message; what comes after is not found
RANGES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
SPACELESS = re.compile(f"[{RANGES}\U00020000-\U0003ffff]")
TERM = re.compile(r"[^\W_]+")
MOST_TERMS = 12


def segmented(text: str | None) -> str:
    """Return a text with spaces around each character of a script that has none."""
    text = (text or "")[:LONGEST_INDEXED]
    return text if text.isascii() else SPACELESS.sub(r" \g<0> ", text)


def terms(query: str) -> list[list[str]]:
    """Return what a query asks for: words, each a list of one, and phrases of single characters."""
    found: list[list[str]] = []
    for word in TERM.findall(query)[:MOST_TERMS]:
        pieces = [piece[:64] for piece in TERM.findall(segmented(word))]
        found += _joined(pieces)
    return found[:MOST_TERMS]


def _joined(pieces: list[str]) -> list[list[str]]:
    joined: list[list[str]] = []
    for piece in pieces:
        is_character = bool(SPACELESS.fullmatch(piece))
        if is_character and joined and SPACELESS.fullmatch(joined[-1][-1]):
            joined[-1].append(piece)
        else:
            joined.append([piece])
    return joined
