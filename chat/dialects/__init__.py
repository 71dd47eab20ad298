"""Exports of several programs → conversations, believed in nothing. No Django here.

Known are our own, those of ChatGPT (`mapping` of nodes) and of Open WebUI (`chat.history.messages`).
Whatever a file says, what comes out is a tree of a bounded number of messages, parents before children.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chat.dialects import chatgpt, open_webui, ours
from chat.dialects.tales import CannotRead, Tale, Told
from chat.dialects.values import as_mapping

__all__ = ["CannotRead", "Tale", "Told", "read_tale"]

DIALECTS: tuple[tuple[Callable[[dict[str, Any]], bool], Callable[[dict[str, Any]], Tale]], ...] = (
    (lambda found: found.get("format") == "venice-studio-conversation", ours.read),
    (lambda found: isinstance(found.get("mapping"), dict), chatgpt.read),
    (
        lambda found: isinstance(as_mapping(found.get("chat")).get("history"), dict),
        open_webui.read,
    ),
)


def read_tale(found: Any) -> Tale:
    """Return the conversation that a piece of JSON tells. Raises `CannotRead`."""
    if not isinstance(found, dict):
        raise CannotRead("A conversation in it is not written as one.")
    for is_spoken, read in DIALECTS:
        if is_spoken(found):
            return read(found)
    raise CannotRead("A conversation in it comes from a program that we do not know.")
