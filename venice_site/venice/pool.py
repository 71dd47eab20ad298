"""The pool of keys in the database: seen, claimed, ended. Correct with many processes.

An open `Attempt` row is the lease of a place of its key; a claim locks the keys of the account first, then
counts, so that two claims can never both take the last place.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet, Value

from venice_site.venice import allowances, consequences, policy, quotas, rests
from venice_site.venice.client import Client
from venice_site.venice.clients import client_of
from venice_site.venice.consequences import FAILURE_WINDOW, LONGEST_REST
from venice_site.venice.decisions import Pool, PoolKey, Rest, Tried
from venice_site.venice.errors import KeyRefused, VeniceError
from venice_site.venice.marks import mark
from venice_site.venice.models import (
    ApiKey,
    Attempt,
    AttemptQuerySet,
    CallState,
    KeyState,
    Period,
    QuotaBucket,
)
from venice_site.venice.types import RateInfo
from venice_site.venice.windows import window

log = logging.getLogger("studio.venice")

STAND_IN = PoolKey(id=None, account="stand-in", proven=True)
ASKABLE = (KeyState.ACTIVE, KeyState.OUT_OF_CREDIT, KeyState.SPEND_CAPPED)
LEASE_MARGIN = timedelta(seconds=30)
STREAM_DEADLINE = timedelta(minutes=10)
ANSWERED_WITHIN = timedelta(seconds=30)  # so long a good answer speaks for an account
ANSWER_NOTED_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class View:
    """What the policy decides upon, and the rows behind it; `calls` counts the attempts of this call."""

    pool: Pool
    rows: dict[int, ApiKey]
    calls: int

    def facts(self, key: int | None) -> PoolKey:
        """Return the key of the pool with this id."""
        return next(candidate for candidate in self.pool.keys if candidate.id == key)


@dataclass(slots=True)
class Lease:
    """An attempt under way: its row holds a place of the key until `end` is written."""

    attempt: int
    call: int
    number: int
    key: ApiKey | None
    account: str
    model: str
    client: Client
    started: float = field(default_factory=time.monotonic)
    is_open: bool = True


# --- seeing and claiming ----------------------------------------------------------------------


def view(call_id: int, now: datetime) -> View:
    """Return the pool as it is now; without an enabled key it is the local stand-in alone."""
    rows = {key.pk: key for key in ApiKey.objects.enabled()}
    loads = _loads(call_id, {key.account for key in rows.values()}, now)
    lasting, probed = rests.seen(now)
    limits = _Limits(rows, now)
    keys = tuple(_pool_key(row, rows, loads, limits, now) for row in rows.values())
    failures = {account: load.failures for account, load in loads.accounts.items()}
    return View(Pool(keys or (STAND_IN,), lasting, probed, failures), rows, loads.calls)


def claim(
    call_id: int, seen: View, key_id: int | None, model: str, now: datetime, *, waited_ms: int
) -> Lease | None:
    """Take a place of the key and record that the call is about to reach Venice.

    Returns None when the key was lost in between: look again. Raises `VeniceError` when the call was
    closed meanwhile.
    """
    key = seen.rows[key_id] if key_id is not None else None
    client = client_of(key)
    if client is None:
        return None
    with transaction.atomic():
        if key is not None and not _take_place(call_id, key, seen.rows, model, now):
            transaction.set_rollback(True)
            return None
        quotas.dispatch(call_id)
        attempt = Attempt.objects.create(
            call_id=call_id,
            number=seen.calls + 1,
            key=key,
            account=key.account if key else STAND_IN.account,
            key_label=str(key) if key else "Local stand-in",
            model=model,
            started_at=now,
            expires_at=now
            + max(STREAM_DEADLINE, _seconds(settings.VENICE_DEADLINE))
            + LEASE_MARGIN,
            waited_ms=waited_ms,
        )
    return Lease(attempt.pk, call_id, attempt.number, key, attempt.account, model, client)


@dataclass(slots=True)
class _AccountLoad:
    failures: int = 0
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class _Loads:
    """Taken places by key, what each account failed and may still be refused, attempts of the call."""

    places: Mapping[int | None, int]
    accounts: Mapping[str, _AccountLoad]
    calls: int


def _loads(call_id: int, accounts: set[str], now: datetime) -> _Loads:
    """Return what is under way.

    Three narrow questions in one statement (one wide question would read the whole table), counted here:
    there are at most a few hundred rows, and aggregates cost Django three times as long to compile.
    """
    attempts = Attempt.objects.order_by()
    is_open = attempts.in_flight(now).filter(call__state=CallState.RESERVED)
    failed = attempts.failures_since(accounts, now - FAILURE_WINDOW)
    rows = _told(is_open, "open").union(
        _told(failed, "failed"), _told(attempts.filter(call=call_id), "mine"), all=True
    )
    places: Counter[int | None] = Counter()
    loads = {account: _AccountLoad() for account in accounts}
    calls = 0
    for what, key, account, started_at in rows.order_by():
        if what == "mine":
            calls += 1
        elif what == "open":
            places[key] += 1
            if account in loads and started_at > now - policy.REFUSED_WITHIN:
                loads[account].unanswered += 1
        else:
            loads[account].failures += 1
    return _Loads(places, loads, calls)


def _told(attempts: AttemptQuerySet, what: str) -> QuerySet[Attempt, Any]:
    return attempts.values_list(Value(what), "key", "account", "started_at")


class _Limits:
    """Which keys have room under their own limits: those of a day, and the quotas of keys."""

    def __init__(self, rows: Mapping[int, ApiKey], now: datetime) -> None:
        self._days = _days_used(rows.values(), now)
        self._full = {
            allowance.quota.key_id
            for allowance in allowances.of_keys(list(rows), now)
            if not allowance.left
        }

    def leave_room(self, row: ApiKey) -> bool:
        """Return whether one more request fits."""
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


def _take_place(
    call_id: int, key: ApiKey, rows: Mapping[int, ApiKey], model: str, now: datetime
) -> bool:
    """Take a place of the key, all conditions looked at again under its lock; to be rolled back on False."""
    _lock_account(key.account)
    mine = ApiKey.objects.filter(pk=key.pk, enabled=True, fingerprint=key.fingerprint)
    due = mine.filter(state=KeyState.REFUSED, retry_at__lte=now)
    askable = mine.filter(state__in=ASKABLE)
    if not (
        askable.update(last_used_at=now)
        or due.update(last_used_at=now, retry_at=now + rests.PROBE_FOR)
    ):
        return False
    return (
        _has_place(key, rows, now)
        and rests.may_pass(key.pk, key.account, model, now)
        and quotas.claim_key(call_id, key, now)
    )


def _lock_account(account: str) -> None:
    """Let one claim of an account through at a time; SQLite has but one writer anyway."""
    if connection.features.has_select_for_update:
        keys = ApiKey.objects.select_for_update().filter(account=account).order_by("pk")
        list(keys.values_list("pk"))


def _has_place(key: ApiKey, rows: Mapping[int, ApiKey], now: datetime) -> bool:
    attempts = Attempt.objects.order_by()
    is_open = attempts.in_flight(now).filter(account=key.account, call__state=CallState.RESERVED)
    failed = attempts.failures_since([key.account], now - FAILURE_WINDOW)
    found = list(_told(is_open, "open").union(_told(failed, "failed"), all=True).order_by())
    places = sum(what == "open" and of_key == key.pk for what, of_key, *_ in found)
    unanswered = sum(
        what == "open" and started_at > now - policy.REFUSED_WITHIN
        for what, _, _, started_at in found
    )
    failures = sum(what == "failed" for what, *_ in found)
    well = _answers_well(key.account, rows, now)
    return places < key.max_in_flight and policy.admits(failures, unanswered, answers_well=well)


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


# --- ending -----------------------------------------------------------------------------------


def note_answer(lease: Lease, now: datetime) -> None:
    """Note that the key's account answers well: others may then be sent at once."""
    key = lease.key
    if key is None or (key.answered_at and key.answered_at > now - ANSWER_NOTED_EVERY):
        return
    key.answered_at = now
    ApiKey.objects.filter(pk=key.pk, fingerprint=key.fingerprint).update(answered_at=now)


def end_well(lease: Lease, rate: RateInfo, now: datetime, *, request_id: str = "") -> None:
    """End an attempt that was answered, and keep what its headers said of the key."""
    with transaction.atomic():
        _end(lease, now, outcome="ok", status=200, request_id=request_id)
        if lease.key is None:
            return
        _keep_rate(lease.key, lease.model, rate, now, answered_at=now)
        if lease.key.state != KeyState.ACTIVE:
            mark(lease.key, KeyState.ACTIVE)
        rests.lift(lease.key.pk, lease.account, lease.model, now)
        if rate.remaining == 0 and rate.reset_at is not None:
            until = min(datetime.fromtimestamp(rate.reset_at, UTC), now + LONGEST_REST)
            rests.lay(Rest(f"account:{lease.account}", lease.model, until, "used-up"))


def end_badly(lease: Lease, error: VeniceError, seen: View, waits: int, now: datetime) -> None:
    """End an attempt that failed, and let everybody know what follows for the key, account or model."""
    with transaction.atomic():
        _end(
            lease,
            now,
            outcome=error.kind,
            status=error.status,
            detail=error.detail,
            request_id=error.request_id,
            counts_as_failure=lease.key is not None and (error.status or 0) >= 400,
        )
        if lease.key is not None and error.rate is not None and not isinstance(error, KeyRefused):
            _keep_rate(lease.key, lease.model, error.rate, now)
        tried = Tried(lease.key.pk if lease.key else None, lease.account, lease.model, error)
        for outcome in consequences.consequences(tried, seen.facts(tried.key), waits, now):
            if isinstance(outcome, Rest):
                rests.lay(outcome)
            elif lease.key is not None:
                state = KeyState(outcome.state)
                mark(lease.key, state, outcome.reason, retry_at=outcome.retry_at)
                log.warning("key=%s state=%s account=%s", lease.key.pk, state, lease.account)


def end_unanswered(lease: Lease, now: datetime, outcome: str) -> None:
    """End an attempt that was stopped, or that our own fault broke."""
    _end(lease, now, outcome=outcome)


def prune(now: datetime) -> None:
    """End the leases that nobody came back to."""
    lost = Attempt.objects.filter(ended_at=None, expires_at__lte=now)
    lost.update(ended_at=now, outcome="lost")


def _end(lease: Lease, now: datetime, **facts: Any) -> None:
    if not lease.is_open:
        return
    lease.is_open = False
    duration = round((time.monotonic() - lease.started) * 1000)
    facts = {
        name: value[:500] if isinstance(value, str) else value for name, value in facts.items()
    }
    facts["request_id"] = facts.get("request_id", "")[:80]
    rows = Attempt.objects.filter(pk=lease.attempt)
    rows.update(ended_at=now, duration_ms=duration, **facts)
    log.info(
        "call=%s attempt=%s key=%s account=%s model=%s outcome=%s status=%s duration_ms=%s ray=%s",
        lease.call,
        lease.number,
        lease.key.pk if lease.key else "stand-in",
        lease.account,
        lease.model,
        facts["outcome"],
        facts.get("status") or "-",
        duration,
        facts["request_id"] or "-",
    )


def _keep_rate(key: ApiKey, model: str, rate: RateInfo, now: datetime, **facts: Any) -> None:
    facts["rate_limits"] = _with_rate(key.rate_limits, model, rate, now)
    if rate.balance_usd is not None:
        facts["balance_usd"] = money(rate.balance_usd)
    if rate.balance_diem is not None:
        facts["balance_diem"] = money(rate.balance_diem)
    ApiKey.objects.filter(pk=key.pk, fingerprint=key.fingerprint).update(**facts)


def _with_rate(kept: dict[str, Any], model: str, rate: RateInfo, now: datetime) -> dict[str, Any]:
    said = {
        "limit": rate.limit,
        "remaining": rate.remaining,
        "reset_at": rate.reset_at,
        "tokens_remaining": rate.tokens_remaining,
        "failures_left": rate.failures_left,
    }
    said = {name: value for name, value in said.items() if value is not None}
    models = {**kept.get("models", {}), model: {**said, "at": now.isoformat(timespec="seconds")}}
    return {**kept, "models": models}


def money(amount: float) -> Decimal:
    """Return an amount of a currency as it is kept."""
    return Decimal(str(amount)).quantize(Decimal("0.0001"))
