"""Markdown → HTML that is safe to show, block by block. No Django here.

Three walls in one order: markdown-it with HTML switched off, our own rules for what leads outside, and
nh3 last. Everything that shows a message goes through `render` or `Growing`: live, final and elsewhere.
Nothing is loaded from elsewhere while someone reads: pictures become links, and links say where they lead.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from pygments.util import ClassNotFound

from chat import formulas

SAFE_SCHEMES = {"http", "https", "mailto"}
LONGEST_COLOURED = 50_000  # characters of code; longer code is shown plain
LONGEST_BLOCK = 200_000  # characters of one block; longer ones are shown as plain text
FENCE = re.compile(r" {0,3}(`{3,}(?=[^`\n]*\n)|~{3,})([^\n]*)\n")
BEGINS_ANEW = re.compile(r" {0,3}(?!(?:[-*+]|\d{1,9}[.)]?)[ \t]*$)\S")
FORMATTER = HtmlFormatter[str](nowrap=True)

CITED = re.compile(r"\^(\d{1,3}(?:, ?\d{1,3})*)\^|\[REF\](\d{1,3}(?:, ?\d{1,3})*)\[/REF\]")
ADDRESS = re.compile(r"://[!#-&(-;=?-\[\]_a-z~]{1,2000}")
END_OF_SENTENCE = tuple(".,;:!?*_~])")
ANCHOR = re.compile(r"#source-\d+-\d+")


def _cleaner(**more: Any) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags={
            *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li"),
            *("strong", "em", "s", "code", "pre", "a", "span", "div", "button", "input", "sup"),
            *("table", "thead", "tbody", "tr", "th", "td"),
            *formulas.TAGS,
        },
        clean_content_tags={"script", "style"},
        attributes={"a": {"href", "title"}, "ol": {"start"}} | formulas.ATTRIBUTES,
        tag_attribute_values={
            "a": {"target": {"_blank"}},
            "button": {"type": {"button"}, "data-copy-code": {""}},
            "input": {"type": {"checkbox"}, "checked": {"", "checked"}},
            "th": {"align": {"left", "center", "right"}},
            "td": {"align": {"left", "center", "right"}},
        }
        | formulas.VALUES,
        set_tag_attribute_values={"input": {"disabled": "", "aria-label": "Task"}},
        allowed_classes={
            "span": {*STANDARD_TYPES.values(), "code__label", "host", "formula", "formula--inline"}
            | {"formula--block"},
            "div": {"code", "code__bar", "table-scroll", "formula", "formula--block"},
            "pre": {"code__text"},
            "code": {"formula__source"},
            "sup": {"citation"},
            "button": {"button", "button--quiet", "button--small"},
            "li": {"task-list-item"},
            "ul": {"contains-task-list"},
            "ol": {"contains-task-list"},
        },
        link_rel="noopener noreferrer nofollow",
        url_schemes=SAFE_SCHEMES,
        **more,
    )


def _safe_address(_: str, attribute: str, value: str) -> str | None:
    if attribute != "href" or _leads_outside(value) or ANCHOR.fullmatch(value):
        return value
    return None


CLEANER = _cleaner(url_relative="deny")
# Asks us about each attribute, which would cost coloured code dear: only where sources are cited.
CITING_CLEANER = _cleaner(url_relative="pass_through", attribute_filter=_safe_address)


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources that a message may cite: of which message, and how many there are."""

    message: int
    count: int


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
    return _drawn(block, sources if CITED.search(block) else None)


class Growing:
    """A text that is still being written: its finished blocks once, its last one again and again."""

    def __init__(self) -> None:
        self._tail = ""
        self._line_is_judged = False

    def add(self, text: str) -> str:
        """Take more text in and return the HTML of the blocks that it finished."""
        self._tail += text
        certain = self._certain(text)
        if not certain:
            return ""
        finished = blocks(certain)[:-1]
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
        return _open_code(self._tail) is not None

    def tail(self) -> str:
        """Return the HTML of the growing block; open code gets its colours when it is finished."""
        if not self._tail.strip():
            return ""
        code = _open_code(self._tail)
        if code is None:
            return _drawn(self._tail)
        language, body = code
        return CLEANER.clean(_code_box(language, html.escape(body)))


def _open_code(block: str) -> tuple[str, str] | None:
    """Return the language and the code of a fence that has begun and not ended, else None."""
    opening = FENCE.match(block)
    if opening is None:
        return None
    mark = opening[1]
    body = block[opening.end() :]
    closing = re.search(
        rf"^ {{0,3}}{re.escape(mark)}{re.escape(mark[0])}*[ \t]*$", body, re.MULTILINE
    )
    return None if closing else (_language(opening[2]), body)


def _drawn(block: str, sources: Sources | None = None) -> str:
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


def _fence(
    _: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any
) -> str:
    token = tokens[at]
    return _code_box(_language(token.info), _coloured(token.content, _language(token.info)))


def _code_box(language: str, code: str) -> str:
    return (
        f'<div class="code"><div class="code__bar"><span class="code__label">{html.escape(language)}</span>'
        '<button type="button" class="button button--quiet button--small" data-copy-code="">Copy</button></div>'
        f'<pre class="code__text"><code>{code}</code></pre></div>'
    )


def _language(info: str) -> str:
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


def _picture_as_link(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any
) -> str:
    """Show a picture as a link: nothing loads from outside while someone reads."""
    token = tokens[at]
    label = renderer.renderInlineAsText(token.children, options, env) or "Picture"
    target = str(token.attrGet("src") or "")
    if env.get("in_link"):  # a picture in a link: the link leads on, the picture is its label
        return html.escape(label)
    return (
        f'<a href="{html.escape(target)}" target="_blank">{html.escape(label)}</a>'
        f"{_host(target, label, 'picture at ')}"
    )


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any
) -> str:
    tokens[at].attrSet("target", "_blank")
    env["in_link"] = str(tokens[at].attrGet("href") or "")
    return renderer.renderToken(tokens, at, options, env)


def _link_close(
    _: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any
) -> str:
    target = env.pop("in_link", "")
    label = tokens[at - 1].content if at else ""
    return f"</a>{_host(target, label)}"


def _address(state: StateInline, silent: bool) -> bool:
    """Make a link of a bare address; its scheme has been read as text when we come to the colon."""
    if state.src[state.pos] != ":" or state.linkLevel or silent:
        return False
    scheme = next((s for s in ("https", "http") if state.pending.endswith(s)), "")
    found = ADDRESS.match(state.src, state.pos) if scheme else None
    if found is None or state.pending[: -len(scheme)][-1:].isalnum():
        return False
    rest = _without_end_of_sentence(found[0])
    if rest in (":", "://"):
        return False
    address = scheme + rest
    state.pending = state.pending[: -len(scheme)]
    state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(address)}
    state.push("text", "", 0).content = address
    state.push("link_close", "a", -1)
    state.pos += len(rest)
    return True


def _without_end_of_sentence(address: str) -> str:
    unpaired = max(0, address.count(")") - address.count("("))
    while address.endswith(END_OF_SENTENCE):
        if address.endswith(")"):
            if not unpaired:
                break
            unpaired -= 1
        address = address[:-1]
    return address


def _host(target: str, label: str, words: str = "") -> str:
    """Return where a link leads, in brackets behind it, unless its label says so already."""
    try:
        host = urlsplit(target).hostname or ""
    except ValueError:  # such as a bracket that looks like IPv6
        host = target[:60]
    if not host or (host.lower() in label.lower() and not words):
        return ""
    return f' <span class="host">({words}{html.escape(host)})</span>'


def _citation(state: StateInline, silent: bool) -> bool:
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


def _citation_drawn(
    _: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any
) -> str:
    marks = (_mark(number, env.get("sources")) for number in tokens[at].meta["numbers"])
    return f'<sup class="citation">{", ".join(marks)}</sup>'


def _mark(number: int, sources: Sources | None) -> str:
    if sources is None or not 1 <= number <= sources.count:
        return str(number)
    return f'<a href="#source-{sources.message}-{number}">{number}</a>'


def _table_open(*_: Any) -> str:
    return '<div class="table-scroll"><table>'


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


def _leads_outside(url: str) -> bool:
    return url.lower().startswith(tuple(f"{scheme}:" for scheme in SAFE_SCHEMES))


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    markdown.enable(["table", "strikethrough"]).use(tasklists_plugin)
    markdown.use(formulas.formulas)
    markdown.inline.ruler.before("escape", "citation", _citation)
    markdown.inline.ruler.before("escape", "address", _address)
    markdown.validateLink = _leads_outside  # type: ignore[method-assign]
    for name, rule in {
        "fence": _fence,
        "code_block": _fence,
        "image": _picture_as_link,
        "link_open": _link_open,
        "link_close": _link_close,
        "citation": _citation_drawn,
        "table_open": _table_open,
        "table_close": _table_close,
        "th_open": _cell("th"),
        "td_open": _cell("td"),
    }.items():
        markdown.add_render_rule(name, rule)
    return markdown


MARKDOWN = _markdown()
