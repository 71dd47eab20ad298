"""Searches of the web that a reply asks for: whether one happens, what it finds and what it costs."""

from __future__ import annotations

import re
from typing import Any

from .catalogue import WEB_SEARCH_USD
from .exchange import last_user_text
from .replies import Json

MOST_PAGES = 5
SOURCES = [
    {
        "title": "A first source",
        "url": "https://example.org/first",
        "content": "What the first source says &amp; why.",
        "date": "2026-04-16T16:55:11",
    },
    {
        "title": "A second source",
        "url": "https://example.org/second",
        "content": "What the second source says.",
    },
]
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_OF_TODAY = re.compile(r"\b(today|news|latest|newest|new|now|weather|price|score)\b", re.IGNORECASE)


def sources_of(body: Json) -> list[Json]:
    """Returns what a reply is written from: the pages that are read, else what a search finds."""
    parameters: Json = body.get("venice_parameters", {})
    text = last_user_text(body["messages"])
    pages = _ADDRESS.findall(text)[:MOST_PAGES]
    if parameters.get("enable_web_scraping") and pages:
        return [{"title": page, "url": page, "content": "What the page says."} for page in pages]
    wanted = parameters.get("enable_web_search", "off")
    searches = wanted == "on" or (wanted == "auto" and _OF_TODAY.search(text))
    return SOURCES if searches and not _asks_about_an_image(body["messages"]) else []


def price_of(body: Json) -> float:
    """Returns what looking into the web costs in USD: each page that is read, or the search."""
    sources = sources_of(body)
    return WEB_SEARCH_USD * (1 if sources is SOURCES else len(sources))


def with_marks(text: str, body: Json) -> str:
    """Returns the text with marks of its sources after its first paragraph, where they are wanted."""
    count = len(sources_of(body))
    if not count or not body.get("venice_parameters", {}).get("enable_web_citations"):
        return text
    first, gap, rest = text.partition("\n\n")
    return f"{first} ^{','.join(str(n) for n in range(1, count + 1))}^{gap}{rest}"


def _asks_about_an_image(messages: list[dict[str, Any]]) -> bool:
    asked: Json = next((said for said in reversed(messages) if said["role"] == "user"), {})
    content = asked.get("content")
    parts = content if isinstance(content, list) else []
    return any(part["type"] == "image_url" for part in parts)
