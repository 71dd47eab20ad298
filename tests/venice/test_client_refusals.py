"""Every shape of error that Venice was ever seen to send, and the one error that it means."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from venice_site.venice import errors
from venice_site.venice.refusals import Scrub, refusal

NOW = datetime(2026, 8, 22, 12, 0, tzinfo=UTC)
IN_HALF_A_MINUTE = str(int((NOW + timedelta(seconds=30)).timestamp() * 1000))
SCRUB = Scrub("a-secret-key")


def met(status, body, *, ordered=True, **headers) -> errors.VeniceError:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    media = "text/html" if data.startswith(b"<") else "application/json"
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(
        status,
        CaseInsensitiveDict({"content-type": media, **found}),
        data,
        now=NOW,
        ordered=ordered,
        scrub=SCRUB,
    )


NO_KEY = {"x402Version": 2, "error": "Authentication required", "accepts": [], "authOptions": {}}
ISSUES = {
    "error": "Invalid request parameters",
    "details": {"_errors": [], "width": {"_errors": ["Too large"]}},
    "issues": [{"code": "too_big", "path": ["negative_prompt"], "message": "Too long"}],
}
TREE = {"error": "Invalid", "details": {"_errors": [], "width": {"_errors": ["Too large"]}}}
ARRAY = {
    "error": [
        {"code": "unrecognized_keys", "keys": ["x"], "path": [], "message": "Unrecognized key(s)"}
    ]
}
CONTEXT = {
    "error": {
        "message": "Your request exceeds the model's maximum context.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
}
POLICY = "Your prompt violates the content policy of Venice.ai or the model provider"
PROVIDER = {
    "error": {
        "message": "The provider rejected this request due to its content policies.",
        "type": "provider_content_policy",
        "recommended_model": "wan-2-7",
        "credits_refunded": True,
    }
}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, {"error": "Authentication failed"}, errors.KeyRefused, "refused the team's key"),
        (401, {"error": {"message": "Invalid API key", "code": 401}}, errors.KeyRefused, "key"),
        (401, b"", errors.KeyRefused, "key"),
        (401, {"error": "This model is only available to Pro users"}, errors.NotEntitled, "Choose"),
        (401, {"error": "Admin API key required"}, errors.NoKey, "admin key"),
        (402, {"error": "Insufficient USD or Diem balance"}, errors.OutOfCredit, "add credit"),
        (
            402,
            {"error": {"message": "Premium model requires subscription"}},
            errors.OutOfCredit,
            "",
        ),
        (402, {"error": "Payment required", "code": "PAYMENT_REQUIRED"}, errors.OutOfCredit, ""),
        (402, {"error": "API key USD spend limit exceeded."}, errors.SpendLimit, "spending limit"),
        (402, NO_KEY, errors.NoKey, "without a key"),
        (403, {"error": "API access is disabled"}, errors.KeyRefused, ""),
        (403, {"error": "This API key is set to 'Private only'"}, errors.NotEntitled, "Choose"),
        (403, b"<html>Forbidden</html>", errors.ServerFault, ""),
        (400, ISSUES, errors.InvalidOrder, "refused these settings: negative prompt: Too long"),
        (400, TREE, errors.InvalidOrder, "width: Too large"),
        (400, {"error": "Invalid", "details": "Bad image"}, errors.InvalidOrder, "Bad image"),
        (400, ARRAY, errors.InvalidOrder, "Unrecognized key(s)"),
        (400, CONTEXT, errors.TooLong, "conversation is too long"),
        (400, {"error": "no", "request_id": "req_1"}, errors.InvalidOrder, "settings: no"),
        (400, b"", errors.InvalidOrder, "refused these settings"),
        (400, {"error": {"message": "?", "code": "INVALID_MODEL"}}, errors.ModelGone, ""),
        (404, {"error": "Specified model not found: fluently-xl"}, errors.ModelGone, "Choose"),
        (
            409,
            {"error": {"code": "needs_consent", "message": "?"}},
            errors.ConsentMissing,
            "consent",
        ),
        (410, {"error": "This model has been retired"}, errors.ModelGone, ""),
        (
            413,
            {"code": "PAYLOAD_TOO_LARGE", "error": "At most 25 MB."},
            errors.InvalidOrder,
            "25 MB",
        ),
        (415, {"error": "wrong content type"}, errors.InvalidOrder, ""),
        (422, {"error": POLICY, "suggested_prompt": "A calm sea."}, errors.Blocked, "policy"),
        (422, PROVIDER, errors.Blocked, "policy"),
        (422, {"error": "image too large"}, errors.InvalidOrder, "image too large"),
        (429, {"error": "Rate limit exceeded"}, errors.RateLimited, "limiting"),
        (429, {"error": "The model is currently overloaded."}, errors.Overloaded, ""),
        (429, {"error": "Too many failed attempts (> 20)"}, errors.FailureBudget, ""),
        (429, {"customMessage": "The daily cap is used"}, errors.RateLimited, ""),
        (500, {"error": "Inference processing failed"}, errors.ServerFault, "internal error"),
        (502, b"<html>502 Bad Gateway</html>", errors.ServerFault, ""),
        (503, {"error": "The model is at capacity."}, errors.Overloaded, ""),
        (503, b"<html>busy</html>", errors.Overloaded, ""),
        (504, {"error": "timed-out"}, errors.TimedOut, "may have been charged"),
        (524, b"", errors.TimedOut, "took too long"),
        (302, b"", errors.BadAnswer, "another address"),
        (418, {"error": ["odd", 7, None, {"path": "p"}]}, errors.InvalidOrder, ""),
    ],
)
def test_each_shape_means_one_error(status, body, kind, words):
    error = met(status, body)
    assert type(error) is kind
    assert error.status == status
    assert error.may_be_charged == (kind is errors.TimedOut)
    assert words in str(error)


def test_what_a_list_does_not_know_is_no_question_of_models():
    error = met(404, {"error": "not found"}, ordered=False)
    assert (type(error), error.kind) == (errors.Refusal, "refused")


def test_a_blocked_prompt_brings_the_suggestion():
    error = met(422, {"error": POLICY, "suggested_prompt": "A calm sea."})
    assert "Suggested prompt: A calm sea." in error.detail
    assert "Recommended model: wan-2-7" in met(422, PROVIDER).detail


def test_the_request_id_is_kept_for_support():
    assert met(400, {"error": "no", "request_id": "req_1"}).request_id == "req_1"
    assert met(500, b"", cf_ray="9a1b-FRA").request_id == "9a1b-FRA"


@pytest.mark.parametrize(
    ("status", "error", "headers", "seconds"),
    [
        (429, "Rate limit exceeded", {"x_ratelimit_reset_requests": IN_HALF_A_MINUTE}, 30),
        (429, "Rate limit exceeded", {"retry_after": "7"}, 7),
        (429, "Rate limit exceeded", {}, None),
        (429, "overloaded", {}, 30),
        (429, "overloaded", {"retry_after": "12"}, 12),
        (
            429,
            "Too many failed attempts",
            {"x_ratelimit_remaining": "0", "x_ratelimit_resets": "3"},
            30,
        ),
        (429, "Too many failed attempts", {}, 30),
        (503, "at capacity", {}, None),
        (503, "at capacity", {"retry_after": "5"}, 5),
    ],
)
def test_a_refusal_says_when_a_repeat_makes_sense(status, error, headers, seconds):
    at = met(status, {"error": error}, **headers).retry_at
    assert at == (None if seconds is None else NOW + timedelta(seconds=seconds))


def test_a_spent_error_budget_is_known_by_its_header_alone():
    error = met(429, b"", x_ratelimit_remaining="0", x_ratelimit_resets=IN_HALF_A_MINUTE)
    assert type(error) is errors.FailureBudget


@pytest.mark.parametrize("text", ["a-secret-key", "Bearer anything", "VENICE_ADMIN_KEY_abc"])
def test_nothing_that_looks_like_a_key_is_repeated(text):
    error = met(
        400, {"error": f"wrong: {text}\nhere", "issues": [{"path": [text], "message": text}]}
    )
    for place in (str(error), error.detail):
        assert text.split()[-1] not in place


def test_the_detail_is_bounded():
    assert len(met(500, {"error": "x" * 5000}).detail) == 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "text", "model not found"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "code", "type", "issues", "details", "path", "_errors"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from([400, 401, 402, 403, 404, 422, 429, 500, 503, 599]), JSON)
def test_no_body_whatsoever_breaks_the_reading(status, body):
    assert isinstance(met(status, body), errors.VeniceError)


@given(st.binary(max_size=200))
def test_no_bytes_whatsoever_break_the_reading(body):
    assert isinstance(met(400, body), errors.VeniceError)
