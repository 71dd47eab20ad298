"""Exports of several programs → conversations, believed in nothing. No Django here.

Known are our own, those of ChatGPT (`mapping` of nodes) and of Open WebUI (`chat.history.messages`).
Whatever a file says, what comes out is a tree of a bounded number of messages, parents before children.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from chat.schemas import NoSchema, checked

MOST_MESSAGES = 10_000  # in one conversation
LONGEST_TEXT = 1_000_000  # characters of one message
MOST_PICTURES = 10  # in one message
MOST_DOCUMENTS = 5  # in one message
THOUGHT = re.compile(r"<details type=\"reasoning\"[^>]*>(.*?)</details>", re.DOTALL)
SUMMARY = re.compile(r"<summary>.*?</summary>", re.DOTALL)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LOST_PICTURE = "[A picture that was not in the export]"


class CannotRead(ValueError):
    """A file or a conversation in it is not what we know; `str(error)` is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message as a file tells it."""

    key: str
    parent: str | None
    is_reply: bool
    text: str
    reasoning: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    pictures: tuple[str, ...] = ()
    documents: tuple[
        tuple[str, str], ...
    ] = ()  # each its name in the file, and what people call it


@dataclass(frozen=True, slots=True)
class Tale:
    """One conversation as a file tells it; `messages` come after those they answer."""

    title: str
    model: str
    messages: list[Told]
    tip: str | None
    settings: dict[str, Any] = field(default_factory=dict)
    persona: dict[str, str] = field(default_factory=dict)
    folder: str = ""
    is_pinned: bool = False
    is_archived: bool = False
    is_ours: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """Return what tells this conversation from others, however often it is imported."""
        place = {told.key: number for number, told in enumerate(self.messages)}
        told = [(place.get(t.parent or ""), t.is_reply, t.text) for t in self.messages]
        began = self.created_at.isoformat() if self.created_at else ""
        return sha256(json.dumps([began, told]).encode()).hexdigest()


def read_tale(found: Any) -> Tale:
    """Return the conversation that a piece of JSON tells. Raises `CannotRead`."""
    if not isinstance(found, dict):
        raise CannotRead("A conversation in it is not written as one.")
    for is_spoken, read in DIALECTS:
        if is_spoken(found):
            return read(found)
    raise CannotRead("A conversation in it comes from a program that we do not know.")


# --- our own ---------------------------------------------------------------------------------------


def _ours(found: dict[str, Any]) -> Tale:
    messages = [_our_message(one) for one in _listed(found.get("messages"))]
    return Tale(
        title=_text(found.get("title"), 300),
        model=_text(found.get("model"), 120),
        messages=in_order(messages),
        tip=_key(found.get("tip")),
        settings=_settings(_mapping(found.get("settings"))),
        persona=_persona(_mapping(found.get("persona"))),
        folder=_text(found.get("folder"), 60),
        is_pinned=found.get("pinned") is True,
        is_archived=found.get("archived") is True,
        is_ours=True,
        created_at=_moment(found.get("created_at")),
        updated_at=_moment(found.get("updated_at")),
    )


def _our_message(one: dict[str, Any]) -> Told:
    ended = one.get("status")
    facts: dict[str, Any] = {
        "status": ended
        if ended in ("succeeded", "failed", "cancelled", "interrupted")
        else "succeeded",
        **{name: _text(one.get(name), most) for name, most in OUR_TEXTS.items()},
        **{name: _number(one.get(name), most) or 0 for name, most in OUR_COUNTS.items()},
        **{name: _number(one.get(name), 2**31 - 1) for name in ("reasoning_ms", "first_token_ms")},
        **{name: _moment(one.get(name)) for name in ("started_at", "finished_at")},
    }
    if cited := [one for one in _list(one.get("sources"))[:100] if isinstance(one, dict)]:
        facts["citations"] = [
            {name: _text(source.get(name), 2_000) for name in ("title", "url", "content", "date")}
            for source in cited
        ]
    pictures = (_text(_mapping(p).get("name"), 100) for p in _list(one.get("pictures")))
    return _told(
        one.get("id"),
        one.get("parent"),
        one.get("role"),
        one.get("text"),
        reasoning=one.get("reasoning"),
        facts=facts,
        created_at=one.get("created_at"),
        pictures=tuple(name for name in pictures if name)[:MOST_PICTURES],
        documents=_documents(one),
    )


def _documents(one: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    listed = map(_mapping, _list(one.get("documents"))[:MOST_DOCUMENTS])
    return tuple((_text(d.get("name"), 100), _text(d.get("called"), 100)) for d in listed)


OUR_TEXTS = {
    "model": 120,
    "served_by": 120,
    "fallback_reason": 200,
    "finish_reason": 40,
    "error": 500,
    "error_kind": 20,
    "cost_source": 10,
}
OUR_COUNTS = {
    **dict.fromkeys(("tokens_in", "tokens_out", "tokens_cached", "tokens_reasoning"), 2**31 - 1),
    "cost": 2**53,
}
OUR_NUMBERS = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}


def _settings(found: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {"system_prompt": _text(found.get("system_prompt"), 20_000)}
    for name, (least, most) in OUR_NUMBERS.items():
        value = found.get(name)
        if isinstance(value, int | float) and value is not True and least <= value <= most:
            settings[name] = float(value)
    if most_tokens := _number(found.get("max_tokens"), 2**31 - 1):
        settings["max_tokens"] = most_tokens
    if effort := re.fullmatch("[a-z]{1,20}", _text(found.get("reasoning_effort"), 21)):
        settings["reasoning_effort"] = effort[0]
    if found.get("web_search") in ("auto", "on"):
        settings["web_search"] = found["web_search"]
    with suppress(NoSchema):
        settings["answer_schema"] = checked(found.get("answer_schema"))
    return settings


def _persona(found: dict[str, Any]) -> dict[str, str]:
    """Return the face of the persona that a conversation was held with, nothing without a name."""
    texts = {"name": 60, "letters": 2, "colour": 8, "character": 120}
    persona = {name: _text(found.get(name), most) for name, most in texts.items()}
    return persona if persona["name"].strip() else {}


# --- ChatGPT ---------------------------------------------------------------------------------------


def _chatgpt(found: dict[str, Any]) -> Tale:
    nodes = _nodes(found["mapping"])
    messages, kept_as = [], _skipped(nodes, _chatgpt_says)
    for key, node in nodes.items():
        if kept_as[key] != key:
            continue
        message = _mapping(node.get("message"))
        model = _text(_mapping(message.get("metadata")).get("model_slug"), 120)
        messages.append(
            _told(
                key,
                kept_as.get(str(node.get("parent")), None),
                _mapping(message.get("author")).get("role"),
                _chatgpt_says(node),
                facts={"model": model},
                created_at=message.get("create_time"),
            )
        )
    models = [told.facts["model"] for told in messages if told.is_reply and told.facts["model"]]
    return Tale(
        title=_text(found.get("title"), 300),
        model=models[-1] if models else "",
        messages=in_order(messages),
        tip=kept_as.get(str(found.get("current_node"))),
        is_archived=found.get("is_archived") is True,
        created_at=_moment(found.get("create_time")),
        updated_at=_moment(found.get("update_time")),
    )


def _chatgpt_says(node: dict[str, Any]) -> str:
    """Return what a node says, empty for what was said behind the scenes."""
    message = _mapping(node.get("message"))
    if _mapping(message.get("author")).get("role") not in ("user", "assistant"):
        return ""
    if _mapping(message.get("metadata")).get("is_visually_hidden_from_conversation") is True:
        return ""
    content = _mapping(message.get("content"))
    kind = content.get("content_type")
    if kind == "code":
        return (
            f"```\n{_text(content.get('text'), LONGEST_TEXT)}\n```" if content.get("text") else ""
        )
    if kind not in ("text", "multimodal_text"):
        return ""
    parts = (p if isinstance(p, str) else _chatgpt_part(p) for p in _list(content.get("parts")))
    return "\n\n".join(part for part in parts if part).strip()


def _chatgpt_part(part: Any) -> str:
    part = _mapping(part)
    if part.get("content_type") == "image_asset_pointer":
        return LOST_PICTURE
    return _text(part.get("text"), LONGEST_TEXT)


# --- Open WebUI ------------------------------------------------------------------------------------


def _open_webui(found: dict[str, Any]) -> Tale:
    chat = _mapping(found.get("chat"))
    history = _mapping(chat.get("history"))
    nodes = _nodes(_mapping(history.get("messages")))
    kept_as = _skipped(nodes, lambda node: _text(node.get("content"), LONGEST_TEXT).strip())
    messages = [
        _open_webui_message(key, node, kept_as.get(str(node.get("parentId"))))
        for key, node in nodes.items()
        if kept_as[key] == key
    ]
    models = [name for name in _list(chat.get("models")) if isinstance(name, str)]
    return Tale(
        title=_text(found.get("title") or chat.get("title"), 300),
        model=_text(models[0], 120) if models else "",
        messages=in_order(messages),
        tip=kept_as.get(str(history.get("currentId"))),
        is_pinned=found.get("pinned") is True,
        is_archived=found.get("archived") is True,
        created_at=_moment(found.get("created_at") or chat.get("timestamp")),
        updated_at=_moment(found.get("updated_at")),
    )


def _open_webui_message(key: str, node: dict[str, Any], parent: str | None) -> Told:
    content = _text(node.get("content"), LONGEST_TEXT)
    thoughts = [SUMMARY.sub("", found) for found in THOUGHT.findall(content)]
    reasoning = "\n".join(
        line.removeprefix("> ") for thought in thoughts for line in thought.strip().split("\n")
    )
    return _told(
        key,
        parent,
        node.get("role"),
        THOUGHT.sub("", content).strip(),
        reasoning=reasoning,
        facts={"model": _text(node.get("model"), 120)},
        created_at=node.get("timestamp"),
    )


DIALECTS: tuple[tuple[Callable[[dict[str, Any]], bool], Callable[[dict[str, Any]], Tale]], ...] = (
    (lambda found: found.get("format") == "venice-studio-conversation", _ours),
    (lambda found: isinstance(found.get("mapping"), dict), _chatgpt),
    (lambda found: isinstance(_mapping(found.get("chat")).get("history"), dict), _open_webui),
)


# --- trees -----------------------------------------------------------------------------------------


def _nodes(found: dict[Any, Any]) -> dict[str, dict[str, Any]]:
    _few_enough(len(found))
    return {str(key): node for key, node in found.items() if isinstance(node, dict)}


def _skipped(
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
    return _key(node.get("parent", node.get("parentId")))


def in_order(messages: list[Told]) -> list[Told]:
    """Return messages so that each comes after the one it answers. Raises `CannotRead`."""
    _few_enough(len(messages))
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


def _few_enough(count: int) -> None:
    if count > MOST_MESSAGES:
        raise CannotRead(f"A conversation in it has more than {MOST_MESSAGES:,} messages.")


# --- values ----------------------------------------------------------------------------------------


def _told(
    key: Any,
    parent: Any,
    role: Any,
    text: Any,
    *,
    reasoning: Any = "",
    created_at: Any = None,
    **more: Any,
) -> Told:
    if role not in ("user", "assistant"):
        raise CannotRead("A message in it is by nobody that we know.")
    if isinstance(text, str) and len(text) > LONGEST_TEXT:
        raise CannotRead(f"A message in it has more than {LONGEST_TEXT:,} characters.")
    name = _key(key)
    if name is None:
        raise CannotRead("A message in it has no name.")
    return Told(
        name,
        _key(parent),
        role == "assistant",
        _text(text, LONGEST_TEXT),
        _text(reasoning, LONGEST_TEXT),
        created_at=_moment(created_at),
        **more,
    )


def _listed(value: Any) -> Iterator[dict[str, Any]]:
    messages = _list(value)
    _few_enough(len(messages))
    for one in messages:
        if not isinstance(one, dict):
            raise CannotRead("A message in it is not written as one.")
        yield one


def _key(value: Any) -> str | None:
    is_name = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value)[:200] if is_name else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any, most: int) -> str:
    """Return a text as databases take it: without half characters and zero bytes."""
    if not isinstance(value, str):
        return ""
    whole = value[:most].encode("utf-8", "replace").decode()
    return whole.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def _number(value: Any, most: int) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 <= value <= most else None


def _moment(value: Any) -> datetime | None:
    """Return a moment given in ISO 8601 or in seconds (or milli-, or nanoseconds) since 1970."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value[:40])
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
        elif (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        ):
            while abs(value) > 100_000_000_000:
                value /= 1_000
            found = datetime.fromtimestamp(value, UTC)
        else:
            return None
        return found.astimezone(UTC) if 1990 <= found.year <= 2200 else None
    except (ValueError, OverflowError, OSError):
        return None
