"""What servers of another dialect do not understand, and how the same is said without it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from venice_site.venice.errors import InvalidOrder

LIMIT, OLDER_LIMIT, VENICE = "max_completion_tokens", "max_tokens", "venice_parameters"
# What a reply does well without. Without a character, a search or a schema it would be another one.
OPTIONAL = (
    "stream_options",
    "prompt_cache_key",
    "reasoning_effort",
    "frequency_penalty",
    "presence_penalty",
    "top_p",
    "temperature",
)
ESSENTIAL = ("character_slug", "enable_web_search", "enable_web_scraping")
REMEMBERED = 3600.0  # seconds; servers learn
_UNKNOWN = re.compile(
    r"unrecogni[sz]ed|unknown|unexpected|unsupported|not (allowed|permitted|supported)|extra",
    re.IGNORECASE,
)
_CAP = re.compile(r"exceeds the maximum.*\((\d+)\)")

type Body = dict[str, Any]


class Dialect:
    """What one server, by model, turned out not to know. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._unknown: dict[tuple[str, str], float] = {}

    def spoken(self, body: Body) -> Body:
        """Return the body without the words that this server did not know a while ago."""
        since = self._clock() - REMEMBERED
        for (model, word), learned in list(self._unknown.items()):
            if model == body["model"] and learned > since:
                body = _without(body, word)
        return body

    def reworded(self, body: Body, refused: InvalidOrder) -> Body | None:
        """Return the body in other words after a 400 that is about one of them, or None."""
        if refused.status != 400:
            return None
        cap = _CAP.search(refused.detail)
        if cap and LIMIT in body and _names(refused.detail, LIMIT):
            return {**body, LIMIT: int(cap[1])} if 0 < int(cap[1]) < body[LIMIT] else None
        word = _unknown_word(body, refused.detail)
        if word is None:
            return None
        self._unknown[body["model"], word] = self._clock()
        return _without(body, word)


def _unknown_word(body: Body, detail: str) -> str | None:
    if not _UNKNOWN.search(detail):
        return None
    return next((word for word in _may_go(body) if _names(detail, word.rpartition(".")[2])), None)


def _may_go(body: Body) -> list[str]:
    """Return the words of a body that may be left out; `a.b` is the word b within the object a."""
    ours = body.get(VENICE, {})
    inner = [f"{VENICE}.{word}" for word in ours if word not in ESSENTIAL]
    whole = [VENICE] if ours and not ours.keys() & set(ESSENTIAL) else []
    return [*inner, *(word for word in (*OPTIONAL, LIMIT) if word in body), *whole]


def _names(detail: str, word: str) -> bool:
    """Return whether a text is about a word; reasons write fields with spaces."""
    pattern = re.escape(word).replace("_", "[_ ]")
    return re.search(rf"(?<![A-Za-z_]){pattern}(?![A-Za-z_])", detail) is not None


def _without(body: Body, word: str) -> Body:
    outer, _, inner = word.rpartition(".")
    if outer:
        left = {name: value for name, value in body.get(outer, {}).items() if name != inner}
        rest = _without(body, outer)
        return {**rest, outer: left} if left else rest
    rest = {name: value for name, value in body.items() if name != word}
    return {**rest, OLDER_LIMIT: body[LIMIT]} if word == LIMIT and LIMIT in body else rest
