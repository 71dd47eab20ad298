"""What Venice answers apart from pictures and streams: JSON, lists, the health of a key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from venice_site.venice.errors import BadAnswer
from venice_site.venice.headers import number, rate_info
from venice_site.venice.texts import mended
from venice_site.venice.types import Character

__all__ = [
    "Balance",
    "KeyHealth",
    "balance",
    "characters",
    "json_object",
    "json_value",
    "key_health",
    "may_be_charged",
    "model_entries",
    "rate_info",
    "style_labels",
    "trait_map",
]


UNREADABLE = "Venice sent an answer that could not be read."


@dataclass(frozen=True, slots=True)
class KeyHealth:
    """What Venice says of a key: whether it may be used, and for how much.

    `balances` are by currency ("USD", "DIEM", …), in that currency. `limits` are by model and type ("RPM",
    "RPD", "TPM"). `reason` says in a sentence why a key is not `ok`.
    """

    ok: bool
    reason: str = ""
    balances: Mapping[str, float] = field(default_factory=dict)
    tier: str = ""
    next_epoch: datetime | None = None
    expires: datetime | None = None
    limits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Balance:
    """What a Venice account may spend; amounts by currency ("usd", "diem", …), each in that currency."""

    can_spend: bool
    currency: str = ""
    amounts: Mapping[str, float] = field(default_factory=dict)


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a paid order was answered with. Raises `BadAnswer` for anything else."""
    if body.lstrip()[:1] == b"<":
        raise BadAnswer(detail="a web page: whoever sent it did not do the work")
    try:
        said = json_value(body)
    except BadAnswer as broken:
        raise may_be_charged(UNREADABLE, broken.detail) from broken
    if not isinstance(said, dict):
        raise BadAnswer(detail=f"a JSON {type(said).__name__} instead of an object")
    return said


def may_be_charged(sentence: str, detail: str = "") -> BadAnswer:
    """Return the error of work that was done, perhaps charged, and came damaged."""
    charged = f"{sentence} The work may have been charged."
    return BadAnswer(charged, detail=detail, may_be_charged=True)


def json_value(body: bytes) -> Any:
    """Return the JSON of an answer. Raises `BadAnswer` when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(detail=f"not JSON: {type(error).__name__}") from error


def model_entries(said: Any, kind: str) -> list[dict[str, Any]]:
    """Return the models of a list in one shape: always `id`, `type` and a `model_spec` with a `name`.

    The seed document lists `{id, name, type}`; what is not known is left out (contract 2.3).
    """
    entries = []
    for entry in _rows(said):
        if isinstance(entry, dict) and text_of(entry.get("id")):
            spec = entry["model_spec"] if isinstance(entry.get("model_spec"), dict) else {}
            name = text_of(entry.get("name")) or text_of(spec.get("name")) or entry["id"]
            shape = {
                "type": text_of(entry.get("type")) or kind,
                "model_spec": {**spec, "name": name},
            }
            entries.append({**entry, **shape})
    return entries


def trait_map(said: Any) -> dict[str, str]:
    """Return the model of each trait. Raises `BadAnswer`."""
    data = said.get("data") if isinstance(said, dict) else None
    if not isinstance(data, dict):
        raise BadAnswer(detail="no traits")
    return {trait: model for trait, model in data.items() if isinstance(model, str)}


def style_labels(said: Any) -> list[str]:
    """Return the styles as they must be sent back; they come as text, as `{id, name}`, or as a bare list."""
    labels = [
        text_of(row.get("id") or row.get("name")) if isinstance(row, dict) else text_of(row)
        for row in _rows(said)
    ]
    return [label for label in labels if label]


def characters(said: Any) -> list[Character]:
    """Return the characters of a list; one without a slug is left out."""
    rows = (object_of(row) for row in _rows(said))
    return [
        Character(
            slug=text_of(row.get("slug")),
            name=text_of(row.get("name")) or text_of(row.get("slug")),
            description=text_of(row.get("description"))[:1000],
            author=text_of(row.get("author")),
            tags=texts_of(row.get("tags")),
            model=text_of(row.get("modelId")),
            adult=row.get("adult") is True,
            web_enabled=row.get("webEnabled") is True,
            featured=row.get("featured") is True,
        )
        for row in rows
        if text_of(row.get("slug"))
    ]


def balance(said: Any) -> Balance:
    """Return what `GET /billing/balance` says (contract 11). Raises `BadAnswer`."""
    if not isinstance(said, dict):
        raise BadAnswer(detail="no balance")
    return Balance(
        can_spend=said.get("canConsume") is True,
        currency=text_of(said.get("consumptionCurrency")),
        amounts=_balances(said.get("balances")),
    )


def key_health(said: Any, now: datetime) -> KeyHealth:
    """Return what `GET /api_keys/rate_limits` tells of a key (contract 11). Raises `BadAnswer`."""
    data = said.get("data") if isinstance(said, dict) else None
    if not isinstance(data, dict):
        raise BadAnswer(detail="no rate limits")
    expires = _iso_moment(data.get("keyExpiration"))
    reason = ""
    if data.get("accessPermitted") is False:
        reason = "Venice does not permit access with this key."
    elif expires is not None and expires <= now:
        reason = f"This key expired on {expires:%Y-%m-%d}."
    return KeyHealth(
        ok=not reason,
        reason=reason,
        balances=_balances(data.get("balances")),
        tier=text_of(object_of(data.get("apiTier")).get("id")),
        next_epoch=_iso_moment(data.get("nextEpochBegins")),
        expires=expires,
        limits=_limits(data.get("rateLimits")),
    )


def _rows(said: Any) -> list[Any]:
    rows = said.get("data") if isinstance(said, dict) else said
    if not isinstance(rows, list):
        raise BadAnswer(detail="no list")
    return rows


def _balances(found: Any) -> dict[str, float]:
    numbers = {name: number(amount) for name, amount in object_of(found).items()}
    return {name: amount for name, amount in numbers.items() if amount is not None}


def _limits(found: Any) -> dict[str, dict[str, int]]:
    limits: dict[str, dict[str, int]] = {}
    for row in found if isinstance(found, list) else []:
        model = text_of(object_of(row).get("apiModelId"))
        for limit in object_of(row).get("rateLimits") or []:
            amount = number(object_of(limit).get("amount"))
            if model and amount is not None:
                limits.setdefault(model, {})[text_of(object_of(limit).get("type"))] = int(amount)
    return limits


def _iso_moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def text_of(value: Any) -> str:
    """Return a text, mended where it needs to be, and nothing for anything else."""
    return mended(value) if isinstance(value, str) else ""


def texts_of(value: Any) -> tuple[str, ...]:
    """Return the texts of a list, and nothing for anything else."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def object_of(value: Any) -> dict[str, Any]:
    """Return a JSON object as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}
