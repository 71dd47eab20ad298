"""Code: in a box with its language and a button to copy it, coloured by classes."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from chat.formulas import SCROLLS

LONGEST_COLOURED = 50_000  # characters of code; longer code is shown plain
FENCE = re.compile(r" {0,3}(`{3,}(?=[^`\n]*\n)|~{3,})([^\n]*)\n")
FORMATTER = HtmlFormatter[str](nowrap=True)


def open_code(block: str) -> tuple[str, str] | None:
    """Return the language and the code of a fence that has begun and not ended, else None."""
    if open_until(block) is None:
        return None
    opening = FENCE.match(block)
    assert opening is not None
    return language_of(opening[2]), block[opening.end() :]


def open_until(block: str) -> re.Pattern[str] | None:
    """Return what would end the fence that has begun in a block, None when it has ended or there is none."""
    opening = FENCE.match(block)
    if opening is None:
        return None
    mark = opening[1]
    closing = re.compile(rf"^ {{0,3}}{re.escape(mark)}{re.escape(mark[0])}*[ \t]*$", re.MULTILINE)
    return None if closing.search(block, opening.end()) else closing


def draw_code(
    _: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any
) -> str:
    """Draw a block of code."""
    token = tokens[at]
    return code_box(language_of(token.info), _coloured(token.content, language_of(token.info)))


def code_box(language: str, code: str) -> str:
    """Return code that is HTML already in its box."""
    return (
        f'<div class="code"><div class="code__bar"><span class="code__label">{html.escape(language)}</span>'
        '<button type="button" class="button button--quiet button--small" data-copy-code="">Copy</button></div>'
        f'<pre class="code__text" {SCROLLS} aria-label="Code"><code>{code}</code></pre></div>'
    )


def language_of(info: str) -> str:
    """Return the language that a fence names."""
    return info.split()[0][:30] if info.strip() else "text"


def _coloured(code: str, language: str) -> str:
    lexer = _lexer(language.lower())
    if lexer is None or len(code) > LONGEST_COLOURED:
        return html.escape(code)
    return str(highlight(code, lexer, FORMATTER))


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    if language == "text":
        return None
    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None
