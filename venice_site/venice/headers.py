"""Venice's response headers: rate limits in both dialects, flags, media types."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from venice_site.venice.types import RateInfo

LONGEST_WAIT = 600.0  # seconds; what a header may make us wait at the most (contract 3.3)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def content_type(headers: Mapping[str, str]) -> str:
    """Return the media type without its parameters, in lower case."""
    return (headers.get("content-type") or "").partition(";")[0].strip().lower()


def rate_info(headers: Mapping[str, str], now: datetime) -> RateInfo:
    """Return what the rate-limit headers say, in both dialects (contract 3.3). `headers` ignore case.

    `x-ratelimit-remaining` counts requests beside `x-ratelimit-limit` (seed document) and allowed failures
    without it (today). `retry_at` is set only when something is used up, or Venice says how long to wait.
    """
    clock = _Clock(headers, now)
    seed_dialect = "x-ratelimit-limit" in headers
    remaining = _count(headers.get("x-ratelimit-remaining-requests"))
    failures = None
    if seed_dialect and remaining is None:
        remaining = _count(headers.get("x-ratelimit-remaining"))
    elif not seed_dialect:
        failures = _count(headers.get("x-ratelimit-remaining"))
    reset = clock.moment("x-ratelimit-reset-requests") or clock.moment("x-ratelimit-reset")
    tokens = _count(headers.get("x-ratelimit-remaining-tokens"))
    waits = (
        clock.moment("retry-after"),
        reset if remaining == 0 else None,
        clock.moment("x-ratelimit-reset-tokens") if tokens == 0 else None,
        clock.moment("x-ratelimit-resets") if failures == 0 else None,
    )
    retry_at = next((wait for wait in waits if wait is not None), None)
    return RateInfo(
        limit=_first_count(headers, "x-ratelimit-limit-requests", "x-ratelimit-limit"),
        remaining=remaining,
        reset_at=reset,
        tokens_remaining=tokens,
        failures_left=failures,
        retry_at=clock.bounded(retry_at),
        balance_usd=number(headers.get("x-venice-balance-usd")),
        balance_diem=number(headers.get("x-venice-balance-diem")),
        scope=(headers.get("x-ratelimit-type") or "").strip().lower(),
    )


class _Clock:
    """Reads moments in headers by the server's own clock and tells them by ours, in Unix seconds."""

    def __init__(self, headers: Mapping[str, str], now: datetime) -> None:
        self._headers = headers
        self._now = now.timestamp()
        date = _http_date(headers.get("date"))
        trusted = date is not None and abs(date - self._now) < 86400
        self._server_now = date if date is not None and trusted else self._now

    def moment(self, name: str) -> float | None:
        """Return the moment a header names: Unix ms or s, seconds from now, "1m30s", or an HTTP date."""
        wait = self._wait((self._headers.get(name) or "").strip())
        return None if wait is None else self._now + max(wait, 0.0)

    def bounded(self, moment: float | None) -> float | None:
        """Return the moment, not later than the longest wait."""
        return None if moment is None else min(moment, self._now + LONGEST_WAIT)

    def _wait(self, value: str) -> float | None:
        figure = number(value)
        if figure is not None:
            return self._numeric_wait(figure)
        if value and not _DURATION.sub("", value):
            return sum(float(amount) * _UNITS[unit] for amount, unit in _DURATION.findall(value))
        date = _http_date(value)
        return None if date is None else date - self._server_now

    def _numeric_wait(self, figure: float) -> float | None:
        if figure >= 1e11:
            return figure / 1000 - self._server_now
        if figure >= 1e9:
            return figure - self._server_now
        return figure if 0 <= figure <= timedelta(days=32).total_seconds() else None


def _http_date(value: str | None) -> float | None:
    try:
        date = parsedate_to_datetime(value or "")
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def flag(headers: Mapping[str, str], name: str) -> bool:
    """Return whether a header says "true"."""
    return (headers.get(name) or "").strip().lower() == "true"


def number(value: Any) -> float | None:
    """Return a finite number given as a number or as text; anything else is None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        figure = float(value)
    except (ValueError, OverflowError):
        return None
    return figure if math.isfinite(figure) else None


def _count(value: Any) -> int | None:
    figure = number(value)
    return int(figure) if figure is not None and figure >= 0 else None


def _first_count(headers: Mapping[str, str], *names: str) -> int | None:
    counts = (_count(headers.get(name)) for name in names)
    return next((count for count in counts if count is not None), None)
