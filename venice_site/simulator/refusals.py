"""Scenarios that answer with an error instead of working.

Every body is one of the shapes in section 4.1 of the contract sheet.
"""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from .replies import Reply, json_reply
from .scenarios import SCENARIOS, Maker, Options, Scenario

X402: dict[str, Any] = {
    "x402Version": 2,
    "error": "Authentication required",
    "resource": {
        "url": "https://api.venice.ai/api/v1",
        "description": "Venice API",
        "mimeType": "application/json",
    },
    "accepts": [
        {
            "scheme": "exact",
            "network": "eip155:8453",
            "asset": "0x0",
            "amount": "10000000",
            "payTo": "0x0",
            "maxTimeoutSeconds": 300,
        }
    ],
    "extensions": {"sign-in-with-x": {}},
    "authOptions": {
        "apiKey": {
            "header": "Authorization: Bearer YOUR_API_KEY",
            "getKey": "https://venice.ai/settings/api",
            "docs": "https://docs.venice.ai/api-reference",
        },
        "x402Wallet": {
            "header": "SIGN-IN-WITH-X",
            "legacyHeader": "X-Sign-In-With-X",
            "topUp": "POST /api/v1/x402/top-up",
            "docs": "https://docs.venice.ai/api-reference",
        },
    },
}

INSUFFICIENT_BALANCE = "Insufficient USD or Diem balance to complete request. Visit https://venice.ai/settings/api to add credits."
SPEND_LIMIT = (
    "API key USD spend limit exceeded. Your account may still have USD balance, "
    "but this API key has reached its configured USD spending limit."
)
OVERLOADED = "The model is currently overloaded. Please try again later."
TIMED_OUT = (
    "The request took too long to complete and was timed-out. For long-running inference requests, "
    "use the streaming API by setting `stream=true` in your request."
)
POLICY = "Your prompt violates the content policy of Venice.ai or the model provider"
TOO_LARGE = {
    "code": "PAYLOAD_TOO_LARGE",
    "error": "File exceeds the maximum allowed size of 25 MB.",
}
CONTEXT_LENGTH = {
    "error": {
        "message": "Your request exceeds the model's maximum context. Please reduce your prompt "
        "or completion length.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
}


def payment_required() -> Reply:
    """Returns what Venice answers to a request without credentials: 402, not 401."""
    encoded = base64.b64encode(json.dumps(X402).encode()).decode()
    return json_reply(402, X402, {"PAYMENT-REQUIRED": encoded})


def milliseconds_from_now(seconds: float) -> str:
    """Returns a point in time the way Venice writes it into headers: Unix milliseconds."""
    return str(int((time.time() + seconds) * 1000))


def rate_limited(seconds: float, limit: int) -> Reply:
    """Returns the 429 of a full request window that ends in `seconds`."""
    headers = {
        "x-ratelimit-limit-requests": str(limit),
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": milliseconds_from_now(seconds),
        "x-ratelimit-type": "user",
    }
    return json_reply(429, {"error": "Rate limit exceeded"}, headers)


def error_budget_spent(seconds: float, limit: int = 20) -> Reply:
    """Returns the 429 that follows too many failures."""
    message = (
        f"Too many failed attempts (> {limit}) resulting in a non-success status code. "
        "Please wait 30s and try again."
    )
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-resets": milliseconds_from_now(seconds)}
    return json_reply(429, {"error": message}, headers)


def plain(
    name: str, status: int, message: str, about: str, *checklist: int, times: int | None = None
) -> None:
    """Registers a refusal of the usual shape `{"error": "text"}`."""
    shaped(name, status, {"error": message}, about, *checklist, times=times)


def shaped(
    name: str, status: int, body: object, about: str, *checklist: int, times: int | None = None
) -> None:
    """Registers a refusal with a body of another shape."""
    reply = json_reply(status, body)
    SCENARIOS.register(Scenario(name, about, checklist, lambda options: reply, times))


def made(name: str, make: Maker, about: str, *checklist: int, **defaults: Any) -> None:
    """Registers a refusal that is made anew each time, from its options."""
    SCENARIOS.register(Scenario(name, about, checklist, make, None, defaults))


def seed_shape(status: int, message: str, kind: str) -> dict[str, Any]:
    """Returns an error in the shape of the seed document."""
    return {"error": {"message": message, "type": kind, "code": status}}


def unrecognized(name: str) -> dict[str, Any]:
    """Returns the issue of a field that is not known."""
    message = f"Unrecognized key(s) in object: '{name}'"
    return {"code": "unrecognized_keys", "keys": [name], "path": [], "message": message}


def _seed_rate_limited(options: Options) -> Reply:
    headers = {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(time.time() + float(options["seconds"]))),
    }
    return json_reply(429, seed_shape(429, "Rate limit exceeded", "rate_limit_error"), headers)


def _overloaded(options: Options) -> Reply:
    return json_reply(429, {"error": OVERLOADED}, {"Retry-After": str(int(options["seconds"]))})


def _max_tokens(options: Options) -> Reply:
    cap = int(options["cap"])
    message = f"max_completion_tokens (8192) exceeds the maximum allowed for model 'm' ({cap})"
    return json_reply(400, {"error": message})


_REFUSED = "Authentication failed"
plain("unauthorized", 401, _REFUSED, "The key is refused.", 11, 12)
plain("unauthorized-once", 401, _REFUSED, "A single 401 for a good key.", 13, times=1)
plain(
    "unauthorized-inactive",
    401,
    "Authentication failed: the subscription of this API key is inactive",
    "The subscription is inactive.",
    12,
)
plain(
    "unauthorized-pro-only",
    401,
    "This model is only available to Pro users",
    "The model is for Pro users; the key is fine.",
    14,
)
plain(
    "unauthorized-admin-required",
    401,
    "Admin API key required",
    "The route needs an admin key; the key is fine.",
    15,
)
shaped(
    "unauthorized-seed-shape",
    401,
    seed_shape(401, "Invalid API key", "authentication_error"),
    "401 in the shape of the seed document.",
    2,
    12,
)
plain("payment-balance", 402, INSUFFICIENT_BALANCE, "The account is out of balance.", 16, 19)
plain("payment-spend-limit", 402, SPEND_LIMIT, "This key has reached its spend limit.", 17)
made("payment-no-auth", lambda options: payment_required(), "No Authorization header came.", 18)
shaped(
    "payment-seed-shape",
    402,
    seed_shape(402, "Premium model requires subscription", "payment_required"),
    "402 in the shape of the seed document.",
    2,
    16,
)
made(
    "rate-limited-ms",
    lambda options: rate_limited(float(options["seconds"]), int(options["limit"])),
    "429 with a reset in Unix milliseconds.",
    20,
    24,
    seconds=30,
    limit=20,
)
made(
    "rate-limited-seconds",
    _seed_rate_limited,
    "429 with the seed document's headers in seconds.",
    21,
    24,
    seconds=30,
)
made(
    "rate-limited-retry-after",
    _overloaded,
    "The model is overloaded: 429 with Retry-After.",
    22,
    24,
    seconds=30,
)
plain("rate-limited-bare", 429, "Rate limit exceeded", "429 without any hint.", 24, 56)
made(
    "error-budget",
    lambda options: error_budget_spent(float(options["seconds"])),
    "429: too many failed attempts.",
    23,
    seconds=30,
)
_FAILED = "Inference processing failed"
plain("server-error", 500, _FAILED, "The inference failed.", 25)
plain("server-error-twice", 500, _FAILED, "500 twice, then good.", 25, times=2)
plain(
    "at-capacity",
    503,
    "The model is at capacity. Please try again later.",
    "The model is at capacity.",
    26,
)
plain("model-offline", 503, "The model is temporarily offline.", "The model is offline.", 26)
plain("gateway-timeout", 504, TIMED_OUT, "The request took too long.", 27)
shaped(
    "bad-request-issues",
    400,
    {
        "error": "Invalid request parameters",
        "details": {"_errors": [], "prompt": {"_errors": ["Field is required"]}},
        "issues": [{"code": "invalid_type", "path": ["prompt"], "message": "Field is required"}],
    },
    "400 with issues.",
    31,
)
made(
    "bad-request-array",
    lambda options: json_reply(400, {"error": [unrecognized(str(options["keys"]))]}),
    "400 whose error is an array: it does not know the field `keys`.",
    32,
    keys="stream_options",
)
shaped(
    "bad-request-details",
    400,
    {"error": "Invalid request parameters", "details": "Image could not be decoded"},
    "400 whose details are a string.",
    31,
)
shaped(
    "bad-request-upstream",
    400,
    {"error": "The provider rejected the request", "request_id": "req_123"},
    "400 from the provider behind Venice.",
    31,
)
shaped("context-length", 400, CONTEXT_LENGTH, "The conversation is too long.", 33)
made("max-tokens", _max_tokens, "More tokens asked for than the model writes.", 34, cap=4096)
plain("model-not-found", 404, "Specified model not found", "No such model.", 19, 35)
made(
    "gone",
    lambda options: json_reply(
        410, {"error": "This model has been retired"}, {"Sunset": "Wed, 16 Sep 2026 00:00:00 GMT"}
    ),
    "410: retired.",
    36,
)
shaped("payload-too-large", 413, TOO_LARGE, "The body is too large.", 37)
plain(
    "unsupported-media-type",
    415,
    "'Content-Type' must be 'application/json'",
    "Wrong content type.",
    37,
)
plain("content-policy", 422, POLICY, "Against the content policy.", 38)
shaped(
    "content-policy-suggestion",
    422,
    {"error": POLICY, "suggested_prompt": "A quiet harbour at dawn, calm water, soft light."},
    "422 with a suggested prompt.",
    38,
)
shaped(
    "content-policy-provider",
    422,
    {
        "error": {
            "message": "The selected model provider rejected this request due to its content "
            "policies. Credits have been refunded.",
            "type": "provider_content_policy",
            "recommended_model": "z-image-turbo",
            "credits_refunded": True,
        }
    },
    "422 from the provider, with a recommended model.",
    38,
)
plain("forbidden", 403, "API access is disabled", "API access is switched off.", 12)
plain(
    "forbidden-privacy",
    403,
    "This API key is set to 'Private only', but this model is an Anonymous model. Choose a "
    "Private, TEE, or E2EE model, or change the model privacy setting of this API key.",
    "The key allows private models only.",
    12,
)
plain(
    "forbidden-region",
    403,
    "This model is not available in your region",
    "Not in this region.",
    12,
)
shaped(
    "needs-consent",
    409,
    {
        "error": {"code": "needs_consent", "message": "This model requires consent."},
        "consent_flow": {"url": "https://venice.ai"},
    },
    "The provider wants consent.",
    38,
)
