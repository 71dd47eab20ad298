"""A JSON file of any length, a conversation at a time, in memory that is bounded. No Django here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any

from chat.dialects import CannotRead

CHUNK = 256 * 1024
LONGEST_PIECE = 32 * 1024 * 1024  # bytes of one conversation
MARKS = re.compile(rb'\\.|["\[\]{},]', re.DOTALL)
NOT_JSON = "The file is not JSON, or it is cut off."


def conversations(file: IO[bytes]) -> Iterator[Any]:
    """Yield the members of the list that a file holds, or the one object that it is. Raises `CannotRead`."""
    first = file.read(CHUNK).lstrip(b"\xef\xbb\xbf \t\r\n")
    if first.startswith(b"["):
        for piece in _members(first[1:] or file.read(CHUNK), file):
            yield _parsed(piece)
        return
    rest = file.read(LONGEST_PIECE)
    if len(first) + len(rest) > LONGEST_PIECE:
        raise CannotRead("A conversation in it is longer than 32 MB.")
    found = _parsed(first + rest)
    several = found.get("conversations") if isinstance(found, dict) else None
    yield from several if isinstance(several, list) else [found]


def _members(chunk: bytes, file: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes between the commas and brackets of the outermost list."""
    piece, place = bytearray(), Place()
    while chunk := _whole(chunk, file):
        start = 0
        for at in place.edges(chunk):
            piece += chunk[start:at]
            start = at + 1
            if piece.strip():
                yield bytes(piece)
            piece.clear()
        if place.is_behind:
            return
        piece += chunk[start:]
        if len(piece) > LONGEST_PIECE:
            raise CannotRead("A conversation in it is longer than 32 MB.")
        chunk = file.read(CHUNK)
    raise CannotRead(NOT_JSON)


def _whole(chunk: bytes, file: IO[bytes]) -> bytes:
    """Return a chunk that does not end between a backslash and what it stands before."""
    while chunk.endswith(b"\\") and (more := file.read(1)):
        chunk += more
    return chunk


class Place:
    """Where in the outermost list we are: how deep, in a text, or behind its end."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_text = False
        self.is_behind = False

    def edges(self, chunk: bytes) -> Iterator[int]:
        """Yield where members end in a chunk that follows the last one."""
        for mark in MARKS.finditer(chunk):
            sign = mark[0]
            if sign == b'"':
                self._in_text = not self._in_text
            elif self._in_text or len(sign) > 1:
                continue
            elif sign in b"[{":
                self._depth += 1
            elif self._depth:
                self._depth -= sign in b"]}"
            else:
                yield mark.start()
                if sign != b",":
                    self.is_behind = True
                    return


def _parsed(piece: bytes) -> Any:
    try:
        return json.loads(piece)
    except RecursionError:
        raise CannotRead("A conversation in it is nested too deeply.") from None
    except ValueError:  # not JSON, not UTF-8, or a number of thousands of digits
        raise CannotRead(NOT_JSON) from None
