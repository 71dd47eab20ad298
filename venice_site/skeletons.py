"""Fragments that a page shows by the dozen: their template draws one of every look, each is then filled in.

A template takes longer over forty messages or sixty pictures than all queries of their page. What differs
between two of the same look are words, numbers and addresses: gaps, which can be filled without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping

from django.conf import settings
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

BEFORE, BEHIND = "\ue000", "\ue001"  # around the name of a gap; no template has such characters
FIRST_NUMBER = 8_000_000_000_000_000_000  # no id of an object is as large
GAP = re.compile(f"{BEFORE}([a-z_]+){BEHIND}|(80000000000000000[0-9]{{2}})")
MOST_LOOKS = 1000


class Gaps:
    """What stands in the places that are filled in later, while a look is drawn."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def words(self, name: str) -> str:
        """Return what stands for words, for markup, or for a number that is shown as it is."""
        return f"{BEFORE}{name}{BEHIND}"

    def number(self, name: str) -> int:
        """Return what stands for an id, which `{% url %}` takes too."""
        number = FIRST_NUMBER + len(self._numbers)
        self._numbers[str(number)] = name
        return number

    def cut(self, drawn: str) -> tuple[str, ...]:
        """Return what was drawn, cut at its gaps: words, the name of a gap, words, and so on."""
        parts: list[str] = []
        end = 0
        for found in GAP.finditer(drawn):
            parts += (drawn[end : found.start()], found[1] or self._numbers[found[2]])
            end = found.end()
        return (*parts, drawn[end:])


class Skeleton[Look: Hashable]:
    """A fragment by its looks. Decorates what draws one: it gets the look and the gaps, and returns HTML.

    A look holds all that the template decides by. What it only writes is a gap.
    """

    def __init__(self, draw: Callable[[Look, Gaps], str]) -> None:
        self._draw = draw
        self._looks: dict[Look, tuple[str, ...]] = {}

    def fill(self, look: Look, told: Mapping[str, object]) -> SafeString:
        """Return the fragment of a look with its gaps filled in; what is not known to be safe is escaped."""
        parts = list(self._parts(look))
        parts[1::2] = [conditional_escape(str(told[name])) for name in parts[1::2]]
        return mark_safe("".join(parts))  # noqa: S308  the template escaped the rest

    def _parts(self, look: Look) -> tuple[str, ...]:
        if (known := self._looks.get(look)) is not None:
            return known
        gaps = Gaps()
        parts = gaps.cut(self._draw(look, gaps))
        if len(self._looks) < MOST_LOOKS and not settings.DEBUG:
            self._looks[look] = parts
        return parts
