"""Text as the words by which it is found, the same for what is kept and for what is asked. No Django here.

Letters lose case and accents; each Chinese, Japanese or Korean character and each emoji is a word of its own,
so that a phrase of them is found anywhere in a sentence that has no spaces.
"""

from __future__ import annotations

import re
import unicodedata

MOST_WORDS = 8000
LONGEST_WORD = 64  # characters; what comes after is not told apart
SPACELESS = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\u0e00-\u0e7f"
    "\U0001aff0-\U0001b16f\U00020000-\U000323af"
)
SYMBOLS = "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff"
TOKEN = re.compile(rf"[{SPACELESS}{SYMBOLS}]|[^\W_{SPACELESS}]+")


def words(text: str) -> list[str]:
    """Return the words of a text in their order."""
    found = (match.group()[:LONGEST_WORD] for match in TOKEN.finditer(folded(text)))
    return [word for word, _ in zip(found, range(MOST_WORDS), strict=False)]


def folded(text: str) -> str:
    """Return a text without differences of case, width and accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare)


def forms(word: str) -> list[str]:
    """Return a word beside its plural or singular, as English makes them."""
    if not (word.isascii() and word.isalpha() and len(word) >= 3):
        return [word]
    if word.endswith("ies"):
        return [word, f"{word[:-3]}y"]
    if word.endswith("s"):
        return [word, word[:-1], *([word[:-2]] if word.endswith("es") else [])]
    plurals = [f"{word}s", f"{word}es"]
    return [word, *plurals, *([f"{word[:-1]}ies"] if word.endswith("y") else [])]
