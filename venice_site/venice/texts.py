"""Venice's texts, as every database keeps them and every page shows them.

JSON may carry what is no text: half of a character that UTF-16 writes as two, and the zero byte.
"""

from __future__ import annotations

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def mended(text: str) -> str:
    """Return a text without zero bytes, with halves joined where both are there, and replaced where one is alone."""
    text = text.replace("\0", "")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class Halves:
    """Joins the halves of characters that were cut between two pieces of a text."""

    def __init__(self) -> None:
        self._first = ""

    def join(self, piece: str) -> str:
        """Return a piece as whole characters; a first half at its end waits for the next one."""
        if not piece:
            return piece
        piece, self._first = self._first + piece, ""
        if "\ud800" <= piece[-1] <= "\udbff":
            piece, self._first = piece[:-1], piece[-1]
        return mended(piece)

    def flush(self) -> str:
        """Return what stands for a half whose other half never came."""
        alone, self._first = self._first, ""
        return REPLACEMENT if alone else ""
