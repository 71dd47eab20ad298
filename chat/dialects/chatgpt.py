"""Conversations as ChatGPT exports them: a `mapping` of nodes."""

from __future__ import annotations

import json
import re
from typing import Any

from chat.dialects.tales import Tale
from chat.dialects.trees import in_order, kept_as_what, nodes_of
from chat.dialects.values import LONGEST_TEXT, as_list, as_mapping, as_moment, as_text, told_message

LOST_PICTURE = "[A picture that was not in the export]"
# Marks that its pages draw something from: a kind, then what it is about, between signs nobody writes.
MARK = re.compile("[ \\t]{0,9}\ue200([a-z_]*)\ue202?([^\ue200\ue201]*)\ue201")
STRAY = re.compile("[\ue200-\ue206]")


def read(found: dict[str, Any]) -> Tale:
    """Return a conversation of ChatGPT. Raises `CannotRead`."""
    nodes = nodes_of(found["mapping"])
    messages, kept_as = [], kept_as_what(nodes, _shown)
    for key, node in nodes.items():
        if kept_as[key] != key:
            continue
        message = as_mapping(node.get("message"))
        model = as_text(as_mapping(message.get("metadata")).get("model_slug"), 120)
        messages.append(
            told_message(
                key,
                kept_as.get(str(node.get("parent")), None),
                as_mapping(message.get("author")).get("role"),
                _shown(node),
                written=as_text(_chatgpt_says(node), LONGEST_TEXT),
                facts={"model": model},
                created_at=message.get("create_time"),
            )
        )
    models = [told.facts["model"] for told in messages if told.is_reply and told.facts["model"]]
    return Tale(
        title=as_text(found.get("title"), 300),
        model=models[-1] if models else "",
        messages=in_order(messages),
        tip=kept_as.get(str(found.get("current_node"))),
        is_archived=found.get("is_archived") is True,
        created_at=as_moment(found.get("create_time")),
        updated_at=as_moment(found.get("update_time")),
    )


def _shown(node: dict[str, Any]) -> str:
    """Return what a node says, without the marks in what a model says."""
    said = _chatgpt_says(node)
    role = as_mapping(as_mapping(node.get("message")).get("author")).get("role")
    if role != "assistant" or not STRAY.search(said):
        return said
    return STRAY.sub("", MARK.sub(_unmarked, said)).strip()


def _unmarked(mark: re.Match[str]) -> str:
    """Return what is read in the place of a mark: the name of what it is about, of a source nothing."""
    if mark[1] != "entity":
        return ""
    try:
        name = as_text(as_list(json.loads(mark[2]))[1], 300)
    except (ValueError, IndexError, RecursionError):
        return ""
    return mark[0][: mark[0].index("\ue200")] + name


def _chatgpt_says(node: dict[str, Any]) -> str:
    """Return what a node says, empty for what was said behind the scenes."""
    message = as_mapping(node.get("message"))
    if as_mapping(message.get("author")).get("role") not in ("user", "assistant"):
        return ""
    if as_mapping(message.get("metadata")).get("is_visually_hidden_from_conversation") is True:
        return ""
    content = as_mapping(message.get("content"))
    kind = content.get("content_type")
    if kind == "code":
        return (
            f"```\n{as_text(content.get('text'), LONGEST_TEXT)}\n```" if content.get("text") else ""
        )
    if kind not in ("text", "multimodal_text"):
        return ""
    parts = (p if isinstance(p, str) else _chatgpt_part(p) for p in as_list(content.get("parts")))
    return "\n\n".join(part for part in parts if part).strip()


def _chatgpt_part(part: Any) -> str:
    part = as_mapping(part)
    if part.get("content_type") == "image_asset_pointer":
        return LOST_PICTURE
    return as_text(part.get("text"), LONGEST_TEXT)
