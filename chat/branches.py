"""Which message answers which: walking the tree of a conversation by its ids alone. No Django here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Siblings:
    """The versions of one turn: where this one stands among them, counted from 1."""

    position: int
    count: int
    previous: int | None
    next: int | None

    @property
    def is_alone(self) -> bool:
        """Return whether there is no other version."""
        return self.count == 1


class Tree:
    """The messages of a conversation as pairs of an id and its parent's id, oldest first."""

    def __init__(self, pairs: Iterable[tuple[int, int | None]]) -> None:
        self._parents: dict[int, int | None] = {}
        self._children: dict[int | None, list[int]] = {}
        for message, parent in pairs:
            self.add(message, parent)

    def add(self, message: int, parent: int | None) -> None:
        """Add a message that was written just now."""
        self._parents[message] = parent
        self._children.setdefault(parent, []).append(message)

    def __len__(self) -> int:
        return len(self._parents)

    def __contains__(self, message: object) -> bool:
        return message in self._parents

    def ancestry(self, message: int | None) -> list[int]:
        """Return the ids from the first message down to this one."""
        path = []
        while message is not None:
            path.append(message)
            message = self._parents[message]
        return path[::-1]

    def parent(self, message: int | None) -> int | None:
        """Return what a message answers, None for the first one and for none."""
        return self._parents.get(message) if message is not None else None

    def children(self, message: int) -> list[int]:
        """Return the ids of what answers a message, oldest first."""
        return self._children.get(message, [])

    def branch(self, message: int | None, tip: int | None = None) -> list[int]:
        """Return the ids of the branch through a message, down to its newest end.

        The branch that a tip ends goes before newer ones.
        """
        path = self.ancestry(message)
        if tip in self and message in (chosen := self.ancestry(tip)):
            path = chosen
        while newest := self._children.get(path[-1] if path else None):
            path.append(newest[-1])
        return path

    def end(self, message: int | None, tip: int | None = None) -> int | None:
        """Return the newest end of the branch through a message, None when nothing was said."""
        path = self.branch(message, tip)
        return path[-1] if path else None

    def siblings(self, message: int) -> Siblings:
        """Return the versions that share a message's parent."""
        return siblings_among(self._children[self._parents[message]], message)


def siblings_among(versions: Sequence[int], message: int) -> Siblings:
    """Return where one stands among versions, oldest first."""
    at = versions.index(message)
    return Siblings(
        position=at + 1,
        count=len(versions),
        previous=versions[at - 1] if at else None,
        next=versions[at + 1] if at + 1 < len(versions) else None,
    )
