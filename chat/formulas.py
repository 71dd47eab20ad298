"""LaTeX between dollars or brackets → MathML, as a plugin of the Markdown parser. No Django here.

`$…$` is a formula only where it cannot be money: nothing but a formula may touch the dollars from outside
or keep away from them inside, and a number followed by words is a price. What comes out is not trusted:
`rendering` sanitises it with everything else.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

SCROLLS = 'tabindex="0" role="group"'  # what may be wider than the page is scrolled by keyboard too
LONGEST_FORMULA = (
    2_000  # characters; longer ones are shown as they were written (25 µs a character)
)
FORMULAS_A_BLOCK = (
    10_000  # characters that are drawn in one block of text, all its formulas together
)

CLOSING = {"$$": "$$", "\\[": "\\]", "\\(": "\\)"}
BETWEEN_DOLLARS = re.compile(r"\$((?:[^\\$\n]|\\.){1,2000})\$")
COMMAND = re.compile(r"\\[A-Za-z]+\s*(?:\{[^{}]*\})?")
WORD = re.compile(r"[A-Za-z]{2}")

TAGS = {
    *("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot"),
    *("msup", "msub", "msubsup", "munder", "mover", "munderover", "mmultiscripts", "mprescripts"),
    *("mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom", "menclose"),
}
ATTRIBUTES = {
    "math": {"alttext"},
    "mi": {"mathvariant"},
    "mo": {"stretchy", "fence", "form", "separator", "minsize", "maxsize", "lspace", "rspace"}
    | {"accent", "movablelimits"},
    "mspace": {"width"},
    "mfrac": {"linethickness"},
    "mover": {"accent"},
    "munder": {"accentunder"},
    "mtd": {"columnalign"},
    "mstyle": {"displaystyle", "scriptlevel"},
}
VALUES = {"math": {"display": {"block", "inline"}}}


def formulas(markdown: MarkdownIt) -> None:
    """Teach a Markdown parser formulas."""
    markdown.inline.ruler.before("escape", "formula", _inline)
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    markdown.block.ruler.before("fence", "formula", _block, interrupts)
    markdown.add_render_rule("formula", _drawn)


def _inline(state: StateInline, silent: bool) -> bool:
    source, at = state.src, state.pos
    found = _bracketed(source, at) or _between_dollars(source, at)
    if found is None:
        return False
    tex, end, is_display = found
    if not silent:
        _push(state, tex, source[at:end], is_display)
    state.pos = end
    return True


def _bracketed(source: str, at: int) -> tuple[str, int, bool] | None:
    opening = source[at : at + 2]
    closing = CLOSING.get(opening)
    if closing is None:
        return None
    end = source.find(closing, at + 2, at + 2 + LONGEST_FORMULA)
    tex = source[at + 2 : end].strip()
    if end < 0 or not tex or "\n\n" in tex:
        return None
    return tex, end + 2, opening != "\\("


def _between_dollars(source: str, at: int) -> tuple[str, int, bool] | None:
    if source[at] != "$" or (at and _touches(source[at - 1])):
        return None
    found = BETWEEN_DOLLARS.match(source, at)
    if found is None or _touches(source[found.end() : found.end() + 1]):
        return None
    tex = found[1]
    if tex != tex.strip() or _is_money(tex):
        return None
    return tex, found.end(), False


def _touches(neighbour: str) -> bool:
    return neighbour == "$" or (neighbour.isascii() and neighbour.isalnum())


def _is_money(tex: str) -> bool:
    return tex[0].isdecimal() and bool(WORD.search(COMMAND.sub("", tex)))


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a formula on lines of its own. One that is never closed is a paragraph up to the blank line.

    Whether it begins here is told by its first line alone, so that text which is still being written
    never turns finished blocks into others.
    """
    if state.is_code_block(start):
        return False
    first = _line(state, start)
    closing = CLOSING.get(first[:2])
    if closing is None or closing == "\\)":
        return False
    inside, _, behind = first[2:].partition(closing)
    is_one_line = closing in first[2:]
    if is_one_line and behind.strip():
        return False
    if silent:
        return True
    if is_one_line and inside.strip():
        _push(state, inside.strip(), first, is_display=True, lines=[start, start + 1])
        state.line = start + 1
        return True
    last, tex = _rest(state, start, end, closing)
    if tex is None:
        _paragraph(state, start, last)
    else:
        written = state.getLines(start, last, state.blkIndent, False)
        _push(state, tex, written, is_display=True, lines=[start, last])
    state.line = last
    return True


def _rest(state: StateBlock, start: int, end: int, closing: str) -> tuple[int, str | None]:
    """Return the line after the formula and its LaTeX; None when it does not end."""
    lines = [_line(state, start)[2:]]
    for number in range(start + 1, end):
        if state.isEmpty(number) or state.sCount[number] < state.blkIndent:
            return number, None
        line = _line(state, number).rstrip()
        if line.endswith(closing):
            lines.append(line.removesuffix(closing))
            tex = "\n".join(lines).strip()
            return number + 1, tex or None
        lines.append(line)
    return end, None


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _paragraph(state: StateBlock, start: int, last: int) -> None:
    opened = state.push("paragraph_open", "p", 1)
    opened.map = [start, last]
    inline = state.push("inline", "", 0)
    inline.content = state.getLines(start, last, state.blkIndent, False).strip()
    inline.map, inline.children = [start, last], []
    state.push("paragraph_close", "p", -1)


def _push(
    state: StateInline | StateBlock,
    tex: str,
    written: str,
    is_display: bool,
    lines: list[int] | None = None,
) -> None:
    token = state.push("formula", "math", 0)
    token.content, token.markup, token.map = tex, written, lines
    token.block = lines is not None
    token.info = "block" if is_display else "inline"


def _drawn(
    _: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any
) -> str:
    token = tokens[at]
    left = env.setdefault("formulas_left", FORMULAS_A_BLOCK) - len(token.content)
    env["formulas_left"] = left
    is_drawn = left >= 0 and len(token.content) <= LONGEST_FORMULA
    markup = mathml(token.content, token.info) if is_drawn else ""
    if not markup:
        markup = f'<code class="formula__source">{html.escape(token.markup)}</code>'
    tag = "div" if token.block else "span"
    scrolls = f' {SCROLLS} aria-label="Formula"' if token.info == "block" else ""
    return f'<{tag} class="formula formula--{token.info}"{scrolls}>{markup}</{tag}>'


@lru_cache(maxsize=2048)
def mathml(tex: str, display: str) -> str:
    """Return a formula as MathML, empty when it cannot be read; drawn once, a growing block asks often."""
    safe = tex.replace("<", r"\lt ").replace(">", r"\gt ")
    for name in ("aligned", "gathered", "split"):  # the converter knows these by other names only
        safe = safe.replace(f"{{{name}}}", "{align*}")
    try:
        markup = convert(safe, display=display)
    except (
        Exception
    ):  # the converter meets broken LaTeX with a dozen kinds of error, RecursionError too
        return ""
    source = html.escape(tex, quote=True)
    return markup.replace("<math ", f'<math alttext="{source}" ', 1)
