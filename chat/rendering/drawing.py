"""Texts cut between their top-level blocks, and each block drawn."""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.tasklists import tasklists_plugin

from chat import formulas
from chat.rendering.cleaning import CITING_CLEANER, CLEANER, leads_outside
from chat.rendering.code import draw_code
from chat.rendering.links import close_link, draw_picture, open_link, read_address
from chat.rendering.marks import CITED, Sources, draw_marks, read_marks

LONGEST_BLOCK = 200_000  # characters of one block; longer ones are shown as plain text


@lru_cache(maxsize=512)
def render(text: str, sources: Sources | None = None) -> str:
    """Return the HTML of a whole text. Cached by the text: a page draws finished messages for nothing.

    Marks of citations lead to the elements `source-MESSAGE-NUMBER` when the sources are known.
    """
    return "".join(render_block(block, sources) for block in blocks(one_line_end(text)))


def one_line_end(text: str) -> str:
    """Return a text whose lines all end in a line feed; Markdown and event streams know no other."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def blocks(text: str) -> list[str]:
    """Return a text cut between its top-level blocks; the pieces together are the text.

    Finding the ends of blocks costs a hundredth of rendering them, and no later text changes any but
    the last one.
    """
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    starts = [line for line in _block_starts(text) if 0 < line < len(lines)]
    edges = [0, *starts, len(lines)]
    pieces = ("".join(lines[a:b]) for a, b in itertools.pairwise(edges))
    return [piece for piece in pieces if piece]


@lru_cache(maxsize=4096)
def render_block(block: str, sources: Sources | None = None) -> str:
    """Return the safe HTML of one block. Cached: live viewers and pages draw the same blocks."""
    return drawn(block, sources if CITED.search(block) else None)


def drawn(block: str, sources: Sources | None = None) -> str:
    """Return the safe HTML of one block, uncached."""
    if len(block) > LONGEST_BLOCK:
        return f"<p>{html.escape(block)}</p>"
    cleaner = CITING_CLEANER if sources else CLEANER
    try:
        return cleaner.clean(MARKDOWN.render(block, {"sources": sources}))
    except RecursionError:  # nesting made to break parsers; the text itself is still worth showing
        return f"<p>{html.escape(block)}</p>"


def _block_starts(text: str) -> list[int]:
    tokens: list[Token] = []
    MARKDOWN.block.parse(text, MARKDOWN, {}, tokens)
    return [t.map[0] for t in tokens if t.level == 0 and t.map and t.nesting >= 0]


def _table_open(*_: Any) -> str:
    return f'<div class="table-scroll" {formulas.SCROLLS} aria-label="Table"><table>'


def _table_close(*_: Any) -> str:
    return "</table></div>"


def _cell(tag: str) -> Any:
    def opening(
        _: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any
    ) -> str:
        style = str(tokens[at].attrGet("style") or "")
        align = style.removeprefix("text-align:")
        return f'<{tag} align="{html.escape(align)}">' if align else f"<{tag}>"

    return opening


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    markdown.enable(["table", "strikethrough"]).use(tasklists_plugin)
    markdown.use(formulas.formulas)
    markdown.inline.ruler.before("escape", "citation", read_marks)
    markdown.inline.ruler.before("escape", "address", read_address)
    markdown.validateLink = leads_outside  # type: ignore[method-assign]
    for name, rule in {
        "fence": draw_code,
        "code_block": draw_code,
        "image": draw_picture,
        "link_open": open_link,
        "link_close": close_link,
        "citation": draw_marks,
        "table_open": _table_open,
        "table_close": _table_close,
        "th_open": _cell("th"),
        "td_open": _cell("td"),
    }.items():
        markdown.add_render_rule(name, rule)
    return markdown


MARKDOWN = _markdown()
