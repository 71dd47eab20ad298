"""The endpoints that only list: models, traits, styles, rate limits, balance."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from .exchange import Exchange
from .keys import DEFAULT_LIMITS, TOKEN_LIMIT
from .replies import Reply, json_reply
from .validation import Choice, Shape, demand

MODEL_TYPES = (
    "asr",
    "embedding",
    "image",
    "music",
    "text",
    "tts",
    "upscale",
    "inpaint",
    "video",
    "all",
    "code",
)

_TYPED = Shape({"type": Choice(*MODEL_TYPES)}, strict=False)


def models(exchange: Exchange) -> Reply:
    """Answers `GET /models?type=`; without a type only text models come."""
    kind = _type(exchange, "text")
    found = exchange.state.catalogue.of_type(kind)
    if exchange.seed_dialect or exchange.has("models-seed-shape"):
        return json_reply(200, {"data": [model.seed_row() for model in found]})
    rows: list[dict[str, Any]] = (
        [] if exchange.has("models-empty") else [model.row() for model in found]
    )
    if exchange.has("models-unknown-type"):
        rows.append(_unheard_of())
    return json_reply(200, {"data": rows, "object": "list", "type": kind})


def traits(exchange: Exchange) -> Reply:
    """Answers `GET /models/traits?type=`: an object of trait → model id."""
    kind = _type(exchange, "text")
    return json_reply(
        200, {"data": exchange.state.catalogue.traits(kind), "object": "list", "type": kind}
    )


def compatibility(exchange: Exchange) -> Reply:
    """Answers `GET /models/compatibility_mapping?type=`."""
    kind = _type(exchange, "text")
    return json_reply(
        200, {"data": exchange.state.catalogue.compatibility(kind), "object": "list", "type": kind}
    )


def styles(exchange: Exchange) -> Reply:
    """Answers `GET /image/styles` in today's shape, as objects, or as a bare list."""
    labels = exchange.state.catalogue.styles
    if exchange.has("styles-bare"):
        return json_reply(200, labels)
    if exchange.has("styles-objects") or (
        exchange.seed_dialect and not exchange.has("styles-strings")
    ):
        return json_reply(
            200, {"data": [{"id": style_id(label), "name": label} for label in labels]}
        )
    return json_reply(200, {"data": labels, "object": "list"})


def style_id(label: str) -> str:
    """Returns the id a style has in the seed document's shape: `Digital Art` → `digital-art`."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")


def rate_limits(exchange: Exchange) -> Reply:
    """Answers `GET /api_keys/rate_limits`, the health check of a key."""
    key = exchange.key
    limits = []
    for model in exchange.state.catalogue.of_type("all"):
        amounts = [{"amount": key.request_limit or DEFAULT_LIMITS[model.type], "type": "RPM"}]
        if model.type == "text":
            amounts.append({"amount": TOKEN_LIMIT, "type": "TPM"})
        limits.append({"apiModelId": model.id, "rateLimits": amounts})
    data = {
        "accessPermitted": True,
        "apiTier": {"id": "paid", "isCharged": True},
        "balances": {"USD": key.balance_usd, "DIEM": key.balance_diem},
        "keyExpiration": None,
        "nextEpochBegins": _next_midnight().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "rateLimits": limits,
    }
    return json_reply(200, {"data": data})


def balance(exchange: Exchange) -> Reply:
    """Answers `GET /billing/balance`."""
    key = exchange.key
    body = {
        "canConsume": key.balance_usd + key.balance_diem > 0.1,
        "consumptionCurrency": "DIEM" if key.balance_diem > 0 else "USD",
        "balances": {"diem": key.balance_diem, "usd": key.balance_usd},
        "diemEpochAllocation": 100,
    }
    return json_reply(200, body)


def retired_usage(exchange: Exchange) -> Reply:
    """Answers `GET /billing/usage`, which Venice has taken away: 410, naming what came after it."""
    successor = "/api/v1/billing/usage-history"
    headers = {
        "Sunset": "Wed, 16 Sep 2026 00:00:00 GMT",
        "Link": f'<{successor}>; rel="successor-version"',
    }
    return json_reply(410, {"error": f"This endpoint is gone; use GET {successor}"}, headers)


def _type(exchange: Exchange, default: str) -> str:
    demand(_TYPED, exchange.request.query)
    return exchange.request.query.get("type", default)


def _next_midnight() -> datetime:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)


def _unheard_of() -> dict[str, Any]:
    spec = {
        "name": "Oracle",
        "privacy": "telepathic",
        "traits": [],
        "offline": False,
        "pricing": {},
    }
    row = {"created": 1790000000, "id": "oracle-1", "model_spec": spec, "object": "model"}
    return {**row, "owned_by": "venice.ai", "type": "decision"}
