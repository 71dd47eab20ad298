"""Fragments that a page shows by the dozen: their template draws one of every look, each is then filled in.

A template takes longer over forty messages or sixty pictures than all queries of their page. What differs
between two of the same look are words, numbers and addresses: gaps, which can be filled without it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from html import escape

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

MOST_LOOKS = 1000  # of one fragment; the one that was not asked for the longest goes
# Nobody can write what stands for a gap into a title or a name: it is another one in every process.
MARK = f"\ue000{secrets.token_hex(8)}"
FIRST_NUMBER = 8 * 10**18 + secrets.randbelow(10**15) * 100  # no id of an object is as large


class Gaps:
    """What stands in the places that are filled in later, while a look is drawn."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def words(self, name: str) -> str:
        """Return what stands for words, for markup, or for a number that is shown as it is."""
        return self._stands_for(name, f"{MARK}{name}\ue001")

    def number(self, name: str) -> int:
        """Return what stands for an id, which `{% url %}` takes too."""
        return int(self._stands_for(name, str(FIRST_NUMBER + len(self._names))))

    def cut(self, drawn: str) -> tuple[str, ...]:
        """Return what was drawn, cut at its gaps: words, the name of a gap, words, and so on."""
        if not self._names:
            return (drawn,)
        parts = re.split(f"({'|'.join(self._names)})", drawn)
        parts[1::2] = [self._names[mark] for mark in parts[1::2]]
        return tuple(parts)

    def _stands_for(self, name: str, mark: str) -> str:
        self._names[mark] = name
        return mark


class Skeleton[Look: Hashable]:
    """A fragment by its looks. Decorates what draws one: it gets the look and the gaps, and returns HTML.

    A look holds all that the template decides by. What it only writes is a gap.
    """

    def __init__(self, draw: Callable[[Look, Gaps], str]) -> None:
        self._draw = draw
        self._kept = lru_cache(MOST_LOOKS)(self._cut)

    def fill(self, look: Look, told: Mapping[str, object]) -> SafeString:
        """Return the fragment of a look with its gaps filled in; what is not known to be safe is escaped."""
        parts = list((self._cut if settings.DEBUG else self._kept)(look))
        names = parts[1::2]
        words = {name: _escaped(told[name]) for name in set(names)}
        parts[1::2] = [words[name] for name in names]
        return mark_safe("".join(parts))  # noqa: S308  the template escaped the rest

    def _cut(self, look: Look) -> tuple[str, ...]:
        gaps = Gaps()
        return gaps.cut(self._draw(look, gaps))


def _escaped(value: object) -> str:
    words = str(value)
    return words if isinstance(words, SafeString) else escape(words)


@Skeleton
def _fragment(look: tuple[str, tuple[tuple[str, Hashable], ...]], gaps: Gaps) -> str:
    template, told = look
    return render_to_string(template, {**dict(told), "csrf_token": gaps.words("csrf_token")})


def kept(template: str, csrf_token: str = "", **told: Hashable) -> SafeString:
    """Return a fragment that depends on these values and nothing else; the same values are drawn once.

    What can change cannot be forgotten, since the template gets no other values. Words that are known to
    be safe are refused: they are equal to words that are not.
    """
    if any(isinstance(value, SafeString) for value in told.values()):
        raise TypeError(f"{template} gets words that are escaped already.")
    return _fragment.fill((template, tuple(told.items())), {"csrf_token": csrf_token})
