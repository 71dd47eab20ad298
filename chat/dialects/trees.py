"""Messages that answer each other, in whatever order a file has them, as a tree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chat.dialects.tales import CannotRead, Told
from chat.dialects.values import as_key

MOST_MESSAGES = 10_000  # in one conversation
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def nodes_of(found: dict[Any, Any]) -> dict[str, dict[str, Any]]:
    """Return the nodes that are written as such, by their names. Raises `CannotRead`."""
    few_enough(len(found))
    return {str(key): node for key, node in found.items() if isinstance(node, dict)}


def kept_as_what(
    nodes: dict[str, dict[str, Any]], says: Callable[[dict[str, Any]], str]
) -> dict[str, str | None]:
    """Return as what each node is kept: itself, or the nearest one above that says something."""
    kept_as: dict[str, str | None] = {}
    for key in nodes:
        way: list[str] = []
        at: str | None = key
        while at in nodes and at not in kept_as:
            if len(way) > len(nodes):
                raise CannotRead("Messages of a conversation in it answer each other in a circle.")
            way.append(at)
            if says(nodes[at]):
                kept_as[at] = at
                way.pop()
                break
            at = _parent(nodes[at])
        end = kept_as.get(at) if at is not None else None
        for passed in way:
            kept_as[passed] = end
    return kept_as


def _parent(node: dict[str, Any]) -> str | None:
    return as_key(node.get("parent", node.get("parentId")))


def in_order(messages: list[Told]) -> list[Told]:
    """Return messages so that each comes after the one it answers. Raises `CannotRead`."""
    few_enough(len(messages))
    by_key = {told.key: told for told in messages}
    if len(by_key) < len(messages):
        raise CannotRead("Two messages of a conversation in it have the same name.")
    answers: dict[str | None, list[Told]] = {}
    for told in messages:
        answers.setdefault(told.parent if told.parent in by_key else None, []).append(told)
    ordered: list[Told] = []
    waiting = answers.get(None, [])[::-1]
    while waiting:
        told = waiting.pop()
        ordered.append(told)
        waiting += answers.get(told.key, [])[::-1]
    if len(ordered) < len(messages):
        raise CannotRead("Messages of a conversation in it answer each other in a circle.")
    if not ordered:
        raise CannotRead("A conversation in it has no messages.")
    if _are_parents_first(messages, by_key):
        return messages
    dated = sorted(ordered, key=lambda told: told.created_at or LONG_AGO)
    return dated if _are_parents_first(dated, by_key) else ordered


def _are_parents_first(messages: list[Told], by_key: dict[str, Told]) -> bool:
    seen: set[str] = set()
    for told in messages:
        seen.add(told.key)
        if told.parent in by_key and told.parent not in seen:
            return False
    return True


def few_enough(count: int) -> None:
    """Raise `CannotRead` when a conversation has more messages than one may have."""
    if count > MOST_MESSAGES:
        raise CannotRead(f"A conversation in it has more than {MOST_MESSAGES:,} messages.")
