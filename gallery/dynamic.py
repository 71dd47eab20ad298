r"""Dynamic prompts: one text that stands for many. Pure.

`{red|blue}` is one of them, `{2$$a|b|c}` two of them, `{1-2$$ and $$a|b|c}` one or two joined by " and ";
choices nest. `__animal__` is a line of the team's word list "animal". A backslash before one of these signs
takes it as it is. Braces without a bar inside stay as they are, so prompts written as JSON pass untouched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise, product
from math import prod
from random import Random

WORD_LIST = re.compile(r"__([a-z0-9][a-z0-9-]{0,39})__", re.IGNORECASE)
HOW_MANY = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?\$\$(?:([^|{}$]*)\$\$)?")
JOINED = ", "
SIGNS = "{|}_\\"
MEANT = re.compile(r"[{}|\\]|__(?=[a-z0-9])", re.IGNORECASE)  # what may mean something
DEEPEST = 8  # choices within choices within choices …


class Misspelt(ValueError):
    """A prompt whose choices cannot be read; the message is a sentence for the person at the screen."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Between `least` and `most` of the options, joined, in the order in which they were written."""

    options: tuple[Phrase, ...]
    least: int = 1
    most: int = 1
    joint: str = JOINED

    def count(self) -> int:
        """Return in how many ways one can choose.

        `ways[n]` is in how many one can choose n of the options seen so far.
        """
        ways = [1] + [0] * self.most
        for option in self.options:
            each = option.count()
            for size in range(self.most, 0, -1):
                ways[size] += ways[size - 1] * each
        return sum(ways[self.least :])

    def every(self) -> Iterator[str]:
        """Yield every way to choose."""
        for size in range(self.least, self.most + 1):
            for picked in combinations(self.options, size):
                for texts in product(*(list(option.every()) for option in picked)):
                    yield self.joint.join(texts)

    def one(self, rng: Random) -> str:
        """Return one way to choose."""
        picked = rng.sample(range(len(self.options)), rng.randint(self.least, self.most))
        return self.joint.join(self.options[index].one(rng) for index in sorted(picked))


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words and choices, one after another."""

    parts: tuple[str | Choice, ...]

    def count(self) -> int:
        """Return how many texts these parts make."""
        return prod(part.count() for part in self.parts if isinstance(part, Choice))

    def every(self) -> Iterator[str]:
        """Yield every text, the last choice changing fastest. Count first: there may be very many."""
        ways = ([part] if isinstance(part, str) else list(part.every()) for part in self.parts)
        return ("".join(texts) for texts in product(*ways))

    def one(self, rng: Random) -> str:
        """Return one of the texts."""
        return "".join(part if isinstance(part, str) else part.one(rng) for part in self.parts)

    @property
    def is_dynamic(self) -> bool:
        """Return whether there is anything to choose."""
        return any(isinstance(part, Choice) for part in self.parts)


def lists_named(text: str) -> set[str]:
    """Return the names of the word lists that a text may need."""
    return {name.lower() for name in WORD_LIST.findall(text)}


def read(text: str, lists: Mapping[str, Sequence[str]]) -> Phrase:
    """Return what a prompt stands for. Raises `Misspelt`."""
    return _Reader(text, lists).phrase(0, len(text))


def literal(text: str) -> str:
    """Return what to write so that a text stands for itself alone, whatever signs it has."""
    try:
        means_itself = not lists_named(text) and read(text, {}).parts == (text,)
    except Misspelt:
        means_itself = False
    return text if means_itself else MEANT.sub(r"\\\g<0>", text)


@dataclass(slots=True)
class _Reader:
    text: str
    lists: Mapping[str, Sequence[str]]
    ends: dict[int, int] = field(init=False)
    bars: dict[int, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        """Find in one pass which braces belong together, and the bars directly between them."""
        self.ends, self.bars = {}, {}
        opened: list[int] = []
        position = 0
        while position < len(self.text):
            sign = self.text[position]
            if sign == "\\":
                position += 1
            elif sign == "{":
                opened.append(position)
                self.bars[position] = []
            elif sign == "|" and opened:
                self.bars[opened[-1]].append(position)
            elif sign == "}" and opened:
                self.ends[opened.pop()] = position
            position += 1

    def phrase(self, start: int, end: int, depth: int = 0) -> Phrase:
        """Return the words and choices between two positions."""
        parts: list[str | Choice] = []
        words = ""
        position = start
        while position < end:
            choice, after = self._choice(position, depth)
            if choice is None:
                sign, position = self._sign(position)
                words += sign
                continue
            parts += [words, choice]
            words, position = "", after
        return Phrase(tuple(part for part in [*parts, words] if part))

    def _sign(self, position: int) -> tuple[str, int]:
        follows = self.text[position + 1 : position + 2]
        if self.text[position] == "\\" and follows and follows in SIGNS:
            return follows, position + 2
        return self.text[position], position + 1

    def _choice(self, position: int, depth: int) -> tuple[Choice | None, int]:
        if self.text.startswith("__", position) and (named := WORD_LIST.match(self.text, position)):
            return self._listed(named.group(1).lower()), named.end()
        if self.text[position] != "{" or position not in self.ends:
            return None, position
        head = HOW_MANY.match(self.text, position + 1)
        if not head and not self.bars[position]:
            return None, position
        return self._braced(position, head, depth), self.ends[position] + 1

    def _listed(self, name: str) -> Choice:
        lines = self.lists.get(name)
        if not lines:
            raise Misspelt(
                f"There is no word list called {name}. Make one, or write \\__{name}__ to mean these signs."
            )
        return Choice(tuple(Phrase((line,)) for line in lines))

    def _braced(self, opened: int, head: re.Match[str] | None, depth: int) -> Choice:
        if depth >= DEEPEST:
            raise Misspelt("These choices lie too deep inside each other.")
        edges = [head.end() - 1 if head else opened, *self.bars[opened], self.ends[opened]]
        options = tuple(self.phrase(start + 1, end, depth + 1) for start, end in pairwise(edges))
        if head is None:
            return Choice(options)
        least = int(head.group(1))
        most = int(head.group(2) or least)
        if not 0 <= least <= most <= len(options) or most == 0:
            raise Misspelt(f"{head.group(0)} cannot choose from {len(options)} options.")
        return Choice(options, least, most, JOINED if head.group(3) is None else head.group(3))
