"""The last wall: what of the HTML that we drew may stay, and where links may lead."""

from __future__ import annotations

import re
from typing import Any

import nh3
from pygments.token import STANDARD_TYPES

from chat import formulas

SAFE_SCHEMES = {"http", "https", "mailto"}
ANCHOR = re.compile(r"#source-\d+-\d+")

_SCROLLED = {"tabindex": {"0"}, "role": {"group"}}


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
            "pre": _SCROLLED | {"aria-label": {"Code"}},
            "div": _SCROLLED | {"aria-label": {"Table", "Formula"}},
            "span": _SCROLLED | {"aria-label": {"Formula"}},
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
    if attribute != "href" or leads_outside(value) or ANCHOR.fullmatch(value):
        return value
    return None


def leads_outside(url: str) -> bool:
    """Return whether an address is of a kind that may be followed from here."""
    return url.lower().startswith(tuple(f"{scheme}:" for scheme in SAFE_SCHEMES))


CLEANER = _cleaner(url_relative="deny")
# Asks us about each attribute, which would cost coloured code dear: only where sources are cited.
CITING_CLEANER = _cleaner(url_relative="pass_through", attribute_filter=_safe_address)
