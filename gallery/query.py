"""What a person types to find pictures: words, "phrases", -without, and filters such as `model:flux`. No Django here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from gallery.words import words

FILTERS = (
    "model",
    "style",
    "seed",
    "size",
    "by",
    "before",
    "after",
    "tag",
    "in",
    "is",
    "rating",
    "status",
)
MOST_PARTS = 32
LONGEST = 10_000  # characters that are read
PART = re.compile(r'(-?)(?:([A-Za-z]+):)?(?:"([^"]*)"?|(\S+))')


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a query: a word, a phrase, or a filter with its value."""

    value: str
    filter: str = ""
    is_negated: bool = False
    is_quoted: bool = False

    def __str__(self) -> str:
        value = f'"{self.value}"' if self.is_quoted or re.search(r"\s", self.value) else self.value
        return f"{'-' if self.is_negated else ''}{self.filter and self.filter + ':'}{value}"


@dataclass(frozen=True)
class Query:
    """A query taken apart; nonsense becomes words, never an error."""

    parts: tuple[Part, ...] = ()
    is_cut: bool = False

    @classmethod
    def parse(cls, text: str) -> Query:
        """Return the query that a text means."""
        found = (_part(match) for match in PART.finditer(text[:LONGEST].replace("\0", " ")))
        parts = list(dict.fromkeys(part for part in found if part is not None))
        is_cut = len(parts) > MOST_PARTS or len(text) > LONGEST
        return cls(tuple(parts[:MOST_PARTS]), is_cut)

    def __str__(self) -> str:
        return " ".join(map(str, self.parts))

    def __bool__(self) -> bool:
        return bool(self.parts)

    @cached_property
    def texts(self) -> list[Part]:
        """Return the parts that are looked for in prompts."""
        return [part for part in self.parts if not part.filter]

    @cached_property
    def filters(self) -> list[Part]:
        """Return the parts that say which pictures, not what their prompts say."""
        return [part for part in self.parts if part.filter]

    def having(self, part: Part) -> Query:
        """Return the query with one part more."""
        return self if part in self.parts else Query((*self.parts, part))

    def without(self, part: Part) -> Query:
        """Return the query with one part less."""
        return Query(tuple(other for other in self.parts if other != part))


def _part(match: re.Match[str]) -> Part | None:
    minus, name, quoted, plain = match.groups()
    is_quoted = quoted is not None
    value = (quoted if is_quoted else plain).strip()
    if name and name.lower() in FILTERS:
        return Part(value, name.lower(), bool(minus)) if value else None
    if name:  # a colon inside of something else, such as a time or an address
        value = f"{name}:{value}"
    return Part(value, "", bool(minus), is_quoted) if words(value) else None
