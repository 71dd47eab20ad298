"""Text → words that an index can find. No Django here.

Scripts that put no spaces between words are cut into characters; a phrase of characters then finds any
part of a sentence. Marks that are written by some and left out by others are taken out.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST_INDEXED = 200_000  # characters of one message; what comes after is not found
RANGES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
# Vowel signs and tones of Thai, Lao, Burmese and Khmer, which stay with their character.
SIGNS = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059"
    "\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f\u109a-\u109d\u17b4-\u17d3\u17dd"
)
# What some write and others leave out. Vowel signs of Indian scripts are not among them: they tell words apart.
MARKS = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"  # accents
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # Hebrew points and cantillation
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08ca-\u08e1\u08e3-\u08ff"
    "\u0640\u0711\u0730-\u074a"  # Arabic above; tatweel; Syriac
    "\u093c\u0951-\u0954\u09bc\u0a3c\u0abc\u0b3c\u0c3c\u0cbc"  # nuktas and Vedic accents
    "\u00ad\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"  # soft hyphen, joiner, variation selectors
)
# Before Arabic letters others write a space for a non-joiner; elsewhere it only tells how letters look.
OMITTED = rf"[{MARKS}]|\u200c(?![\u0600-\u077f])"
OMISSION = re.compile(OMITTED)
SPACELESS = re.compile(f"[{RANGES}\U00020000-\U0003ffff][{SIGNS}]*")
MOST_TERMS = 12


def segmented(text: str | None) -> str:
    """Return a text without marks, with spaces around each character of a script that has none."""
    text = (text or "")[:LONGEST_INDEXED]
    return text if text.isascii() else _spaced(unmarked(text))


def unmarked(text: str) -> str:
    """Return a text without accents, points and what else is often left out, composed."""
    return unicodedata.normalize("NFC", OMISSION.sub("", unicodedata.normalize("NFD", text)))


def terms(query: str) -> list[list[str]]:
    """Return what a query asks for: words, each a list of one, and phrases of single characters."""
    found: list[list[str]] = []
    for word in _words(unmarked(query))[:MOST_TERMS]:
        found += _joined([piece[:64] for piece in _words(_spaced(word))])
    return found[:MOST_TERMS]


def _spaced(text: str) -> str:
    return SPACELESS.sub(r" \g<0> ", text)


def _words(text: str) -> list[str]:
    return "".join(
        c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text
    ).split()


def _joined(pieces: list[str]) -> list[list[str]]:
    joined: list[list[str]] = []
    for piece in pieces:
        is_character = bool(SPACELESS.fullmatch(piece))
        if is_character and joined and SPACELESS.fullmatch(joined[-1][-1]):
            joined[-1].append(piece)
        else:
            joined.append([piece])
    return joined
