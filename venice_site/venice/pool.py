"""The pool of keys in the database: seen, claimed, ended. Correct with many processes.

An open `Attempt` row is the lease of a place of its key. Seeing, deciding and claiming are one turn, which
one operation has at a time, so that two can never both take the last place.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from venice_site import statements
from venice_site.statements import Statement
from venice_site.venice import allowances, buckets, policy, quotas, rests, rules
from venice_site.venice.client import Client
from venice_site.venice.clients import client_of
from venice_site.venice.consequences import FAILURE_WINDOW
from venice_site.venice.decisions import Pool, PoolKey, TryKey
from venice_site.venice.models import (
    ApiKey,
    Attempt,
    KeyState,
    Period,
    QuotaBucket,
)
from venice_site.venice.windows import window

# Without what only administrators look at.
KEYS = Statement(
    lambda: ApiKey.objects.enabled().defer(
        *("balance_usd", "balance_diem", "checked_at", "created_at"),
        *("source", "state_reason", "state_since"),
    )
)
STAND_IN = PoolKey(id=None, account="stand-in", proven=True)
ASKABLE = (KeyState.ACTIVE, KeyState.OUT_OF_CREDIT, KeyState.SPEND_CAPPED)
LEASE_MARGIN = timedelta(seconds=30)
STREAM_DEADLINE = timedelta(minutes=10)
ANSWERED_WITHIN = timedelta(seconds=30)  # so long a good answer speaks for an account


@dataclass(frozen=True, slots=True)
class View:
    """What the policy decides upon, and the rows behind it; `calls` counts the attempts of this call."""

    pool: Pool
    rows: dict[int, ApiKey]
    calls: int
    resting: rests.Resting

    def facts(self, key: int | None) -> PoolKey:
        """Return the key of the pool with this id."""
        return next(candidate for candidate in self.pool.keys if candidate.id == key)


@dataclass(slots=True)
class Lease:
    """An attempt under way: its row holds a place of the key until its end is written.

    `is_probe` says that it tries out whether a rest is over for good.
    """

    attempt: int
    call: int
    number: int
    key: ApiKey | None
    account: str
    model: str
    client: Client
    is_probe: bool
    started: float = field(default_factory=time.monotonic)


# --- seeing and claiming ----------------------------------------------------------------------


@contextmanager
def turn() -> Iterator[None]:
    """See the pool and claim a place of a key with nobody else in between."""
    with transaction.atomic():
        if connection.features.has_select_for_update:  # SQLite has but one writer anyway
            keys = ApiKey.objects.enabled().select_for_update().order_by("pk")
            list(keys.values_list("pk"))
        yield


def view(call_id: int, now: datetime) -> View:
    """Return the pool as it is now; without an enabled key it is the local stand-in alone."""
    rows = {key.pk: key for key in KEYS.all()}
    loads = _loads(call_id, {key.account for key in rows.values()}, now)
    resting = rests.seen(now)
    limits = _Limits(call_id, rows, now)
    keys = tuple(_pool_key(row, rows, loads, limits, now) for row in rows.values())
    failures = {account: load.failures for account, load in loads.accounts.items()}
    seen = Pool(keys or (STAND_IN,), resting.lasting, resting.probed, failures)
    return View(seen, rows, loads.calls, resting)


def claim(
    call_id: int, seen: View, decision: TryKey, now: datetime, *, waited_ms: int
) -> Lease | None:
    """Take a place of the key, in the turn in which it was seen, and record that the call is sent.

    Returns None when the key cannot be decrypted, which the next look at the pool knows. Raises
    `VeniceError` when the call was closed meanwhile.
    """
    key = seen.rows[decision.key] if decision.key is not None else None
    client = client_of(key)
    if client is None:
        return None
    is_probe = key is not None and _take_place(call_id, key, seen, decision.model, now)
    quotas.dispatch(call_id)
    attempt = statements.insert(
        Attempt(
            call_id=call_id,
            number=seen.calls + 1,
            key=key,
            account=key.account if key else STAND_IN.account,
            key_label=str(key) if key else "Local stand-in",
            model=decision.model,
            started_at=now,
            expires_at=now
            + max(STREAM_DEADLINE, timedelta(seconds=settings.VENICE_DEADLINE))
            + LEASE_MARGIN,
            waited_ms=waited_ms,
        )
    )
    return Lease(
        attempt=attempt.pk,
        call=call_id,
        number=attempt.number,
        key=key,
        account=attempt.account,
        model=decision.model,
        client=client,
        is_probe=is_probe,
    )


def _take_place(call_id: int, key: ApiKey, seen: View, model: str, now: datetime) -> bool:
    facts: dict[str, Any] = {"last_used_at": now}
    if key.state == KeyState.REFUSED:
        facts["retry_at"] = now + rests.PROBE_FOR  # one request tries it out
    statements.update(ApiKey, {"pk": key.pk}, facts)
    quotas.claim_key(call_id, key, now)
    return rests.probe(seen.resting, key.pk, key.account, model, now)


@dataclass(slots=True)
class _AccountLoad:
    failures: int = 0
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class _Loads:
    """Taken places by key, what each account failed and may still be refused, attempts of the call."""

    places: Mapping[int, int]
    accounts: Mapping[str, _AccountLoad]
    calls: int


# Three narrow questions in one statement, for one wide question would read the whole table; in plain SQL,
# because Django takes longer to put the three together than the database to answer them.
LOADS = """
SELECT 'open', a.key_id, a.account, COUNT(*), SUM(CASE WHEN a.started_at > %s THEN 1 ELSE 0 END)
  FROM venice_attempt a JOIN venice_call c ON c.id = a.call_id
  WHERE a.ended_at IS NULL AND a.expires_at > %s AND c.state = 'reserved'
  GROUP BY a.key_id, a.account
UNION ALL SELECT 'failed', NULL, account, COUNT(*), 0 FROM venice_attempt
  WHERE counts_as_failure AND ended_at >= %s GROUP BY account
UNION ALL SELECT 'mine', NULL, '', COUNT(*), 0 FROM venice_attempt WHERE call_id = %s
"""


def _loads(call_id: int, accounts: set[str], now: datetime) -> _Loads:
    """Return what is under way, and what failed in the last half minute."""
    moments = (now - policy.REFUSED_WITHIN, now, now - FAILURE_WINDOW)
    with connection.cursor() as cursor:
        told = [connection.ops.adapt_datetimefield_value(moment) for moment in moments]
        cursor.execute(LOADS, (*told, call_id))
        rows = cursor.fetchall()
    loads = {account: _AccountLoad() for account in accounts}
    places, calls = {}, 0
    for what, key, account, number, unanswered in rows:
        if what == "mine":
            calls = number
        elif what == "open":
            places[key] = number
        if account in loads:
            loads[account].unanswered += unanswered
            loads[account].failures += number if what == "failed" else 0
    return _Loads(places, loads, calls)


class _Limits:
    """Which keys have room for a call under their own limits: those of a day, and the quotas of keys."""

    def __init__(self, call_id: int, rows: Mapping[int, ApiKey], now: datetime) -> None:
        self._days = _days_used(rows.values(), now)
        self._full: set[int | None] = set()
        of_keys = allowances.of_keys(list(rows), now)
        if of_keys:
            expected, held = quotas.expected(call_id), buckets.subjects_held(call_id)
            self._full = {
                allowance.quota.key_id
                for allowance in of_keys
                if allowance.left < expected.of(allowance.quota.metric)
                and rules.subject(allowance.quota) not in held
            }

    def leave_room(self, row: ApiKey) -> bool:
        """Return whether the call fits."""
        if row.pk in self._full:
            return False
        return row.daily_limit is None or self._days.get(row.pk, 0) < row.daily_limit


def _pool_key(
    row: ApiKey, rows: Mapping[int, ApiKey], loads: _Loads, limits: _Limits, now: datetime
) -> PoolKey:
    load, places = loads.accounts[row.account], loads.places.get(row.pk, 0)
    refused = row.state == KeyState.REFUSED
    soon = row.retry_at is not None and row.retry_at <= now + rests.PROBE_FOR
    admitted = policy.admits(
        load.failures, load.unanswered, answers_well=_answers_well(row.account, rows, now)
    )
    return PoolKey(
        id=row.pk,
        account=row.account,
        priority=row.priority,
        usable=row.state in ASKABLE or (refused and soon),
        good=row.state == KeyState.ACTIVE,
        proven=bool(row.rate_limits),
        has_place=places < row.max_in_flight
        and admitted
        and not (refused and row.retry_at is not None and row.retry_at > now),
        has_day=limits.leave_room(row),
        load=places / row.max_in_flight if row.max_in_flight else 1.0,
        left=_left(row, now),
        last_used_at=row.last_used_at,
    )


def _answers_well(account: str, rows: Mapping[int, ApiKey], now: datetime) -> bool:
    answers = (row.answered_at for row in rows.values() if row.account == account)
    return any(answered is not None and answered > now - ANSWERED_WITHIN for answered in answers)


def _left(row: ApiKey, now: datetime) -> dict[str, float]:
    """Return the share of requests that Venice still allows, by model, while its windows last."""
    return {
        model: said["remaining"] / said["limit"]
        for model, said in row.rate_limits.get("models", {}).items()
        if said.get("limit") and "remaining" in said and said.get("reset_at", 0) > now.timestamp()
    }


def _days_used(rows: Iterable[ApiKey], now: datetime) -> dict[int, int]:
    limited = [row.pk for row in rows if row.daily_limit is not None]
    if not limited:
        return {}
    start, _ = window(Period.DAY, "UTC", now)
    buckets = QuotaBucket.objects.filter(key__in=limited, window_start=start)
    return {key: used for key, used in buckets.values_list("key", "used") if key is not None}


def prune(now: datetime) -> None:
    """End the leases that nobody came back to."""
    lost = Attempt.objects.filter(ended_at=None, expires_at__lte=now)
    lost.update(ended_at=now, outcome="lost")
