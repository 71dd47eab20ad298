"""The documented errors, each with the one error that it means to us."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.examples.example import ADMIN, EVENTS, INFERENCE, JSON, NOBODY, RESET
from venice_site.venice import errors


@dataclass(frozen=True)
class Refused:
    """An error as it is documented, and as a person hears of it.

    `asked` says what was asked for ("picture", "reply", "balance", "usage"). `scenario` is what the stand-in
    must be told to answer like this; without one it does so by itself. `waits` are the seconds until a
    repeat makes sense, as far as Venice says.
    """

    name: str
    status: int
    body: Any
    kind: type[errors.VeniceError]
    says: str
    scenario: str = ""
    asked: str = "picture"
    key: str = INFERENCE
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON
    waits: float | None = None
    charged: bool = False
    detail: str = ""
    request_id: str = ""


def text(message: Any, **more: Any) -> dict[str, Any]:
    """Return the usual shape of an error."""
    return {"error": message, **more}


UNKNOWN = {
    "code": "unrecognized_keys",
    "keys": ["stream_options"],
    "path": [],
    "message": "Unrecognized key(s) in object: 'stream_options'",
}
MISSING = {"code": "invalid_type", "path": ["prompt"], "message": "Give a prompt"}
TOO_LONG = {
    "message": "This exceeds the model's maximum context.",
    "type": "invalid_request_error",
    "param": "messages",
    "code": "context_length_exceeded",
}
WALLET = {
    "x402Version": 2,
    "error": "Authentication required",
    "resource": {"url": "https://example.org/api", "description": "", "mimeType": JSON},
    "accepts": [
        {
            "scheme": "exact",
            "network": "eip155:8453",
            "asset": "0x0",
            "amount": "1",
            "payTo": "0x0",
            "maxTimeoutSeconds": 300,
        }
    ],
    "extensions": {"sign-in-with-x": {}},
    "authOptions": {
        "apiKey": {"header": "Authorization: Bearer …", "getKey": "", "docs": ""},
        "x402Wallet": {"header": "SIGN-IN-WITH-X", "legacyHeader": "", "topUp": "", "docs": ""},
    },
}
BUSY = {
    "message": "The model is overloaded.",
    "type": "server_error",
    "code": "model_overloaded",
    "param": None,
    "retry_after": 30,
}
PROVIDER = {
    "message": "The provider's content policies forbid this.",
    "type": "provider_content_policy",
    "recommended_model": "wan-2-7-text-to-video",
    "credits_refunded": True,
}
CHARGE = "may have been charged"
NO_CHARGE = "Nothing was charged"

# fmt: off
REFUSALS = (
    Refused("standard_string", 401, text("Authentication failed"), errors.KeyRefused, "An administrator can replace it", "unauthorized"),
    Refused("seed_document_object", 401, text({"message": "Invalid API key", "type": "authentication_error", "code": 401}), errors.KeyRefused, "An administrator can replace it", "unauthorized-seed-shape"),
    Refused("detailed_zod", 400, text("Invalid", details={"_errors": [], "prompt": {"_errors": ["Give a prompt"]}}, issues=[MISSING]), errors.InvalidOrder, "refused these settings: prompt: Give a prompt", "bad-request-issues"),
    Refused("detailed_string_details", 400, text("Invalid", details="No picture in it"), errors.InvalidOrder, "No picture in it", "bad-request-details"),
    Refused("legacy_zod_array", 400, {"error": [UNKNOWN]}, errors.InvalidOrder, "refused these settings", "bad-request-array", "reply"),
    Refused("context_length", 400, {"error": TOO_LONG}, errors.TooLong, "too long for this model. Start a new one", "context-length", "reply"),
    Refused("max_completion_tokens_too_high", 400, text("max_completion_tokens (8192) exceeds the maximum allowed for model 'llama-3.3-70b' (4096)"), errors.InvalidOrder, "(4096)", "", "limited reply"),
    Refused("upstream_rejection", 400, text("Two hands at most", request_id="req_123"), errors.InvalidOrder, "Two hands at most", "bad-request-upstream", request_id="req_123"),
    Refused("pro_only_model_401", 401, text("This model is only available to Pro users"), errors.NotEntitled, "Choose another one", "unauthorized-pro-only"),
    Refused("admin_key_required_401", 401, text("Admin API key required"), errors.NotEntitled, "", asked="balance"),
    Refused("insufficient_balance_402", 402, text("Insufficient USD or Diem balance to complete request."), errors.OutOfCredit, NO_CHARGE, "payment-balance"),
    Refused("key_spend_limit_402", 402, text("API key USD spend limit exceeded."), errors.SpendLimit, "has reached its spending limit", "payment-spend-limit"),
    Refused("no_auth_402_x402_discovery", 402, WALLET, errors.NoKey, "An administrator can add one", key=NOBODY, headers={"PAYMENT-REQUIRED": "e30="}),
    Refused("model_privacy_403", 403, text("This API key is set to 'Private only', but `m` is an Anonymous model."), errors.NotEntitled, "Choose another one", "forbidden-privacy"),
    Refused("model_not_found_404", 404, text("Specified model not found: m"), errors.ModelGone, "Choose another one", "model-not-found"),
    Refused("gone_410", 410, text("GET /billing/usage is gone"), errors.Refusal, "does not know what was asked for (410)", asked="usage", key=ADMIN, headers={"Sunset": "Wed, 16 Sep 2026 00:00:00 GMT", "Link": '</next>; rel="successor-version"'}),
    Refused("payload_too_large_413", 413, text("At most 25 MB.", code="PAYLOAD_TOO_LARGE"), errors.InvalidOrder, "too large for Venice. At most 25 MB.", "payload-too-large"),
    Refused("content_policy_422", 422, text("This violates the content policy", suggested_prompt="A calm sea."), errors.Blocked, "Venice suggests: “A calm sea.”", "content-policy-suggestion"),
    Refused("provider_policy_422", 422, {"error": PROVIDER}, errors.Blocked, NO_CHARGE, "content-policy-provider", detail="Recommended model: wan-2-7-text-to-video"),
    Refused("rate_limit_429", 429, text("Rate limit exceeded"), errors.RateLimited, "Try again in a moment", "rate-limited-ms", headers={"x-ratelimit-limit-requests": "20", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": RESET, "x-ratelimit-type": "user"}, waits=600),
    Refused("overloaded_429", 429, text("The model is overloaded."), errors.Overloaded, "choose another model", "rate-limited-retry-after", headers={"Retry-After": "30"}, waits=30),
    Refused("abuse_429", 429, text("Too many failed attempts (> 20)"), errors.FailureBudget, "in half a minute", "error-budget", headers={"x-ratelimit-remaining": "0", "x-ratelimit-resets": RESET}, waits=600),
    Refused("inference_failed_500", 500, text("Inference failed"), errors.ServerFault, "internal error", "server-error"),
    Refused("at_capacity_503", 503, text("The model is at capacity."), errors.Overloaded, "choose another model", "at-capacity"),
    Refused("timeout_504", 504, text("This took too long."), errors.TimedOut, CHARGE, "gateway-timeout", charged=True),
    Refused("cloudflare_html_5xx", 502, "<html><head><title>502 Bad Gateway</title></head></html>", errors.ServerFault, "internal error", "html-502", media_type="text/html"),
    Refused("sse_in_band_error", 200, [{"error": BUSY}, "[DONE]"], errors.Overloaded, "choose another model", "stream-error-first", "reply", media_type=EVENTS, waits=30),
)
# fmt: on
