"""Conversations as Venice Studio itself exports them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from chat.dialects.tales import CannotRead, Tale, Told
from chat.dialects.trees import few_enough, in_order
from chat.dialects.values import (
    as_key,
    as_list,
    as_mapping,
    as_moment,
    as_number,
    as_text,
    told_message,
)
from chat.schemas import NoSchema, checked

MOST_PICTURES = 10  # in one message
MOST_DOCUMENTS = 5  # in one message
LAST_COLUMN = 3  # of replies side by side
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


def read(found: dict[str, Any]) -> Tale:
    """Return a conversation of our own. Raises `CannotRead`."""
    messages = [_our_message(one) for one in _listed(found.get("messages"))]
    _leave_open(messages)
    return Tale(
        title=as_text(found.get("title"), 300),
        model=as_text(found.get("model"), 120),
        messages=in_order(messages),
        tip=as_key(found.get("tip")),
        settings=_settings(as_mapping(found.get("settings"))),
        persona=_persona(as_mapping(found.get("persona"))),
        folder=as_text(found.get("folder"), 60),
        folder_instructions=as_text(found.get("folder_instructions"), 20_000),
        is_pinned=found.get("pinned") is True,
        is_archived=found.get("archived") is True,
        is_ours=True,
        created_at=as_moment(found.get("created_at")),
        updated_at=as_moment(found.get("updated_at")),
    )


def _leave_open(messages: list[Told]) -> None:
    """Leave it to the person to go on with one reply only where several stand side by side, and nothing else."""
    columns: dict[str | None, set[int | None]] = {}
    for told in messages:
        column = told.facts["column"] if told.is_reply else None
        columns.setdefault(told.parent, set()).add(column)
    for told in messages:
        beside = columns.get(told.key, set())
        if told.is_reply or len(beside) < 2 or None in beside:
            told.facts["undecided"] = False


def _our_message(one: dict[str, Any]) -> Told:
    ended = one.get("status")
    facts: dict[str, Any] = {
        "status": ended
        if ended in ("succeeded", "failed", "cancelled", "interrupted")
        else "succeeded",
        **{name: as_text(one.get(name), most) for name, most in OUR_TEXTS.items()},
        **{name: as_number(one.get(name), most) or 0 for name, most in OUR_COUNTS.items()},
        **{
            name: as_number(one.get(name), 2**31 - 1) for name in ("reasoning_ms", "first_token_ms")
        },
        **{name: as_moment(one.get(name)) for name in ("started_at", "finished_at")},
        "column": as_number(one.get("column"), LAST_COLUMN) or 0,
        "undecided": one.get("undecided") is True,
    }
    if cited := [one for one in as_list(one.get("sources"))[:100] if isinstance(one, dict)]:
        facts["citations"] = [
            {name: as_text(source.get(name), 2_000) for name in ("title", "url", "content", "date")}
            for source in cited
        ]
    return told_message(
        one.get("id"),
        one.get("parent"),
        one.get("role"),
        one.get("text"),
        reasoning=one.get("reasoning"),
        facts=facts,
        created_at=one.get("created_at"),
        pictures=_files(one.get("pictures"), MOST_PICTURES),
        documents=_files(one.get("documents"), MOST_DOCUMENTS),
    )


def _files(told: Any, most: int) -> tuple[tuple[str, str], ...]:
    listed = map(as_mapping, as_list(told)[:most])
    files = ((as_text(one.get("name"), 100), as_text(one.get("called"), 100)) for one in listed)
    return tuple((name, called) for name, called in files if name)


def _settings(found: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {"system_prompt": as_text(found.get("system_prompt"), 20_000)}
    for name, (least, most) in OUR_NUMBERS.items():
        value = found.get(name)
        if isinstance(value, int | float) and value is not True and least <= value <= most:
            settings[name] = float(value)
    if most_tokens := as_number(found.get("max_tokens"), 2**31 - 1):
        settings["max_tokens"] = most_tokens
    if effort := re.fullmatch("[a-z]{1,20}", as_text(found.get("reasoning_effort"), 21)):
        settings["reasoning_effort"] = effort[0]
    if found.get("web_search") in ("auto", "on"):
        settings["web_search"] = found["web_search"]
    with suppress(NoSchema):
        settings["answer_schema"] = checked(found.get("answer_schema"))
    return settings


def _persona(found: dict[str, Any]) -> dict[str, str]:
    """Return the face of the persona that a conversation was held with, nothing without a name."""
    texts = {"name": 60, "letters": 2, "colour": 8, "character": 120}
    persona = {name: as_text(found.get(name), most) for name, most in texts.items()}
    return persona if persona["name"].strip() else {}


def _listed(value: Any) -> Iterator[dict[str, Any]]:
    messages = as_list(value)
    few_enough(len(messages))
    for one in messages:
        if not isinstance(one, dict):
            raise CannotRead("A message in it is not written as one.")
        yield one
