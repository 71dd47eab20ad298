"""Server-sent events: bytes in, the data of whole events out. Pure, and cheap for each token."""

from __future__ import annotations


class EventSplitter:
    """Cuts a stream of bytes, however it was chopped up on the way, into events.

    An event ends with an empty line; lines end with LF or CRLF. Only `data` fields are kept: comments
    (keep-alives) and other fields mean nothing to Venice's streams, nor do events without any data.
    """

    __slots__ = ("_data", "_line")

    def __init__(self) -> None:
        self._line: list[bytes] = []  # the pieces of a line whose end has not come yet
        self._data: list[bytes] = []  # the data lines of an event whose end has not come yet

    def feed(self, piece: bytes) -> list[str]:
        """Return the data of each event that this piece completes."""
        lines = piece.split(b"\n")
        if len(lines) == 1:
            self._line.append(piece)
            return []
        if self._line:
            lines[0] = b"".join((*self._line, lines[0]))
            self._line = []
        rest = lines.pop()
        if rest:
            self._line.append(rest)
        return self._events(lines)

    def flush(self) -> list[str]:
        """Return the last event when the stream ends without the empty line after it."""
        lines = [b"".join(self._line), b""]
        self._line = []
        return self._events(lines)

    def _events(self, lines: list[bytes]) -> list[str]:
        events: list[str] = []
        data = self._data
        for line in lines:
            if line.endswith(b"\r"):
                line = line[:-1]
            if not line:
                if told := b"\n".join(data).strip():
                    events.append(told.decode("utf-8", "replace"))
                data.clear()
            elif line.startswith(b"data:"):
                data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line == b"data":
                data.append(b"")
        return events
