"""The sources that a reply cites: text from the web, which is trusted in nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chat.rendering import Sources

if TYPE_CHECKING:
    from chat.models import Message

MOST_SOURCES = 100
LONGEST = {"title": 300, "url": 2_000, "content": 2_000, "date": 40}


@dataclass(frozen=True, slots=True)
class Source:
    """A page that a reply cites; an address that is not of the web is left out."""

    title: str
    url: str
    content: str
    date: str

    @property
    def host(self) -> str:
        """Return where the source lies."""
        return urlsplit(self.url).hostname or "" if self.url else ""

    def as_dict(self) -> dict[str, str]:
        """Return the source as it is kept and exported."""
        return {"title": self.title, "url": self.url, "content": self.content, "date": self.date}


def read_sources(cited: Any) -> list[Source]:
    """Return what a message says it cites, whatever it says, in its order."""
    if not isinstance(cited, list):
        return []
    return [_source(one if isinstance(one, dict) else {}) for one in cited[:MOST_SOURCES]]


def sources_of(message: Message) -> list[Source]:
    """Return what a message cites."""
    return read_sources(message.citations)


def sources_for(message_id: int, sources: Sequence[Source]) -> Sources | None:
    """Return what the marks in a message's text may lead to."""
    return Sources(message_id, len(sources)) if sources else None


def _source(facts: dict[str, Any]) -> Source:
    texts = {name: _text(facts.get(name), most) for name, most in LONGEST.items()}
    url = texts["url"] if _is_of_the_web(texts["url"]) else ""
    return Source(texts["title"] or url or "Untitled", url, texts["content"], texts["date"])


def _text(value: Any, most: int) -> str:
    return value[:most] if isinstance(value, str) else ""


def _is_of_the_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
