"""Venice's refusals: every shape of error body, turned into the one class of the error tree that is true.

Statuses lie (contract 4.2, 4.3): a 401 may be about the model, a 402 about the key, a 429 about us.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from venice_site.venice import errors
from venice_site.venice.error_bodies import Said, read
from venice_site.venice.errors import Refusal, VeniceError
from venice_site.venice.headers import content_type, rate_info
from venice_site.venice.texts import mended
from venice_site.venice.types import RateInfo

type Meaning = tuple[type[VeniceError], str]

ASK = "An administrator can check Venice's address in the settings."
PLAIN: dict[int, Meaning] = {
    408: (errors.ServerFault, ""),
    425: (errors.ServerFault, ""),
    503: (errors.Overloaded, ""),
}
GAVE_UP_WAITING = (504, 524)  # somebody on the way did; the work itself may go on (contract 4.2)
TOOK_TOO_LONG = "Venice took too long with this and gave up. The work may have been charged."
LONGEST_DETAIL = 500  # characters
SHORTEST_KEY = 6  # characters; anything shorter also stands in ordinary words
PAUSE_AFTER_FAILURES = timedelta(seconds=30)  # how long Venice blocks after too many (contract 5.2)
PAUSE_WHEN_OVERLOADED = timedelta(seconds=30)  # what Retry-After says when it says nothing else

_KEYS = re.compile(r"Bearer\s+\S+|VENICE_[A-Z]+_KEY_[^\s\"'<>,}]+", re.IGNORECASE)
_POLICY = re.compile(
    r"content.?(policy|filter|violation|moderation)|violates|blocked_by", re.IGNORECASE
)
_NO_MODEL = re.compile(
    r"model.{0,30}(not found|does not exist|retired|sunset)|(unknown|invalid).model|model_not_found",
    re.IGNORECASE,
)
_NO_CHARACTER = re.compile(r"character.{0,20}not.found", re.IGNORECASE)
_NOT_ENTITLED = re.compile(
    r"pro users|only available to|admin (api )?key|not entitled", re.IGNORECASE
)
_REGION = re.compile(r"\b(region|country|jurisdiction|geograph\w*|location)\b", re.IGNORECASE)
_ADMIN_KEY = re.compile(r"admin (api )?key", re.IGNORECASE)
_OVERLOADED = re.compile(r"overload|at.capacity|model_offline", re.IGNORECASE)
_TOO_LONG = re.compile(r"context.?length|maximum context|too.?many.?tokens", re.IGNORECASE)
_LIMITED = re.compile(r"rate.?limit|too many requests", re.IGNORECASE)


class Scrub:
    """Takes whatever looks like a key, and one secret above all, out of Venice's texts.

    It is handed on instead of the secret, which then stands in no frame of a traceback.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret if len(secret) >= SHORTEST_KEY else ""

    def __call__(self, text: str) -> str:
        """Return the text on one line and without keys."""
        if self._secret:
            text = text.replace(self._secret, "…")
        return " ".join(_KEYS.sub("…", mended(text)).split())

    def raw(self, body: bytes) -> bytes:
        """Return a body without the secret; JSON stays JSON."""
        return body.replace(self._secret.encode(), b"...") if self._secret else body


def refusal(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    ordered: bool,
    scrub: Scrub,
) -> VeniceError:
    """Return the error that an answer of status 300 or above means.

    `ordered` says that a model was asked to work, so that "not found" is about the model.
    """
    body = scrub.raw(body)
    said = read(body, content_type(headers))
    rate = rate_info(headers, now)
    kind, sentence = _meaning(status, said, rate, ordered=ordered)
    gave_up = ordered and status in GAVE_UP_WAITING
    if gave_up:
        kind, sentence = errors.TimedOut, TOOK_TOO_LONG
    return kind(
        scrub(sentence),
        status=status,
        may_be_charged=gave_up,
        detail=_detail(said, body, scrub),
        retry_at=_retry_at(kind, status, rate, said, now),
        request_id=scrub(said.request_id or headers.get("cf-ray") or "")[:100],
        rate=rate,
    )


def in_band(error: Any, *, now: datetime, scrub: Scrub) -> VeniceError:
    """Return the error that an `error` inside a 200 means: a frame of a stream, or a JSON answer."""
    said = read(scrub.raw(json.dumps({"error": error}).encode()))
    words = said.everything
    found: Meaning = (errors.ServerFault, "")
    if _POLICY.search(words):
        found = (errors.Blocked, "")
    elif _OVERLOADED.search(words):
        found = (errors.Overloaded, "")
    elif _LIMITED.search(words):
        found = (errors.RateLimited, "")
    elif _TOO_LONG.search(words) or "invalid_request" in words:
        found = _invalid(said)
    kind, sentence = found
    return kind(
        scrub(sentence),
        status=200,
        detail=_detail(said, b"", scrub),
        retry_at=_retry_at(kind, 200, RateInfo(), said, now),
        request_id=scrub(said.request_id)[:100],
    )


def _meaning(status: int, said: Said, rate: RateInfo, *, ordered: bool) -> Meaning:
    """Return the class and, where its own sentence would not be true or not enough, a better one."""
    if said.is_page and status not in (413, 429, 503):
        return errors.ServerFault, ""
    if status in PLAIN:
        return PLAIN[status]
    if status in (401, 403):
        return _about_key(status, said, ordered=ordered)
    if status in (404, 410):
        return _not_there(status, said, ordered=ordered)
    if status == 402:
        return _about_money(said)
    if status == 429:
        return _too_many(said, rate)
    return _by_range(status, said)


def _by_range(status: int, said: Said) -> Meaning:
    if status >= 500:
        return errors.ServerFault, ""
    if status >= 400:
        return _about_order(status, said)
    return errors.BadAnswer, f"Venice sent us to another address, which is not followed. {ASK}"


def _about_key(status: int, said: Said, *, ordered: bool) -> Meaning:
    if status == 401 and ordered and _ADMIN_KEY.search(said.message):
        return (
            errors.NoKey,
            "Venice wants an admin key for this. An administrator can check the keys in the admin panel.",
        )
    if status == 401:
        return (errors.NotEntitled if _NOT_ENTITLED.search(said.message) else errors.KeyRefused), ""
    if re.search(r"api.?access.{0,20}disabled", said.everything, re.IGNORECASE):
        return errors.KeyRefused, ""
    if _POLICY.search(said.everything):
        return errors.Blocked, ""
    if _REGION.search(said.everything):
        return errors.RegionRefused, ""
    return errors.NotEntitled, ""


def _about_money(said: Said) -> Meaning:
    if said.without_key or "authentication required" in said.message.lower():
        return (
            errors.NoKey,
            "Venice was asked without a key. An administrator can add one in the admin panel.",
        )
    if re.search(r"spend.{0,5}limit", said.everything, re.IGNORECASE):
        return errors.SpendLimit, ""
    return errors.OutOfCredit, ""


def _not_there(status: int, said: Said, *, ordered: bool) -> Meaning:
    if _NO_CHARACTER.search(said.everything):
        return (
            errors.InvalidOrder,
            "Venice does not know this character any more. Choose another one, or none.",
        )
    if ordered:
        return errors.ModelGone, ""
    return (
        Refusal,
        f"Venice does not know what was asked for ({status}). {ASK}",
    )


def _too_many(said: Said, rate: RateInfo) -> Meaning:
    if re.search(r"too many failed", said.everything, re.IGNORECASE):
        return errors.FailureBudget, ""
    if _OVERLOADED.search(said.everything):
        return errors.Overloaded, ""
    if rate.failures_left == 0 and rate.remaining != 0:
        return errors.FailureBudget, ""
    return errors.RateLimited, ""


def _about_order(status: int, said: Said) -> Meaning:
    if status == 409 and "consent" in said.everything.lower():
        return errors.ConsentMissing, _consent(said)
    if said.suggested_prompt or _POLICY.search(said.everything):
        return errors.Blocked, _suggestion(said)
    if _NO_MODEL.search(said.everything):
        return errors.ModelGone, ""
    if status == 413:
        return errors.InvalidOrder, f"This is too large for Venice. {said.message}".strip()
    return _invalid(said)


def _consent(said: Said) -> str:
    """Return what is missing in Venice's own words, and where it can be given."""
    words = f" Venice says: “{said.message[:200]}”" if said.message else ""
    known = said.consent_url.startswith("https://") and len(said.consent_url) <= 200
    return f"{errors.ConsentMissing.sentence}{words}{f' {said.consent_url}' if known else ''}"


def _suggestion(said: Said) -> str:
    prompt = said.suggested_prompt.strip()[:LONGEST_DETAIL]
    return f"{errors.Blocked.sentence} Venice suggests: “{prompt}”" if prompt else ""


def _invalid(said: Said) -> Meaning:
    if _TOO_LONG.search(said.everything):
        return errors.TooLong, ""
    reasons = said.plain[:300]
    return errors.InvalidOrder, f"Venice refused these settings: {reasons}" if reasons else ""


def _detail(said: Said, body: bytes, scrub: Scrub) -> str:
    """Return what an administrator wants to read: Venice's words and advice."""
    parts = [said.message, *said.reasons]
    if said.suggested_prompt:
        parts.append(f"Suggested prompt: {said.suggested_prompt}")
    if said.recommended_model:
        parts.append(f"Recommended model: {said.recommended_model}")
    text = " · ".join(part for part in parts if part) or body[:2000].decode("utf-8", "replace")
    return scrub(text)[:LONGEST_DETAIL]


def _retry_at(
    kind: type[VeniceError], status: int, rate: RateInfo, said: Said, now: datetime
) -> datetime | None:
    told = rate.retry_at
    if told is None and said.retry_after is not None and said.retry_after >= 0:
        told = now.timestamp() + min(said.retry_after, 600.0)
    if told is None and status == 429 and rate.reset_at is not None:
        told = min(rate.reset_at, now.timestamp() + 600.0)
    at = None if told is None else datetime.fromtimestamp(told, UTC)
    if kind is errors.FailureBudget:
        return max(at or now, now + PAUSE_AFTER_FAILURES)
    if kind is errors.Overloaded and status == 429:
        return at or now + PAUSE_WHEN_OVERLOADED
    return at
