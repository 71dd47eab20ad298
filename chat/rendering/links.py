"""Links and pictures: where they lead is said beside them, and nothing loads from there."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

ADDRESS = re.compile(r"://[!#-&(-;=?-\[\]_a-z~]{1,2000}")
END_OF_SENTENCE = tuple(".,;:!?*_~])")


def draw_picture(
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


def open_link(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any
) -> str:
    """Open a link in a tab of its own."""
    tokens[at].attrSet("target", "_blank")
    env["in_link"] = str(tokens[at].attrGet("href") or "")
    return renderer.renderToken(tokens, at, options, env)


def close_link(
    _: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any
) -> str:
    """Close a link, and say behind it where it leads."""
    target = env.pop("in_link", "")
    label = tokens[at - 1].content if at else ""
    return f"</a>{_host(target, label)}"


def read_address(state: StateInline, silent: bool) -> bool:
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
