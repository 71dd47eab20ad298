"""Marks of citations: numbers that lead to the sources of a message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

CITED = re.compile(r"\^(\d{1,3}(?:, ?\d{1,3})*)\^|\[REF\](\d{1,3}(?:, ?\d{1,3})*)\[/REF\]")


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources that a message may cite: of which message, and how many there are."""

    message: int
    count: int


def read_marks(state: StateInline, silent: bool) -> bool:
    """Read `^1^`, `^1,3^` (from 1) and `[REF]0[/REF]` (from 0) as marks of the sources 1, 2, 3 …"""
    if state.src[state.pos] not in "^[":
        return False
    found = CITED.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        from_zero = found[2] is not None
        numbers = [int(n) + from_zero for n in (found[1] or found[2]).split(",")]
        state.push("citation", "sup", 0).meta = {"numbers": numbers}
    state.pos = found.end()
    return True


def draw_marks(
    _: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any
) -> str:
    """Draw marks as links to their sources, as bare numbers where those are unknown."""
    marks = (_mark(number, env.get("sources")) for number in tokens[at].meta["numbers"])
    return f'<sup class="citation">{", ".join(marks)}</sup>'


def _mark(number: int, sources: Sources | None) -> str:
    if sources is None or not 1 <= number <= sources.count:
        return str(number)
    return f'<a href="#source-{sources.message}-{number}">{number}</a>'
