"""A text while it is still being written."""

from __future__ import annotations

import html
import re

from chat.rendering.cleaning import CLEANER
from chat.rendering.code import code_box, open_code, open_until
from chat.rendering.drawing import blocks, drawn, render_block

LONG, GROWN = 2000, 1.05  # characters of a block; how much longer before it is worth another look
BEGINS_ANEW = re.compile(r" {0,3}(?!(?:[-*+]|\d{1,9}[.)]?)[ \t]*$)\S")


class Growing:
    """A text that is still being written: its finished blocks once, its last one again and again."""

    def __init__(self) -> None:
        self._tail = ""
        self._line_is_judged = False
        self._looked_at = 0  # characters of a long block, when it was last looked for an end in it
        self._open_until: re.Pattern[str] | None = None

    def add(self, text: str) -> str:
        """Take more text in and return the HTML of the blocks that it finished."""
        line = self._tail.rfind("\n") + 1
        self._tail += text
        if self._open_until and not self._open_until.search(self._tail, line):
            return ""  # however long the code is, only its last line is looked at
        finished = self._finish(text)
        if finished or self._open_until or "\n" in text:  # what opens a fence is a whole line
            self._open_until = open_until(self._tail)
        return finished

    def _finish(self, text: str) -> str:
        certain = self._certain(text)
        is_edge = self._line_is_judged  # of a block, surely
        if not certain or (len(certain) < self._looked_at * GROWN and not is_edge):
            return ""
        finished = blocks(certain)[:-1]
        self._looked_at = len(certain) if len(certain) > LONG and not finished else 0
        self._tail = self._tail[sum(map(len, finished)) :]
        return "".join(map(render_block, finished))

    def _certain(self, text: str) -> str:
        """Return as much of the tail as is worth cutting into blocks now, empty when nothing changed.

        An unfinished line may still become part of the block above it, so it counts only once there
        is a blank line between them and its first characters cannot be those of another list item.
        """
        if "\n" not in text and self._line_is_judged:
            return ""
        line = self._tail.rfind("\n") + 1
        begins_anew = self._tail.endswith("\n\n", 0, line) and BEGINS_ANEW.match(self._tail, line)
        self._line_is_judged = bool(begins_anew)
        if begins_anew:
            return self._tail
        return self._tail[:line] if "\n" in text else ""

    @property
    def is_code(self) -> bool:
        """Return whether the growing block is code that is still open; it grows by plain characters."""
        return self._open_until is not None

    def tail(self) -> str:
        """Return the HTML of the growing block; open code gets its colours when it is finished."""
        if not self._tail.strip():
            return ""
        code = open_code(self._tail)
        if code is None:
            return drawn(self._tail)
        language, body = code
        return CLEANER.clean(code_box(language, html.escape(body)))
