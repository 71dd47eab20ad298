"""What streams bring beside text: fragments of tool calls, and the sources of a search (contract 7.3)."""

from __future__ import annotations

from html import unescape
from typing import Any

from venice_site.venice.answers import object_of, text_of
from venice_site.venice.headers import number
from venice_site.venice.types import Citation, ToolCall

MOST_CALLS = 64
MOST_CITATIONS = 100
LONGEST = 2000  # characters of a source's text


class ToolCalls:
    """Puts the calls together that come in fragments; an empty id or name on a later fragment means nothing."""

    def __init__(self) -> None:
        self._parts: dict[int, dict[str, str]] = {}

    def add(self, fragments: Any) -> None:
        """Take in the fragments of one frame."""
        for place, fragment in enumerate(fragments if isinstance(fragments, list) else ()):
            given = object_of(fragment)
            index = number(given.get("index"))
            at = place if index is None else int(index)
            if at in self._parts or len(self._parts) < MOST_CALLS:
                self._join(
                    self._parts.setdefault(at, {"id": "", "name": "", "arguments": ""}), given
                )

    def whole(self) -> tuple[ToolCall, ...]:
        """Return the calls in their order."""
        parts = (self._parts[at] for at in sorted(self._parts))
        return tuple(ToolCall(**part) for part in parts if part["name"])

    @staticmethod
    def _join(part: dict[str, str], given: dict[str, Any]) -> None:
        function = object_of(given.get("function"))
        part["id"] = part["id"] or text_of(given.get("id"))
        part["name"] = part["name"] or text_of(function.get("name"))
        part["arguments"] += text_of(function.get("arguments"))


def read_citations(told: Any) -> tuple[Citation, ...]:
    """Return the sources that have an address; Venice escapes their texts for HTML, which we undo."""
    rows = (object_of(row) for row in (told if isinstance(told, list) else ()))
    return tuple(
        Citation(
            title=unescape(text_of(row.get("title")))[:300] or text_of(row.get("url"))[:300],
            url=text_of(row.get("url"))[:LONGEST],
            content=unescape(text_of(row.get("content")))[:LONGEST],
            date=text_of(row.get("date"))[:40],
        )
        for row in rows
        if text_of(row.get("url"))
    )[:MOST_CITATIONS]
