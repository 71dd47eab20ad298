"""The headers every answer carries, and the shapes of the seed document where they are asked for."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import replace
from urllib.parse import quote

from .exchange import Exchange
from .keys import DEFAULT_LIMITS, TOKEN_LIMIT
from .replies import Reply, Stream, json_reply

VERSION = "20260821.193530"
SEED_LIMIT = 100

_SEED_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "payment_required",
    404: "not_found_error",
    429: "rate_limit_error",
}


def dress[A: Reply | Stream](answer: A, exchange: Exchange) -> A:
    """Returns the answer with Venice's headers around its own."""
    own = {name.lower() for name in answer.headers}
    headers = {
        name: value
        for name, value in _common(exchange, answer.status).items()
        if name.lower() not in own
    }
    return replace(answer, headers={**headers, **answer.headers})


def seed_error(reply: Reply) -> Reply:
    """Returns an error in the shape of the seed document: `{"error": {"message", "type", "code"}}`."""
    try:
        error = json.loads(reply.body)["error"]
    except (ValueError, TypeError, KeyError):
        return reply
    message = error if isinstance(error, str) else json.dumps(error)
    kind = _SEED_TYPES.get(reply.status, "server_error")
    return replace(
        reply,
        body=json_reply(
            reply.status, {"error": {"message": message, "type": kind, "code": reply.status}}
        ).body,
    )


def _common(exchange: Exchange, status: int) -> dict[str, str]:
    headers = {"cf-ray": f"{secrets.token_hex(8)}-FRA", "x-venice-version": VERSION}
    headers |= (
        _rate_headers(exchange, status) | _balance_headers(exchange) | _model_headers(exchange)
    )
    return headers | exchange.extra_headers


def _rate_headers(exchange: Exchange, status: int) -> dict[str, str]:
    if exchange.model is None or exchange.has("no-rate-headers"):
        return {}
    window = exchange.state.keys.window(exchange.key, exchange.model.id)
    limit = exchange.key.request_limit or DEFAULT_LIMITS.get(exchange.model.type, 20)
    remaining = max(0, limit - window.requests)
    if exchange.seed_dialect:
        return {
            "X-RateLimit-Limit": str(SEED_LIMIT),
            "X-RateLimit-Remaining": str(max(0, SEED_LIMIT - window.requests)),
            "X-RateLimit-Reset": str(int(window.ends)),
        }
    reset = str(int(window.ends * 1000))
    headers = {
        "x-ratelimit-limit-requests": str(limit),
        "x-ratelimit-remaining-requests": str(remaining),
        "x-ratelimit-reset-requests": reset,
    }
    if exchange.model.type == "text":
        headers["x-ratelimit-limit-tokens"] = str(TOKEN_LIMIT)
        headers["x-ratelimit-remaining-tokens"] = str(max(0, TOKEN_LIMIT - window.tokens))
        headers["x-ratelimit-reset-tokens"] = reset
    return headers


def _balance_headers(exchange: Exchange) -> dict[str, str]:
    if exchange.seed_dialect or exchange.has("no-balance-headers") or not exchange.key.secret:
        return {}
    balances = {"usd": exchange.key.balance_usd, "diem": exchange.key.balance_diem}
    return {
        f"x-venice-balance-{name}": f"{amount:.6g}"
        for name, amount in balances.items()
        if amount > 0
    }


def _model_headers(exchange: Exchange) -> dict[str, str]:
    model = exchange.model
    if model is None or exchange.seed_dialect:
        return {}
    headers = {
        "x-venice-model-id": model.id,
        "x-venice-model-name": quote(model.name, safe=" ._-()"),
    }
    deprecation = model.spec.get("deprecation", {})
    if exchange.has("deprecation-headers"):
        later = time.strftime("%Y-%m-%dT00:00:00.000Z", time.gmtime(time.time() + 10 * 86400))
        deprecation = {
            "date": later,
            "replacementModelId": "z-image-turbo" if model.type == "image" else "kimi-k3",
        }
    if deprecation:
        headers["x-venice-model-deprecation-warning"] = f"The model {model.id} will be retired."
        headers["x-venice-model-deprecation-date"] = str(deprecation["date"])
        headers["x-venice-deprecated"] = "true"
        headers["x-venice-deprecated-replacement"] = str(deprecation.get("replacementModelId", ""))
    return headers
