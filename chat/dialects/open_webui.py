"""Conversations as Open WebUI exports them: `chat.history.messages`."""

from __future__ import annotations

import re
from typing import Any

from chat.dialects.tales import Tale, Told
from chat.dialects.trees import in_order, kept_as_what, nodes_of
from chat.dialects.values import LONGEST_TEXT, as_list, as_mapping, as_moment, as_text, told_message

THOUGHT = re.compile(r"<details type=\"reasoning\"[^>]*>(.*?)</details>", re.DOTALL)
SUMMARY = re.compile(r"<summary>.*?</summary>", re.DOTALL)


def read(found: dict[str, Any]) -> Tale:
    """Return a conversation of Open WebUI. Raises `CannotRead`."""
    chat = as_mapping(found.get("chat"))
    history = as_mapping(chat.get("history"))
    nodes = nodes_of(as_mapping(history.get("messages")))
    kept_as = kept_as_what(nodes, lambda node: as_text(node.get("content"), LONGEST_TEXT).strip())
    messages = [
        _open_webui_message(key, node, kept_as.get(str(node.get("parentId"))))
        for key, node in nodes.items()
        if kept_as[key] == key
    ]
    models = [name for name in as_list(chat.get("models")) if isinstance(name, str)]
    return Tale(
        title=as_text(found.get("title") or chat.get("title"), 300),
        model=as_text(models[0], 120) if models else "",
        messages=in_order(messages),
        tip=kept_as.get(str(history.get("currentId"))),
        is_pinned=found.get("pinned") is True,
        is_archived=found.get("archived") is True,
        created_at=as_moment(found.get("created_at") or chat.get("timestamp")),
        updated_at=as_moment(found.get("updated_at")),
    )


def _open_webui_message(key: str, node: dict[str, Any], parent: str | None) -> Told:
    content = as_text(node.get("content"), LONGEST_TEXT)
    thoughts = [SUMMARY.sub("", found) for found in THOUGHT.findall(content)]
    reasoning = "\n".join(
        line.removeprefix("> ") for thought in thoughts for line in thought.strip().split("\n")
    )
    return told_message(
        key,
        parent,
        node.get("role"),
        THOUGHT.sub("", content).strip(),
        reasoning=reasoning,
        facts={"model": as_text(node.get("model"), 120)},
        created_at=node.get("timestamp"),
    )
