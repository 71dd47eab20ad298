"""The pool of keys in the database: seen, claimed, ended, marked, rested. Correct with many processes.

An open `Attempt` row is the lease of a place of its key; a claim writes first (the row lock of the key),
then counts, so that two claims can never both take the last place.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.utils import timezone

from venice_site.venice import policy, quotas
from venice_site.venice.answers import KeyHealth
from venice_site.venice.client import Client
from venice_site.venice.errors import KeyRefused, VeniceError
from venice_site.venice.models import (
    ApiKey,
    Attempt,
    AttemptQuerySet,
    CallState,
    Cooldown,
    KeyState,
    Period,
    QuotaBucket,
)
from venice_site.venice.policy import Pool, PoolKey, Rest, Tried
from venice_site.venice.secrets import Undecryptable
from venice_site.venice.types import RateInfo

log = logging.getLogger("studio.venice")

STAND_IN = PoolKey(id=None, account="stand-in", proven=True)
STAND_IN_SECRET = "stand-in"  # noqa: S105  the local stand-in takes any word
ASKABLE = (KeyState.ACTIVE, KeyState.OUT_OF_CREDIT, KeyState.SPEND_CAPPED)
LEASE_MARGIN = timedelta(seconds=30)
STREAM_DEADLINE = timedelta(minutes=10)
FEW_FAILURES = 3  # from here on young open attempts are expected to fail as well
YOUNG = timedelta(seconds=10)
LOWEST_BALANCE = Decimal("0.10")  # what Venice wants to see before it starts (contract 11)


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
    rests = [
        Rest(rest.scope, rest.model, rest.until, rest.reason)
        for rest in Cooldown.objects.filter(until__gt=now)
    ]
    days = _days_used(rows.values(), now)
    keys = tuple(_pool_key(row, loads.open.get(row.pk, 0), days, now) for row in rows.values())
    return View(Pool(keys or (STAND_IN,), tuple(rests), loads.failures), rows, loads.calls)


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
        if key is not None and not _take_place(key, now):
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


def client_of(key: ApiKey | None) -> Client | None:
    """Return the client of a key (None: of the stand-in); marks a key that cannot be decrypted."""
    if key is None:
        return _client(settings.VENICE_STAND_IN_URL, STAND_IN_SECRET, *_times())
    try:
        return _client(settings.VENICE_BASE_URL, key.secret(), *_times())
    except Undecryptable:
        reason = "ENCRYPTION_KEYS has changed. Enter the key again, or bring the old value back."
        key.mark(KeyState.UNDECRYPTABLE, reason)
        return None


@dataclass(frozen=True, slots=True)
class _Loads:
    open: Mapping[int | None, int]
    failures: dict[str, int]
    calls: int


def _loads(call_id: int, accounts: set[str], now: datetime) -> _Loads:
    """Return open places by key, failures of the last 30 seconds by account, attempts of the call.

    Three narrow questions in one statement (one wide question would read the whole table), counted here:
    there are at most a few hundred rows, and aggregates cost Django three times as long to compile.
    """
    attempts = Attempt.objects.order_by()
    is_open = attempts.in_flight(now).filter(call__state=CallState.RESERVED)
    failed = attempts.failures_since(accounts, now - policy.FAILURE_WINDOW)
    rows = _told(is_open, "open").union(
        _told(failed, "failed"), _told(attempts.filter(call=call_id), "mine"), all=True
    )
    places: Counter[int | None] = Counter()
    failures: Counter[str] = Counter()
    young: Counter[str] = Counter()
    calls = 0
    for what, key, account, started_at in rows.order_by():
        if what == "open":
            places[key] += 1
            young[account] += started_at > now - YOUNG
        elif what == "failed":
            failures[account] += 1
        else:
            calls += 1
    feared = {
        account: count + (young[account] if count >= FEW_FAILURES else 0)
        for account, count in failures.items()
    }
    return _Loads(places, feared, calls)


def _told(attempts: AttemptQuerySet, what: str) -> QuerySet[Attempt, Any]:
    return attempts.values_list(Value(what), "key", "account", "started_at")


def _pool_key(row: ApiKey, places: int, days: dict[int, int], now: datetime) -> PoolKey:
    due = row.retry_at is not None and row.retry_at <= now
    limit = row.daily_limit
    return PoolKey(
        id=row.pk,
        account=row.account,
        priority=row.priority,
        usable=row.state in ASKABLE or (row.state == KeyState.REFUSED and due),
        good=row.state == KeyState.ACTIVE,
        proven=bool(row.rate_limits),
        has_place=places < row.max_in_flight,
        has_day=limit is None or days.get(row.pk, 0) < limit,
        last_used_at=row.last_used_at,
    )


def _days_used(rows: Iterable[ApiKey], now: datetime) -> dict[int, int]:
    limited = [row.pk for row in rows if row.daily_limit is not None]
    if not limited:
        return {}
    start, _ = quotas.window(Period.DAY, "UTC", now)
    buckets = QuotaBucket.objects.filter(key__in=limited, window_start=start)
    return {key: used for key, used in buckets.values_list("key", "used") if key is not None}


def _take_place(key: ApiKey, now: datetime) -> bool:
    askable = Q(state__in=ASKABLE) | Q(state=KeyState.REFUSED, retry_at__lte=now)
    mine = ApiKey.objects.filter(askable, pk=key.pk, enabled=True, fingerprint=key.fingerprint)
    if not mine.update(last_used_at=now):
        return False
    taken = Attempt.objects.in_flight(now).filter(key=key, call__state=CallState.RESERVED).count()
    return taken < key.max_in_flight and quotas.claim_key_day(key, now)


@lru_cache(maxsize=256)
def _client(base_url: str, secret: str, timeout: float, deadline: float) -> Client:
    return Client(base_url, secret, timeout=timeout, deadline=deadline)


def _times() -> tuple[float, float]:
    return settings.VENICE_TIMEOUT, settings.VENICE_DEADLINE


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


# --- ending -----------------------------------------------------------------------------------


def end_well(lease: Lease, rate: RateInfo, now: datetime, *, request_id: str = "") -> None:
    """End an attempt that was answered, and keep what its headers said of the key."""
    _end(lease, now, outcome="ok", status=200, request_id=request_id)
    if lease.key is None:
        return
    _keep_rate(lease.key, lease.model, rate, now)
    if lease.key.state != KeyState.ACTIVE:
        lease.key.mark(KeyState.ACTIVE, "")
    if rate.remaining == 0 and rate.reset_at is not None:
        until = min(datetime.fromtimestamp(rate.reset_at, UTC), now + policy.LONGEST_REST)
        lay(Rest(f"account:{lease.account}", lease.model, until, "used-up"))


def end_badly(lease: Lease, error: VeniceError, seen: View, waits: int, now: datetime) -> None:
    """End an attempt that failed, and let everybody know what follows for the key, account or model."""
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
    for outcome in policy.consequences(tried, seen.facts(tried.key), waits, now):
        if isinstance(outcome, Rest):
            lay(outcome)
        elif lease.key is not None:
            state = KeyState(outcome.state)
            lease.key.mark(state, outcome.reason, retry_at=outcome.retry_at)
            log.warning("key=%s state=%s account=%s", lease.key.pk, state, lease.account)


def end_unanswered(lease: Lease, now: datetime, outcome: str) -> None:
    """End an attempt that was stopped, or that our own fault broke."""
    _end(lease, now, outcome=outcome)


def lay(rest: Rest) -> None:
    """Write a rest; one that lasts longer already stays as it is."""
    found = {"scope": rest.scope[:100], "model": rest.model[:120]}
    facts = {"until": rest.until, "reason": rest.reason[:200]}
    Cooldown.objects.bulk_create([Cooldown(**found, **facts)], ignore_conflicts=True)
    Cooldown.objects.filter(**found, until__lt=rest.until).update(**facts)


def prune(now: datetime) -> None:
    """End the leases that nobody came back to, and forget the rests that are over."""
    lost = Attempt.objects.filter(ended_at=None, expires_at__lte=now)
    lost.update(ended_at=now, outcome="lost")
    Cooldown.objects.filter(until__lt=now - policy.LONGEST_REST).delete()


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


def _keep_rate(key: ApiKey, model: str, rate: RateInfo, now: datetime) -> None:
    facts: dict[str, Any] = {"rate_limits": _with_rate(key.rate_limits, model, rate, now)}
    if rate.balance_usd is not None:
        facts["balance_usd"] = _money(rate.balance_usd)
    if rate.balance_diem is not None:
        facts["balance_diem"] = _money(rate.balance_diem)
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


def _money(amount: float) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.0001"))


# --- the health of a key ----------------------------------------------------------------------


def check_key(key: ApiKey, now: datetime | None = None) -> str:
    """Ask Venice how this key is, keep the answer on its row, and return it as a sentence."""
    now = now or timezone.now()
    client = client_of(key)
    if client is None:
        key.refresh_from_db()
        return f"This key cannot be decrypted. {key.state_reason}"
    try:
        health = client.rate_limits()
    except KeyRefused as error:
        key.mark(KeyState.REFUSED, error.detail or str(error), retry_at=now + policy.PROBE_AFTER)
        _checked(key, now)
        return "Venice refused this key. Replace it with a new one."
    except VeniceError as error:
        return f"The check did not get through: {error}"
    return _keep_health(key, health, now)


def check_keys(now: datetime, *, due_only: bool) -> int:
    """Check the enabled keys, or only those in a bad state whose time has come; return how many."""
    keys = ApiKey.objects.enabled()
    if due_only:
        due = Q(retry_at__lte=now) | Q(state__in=[KeyState.OUT_OF_CREDIT, KeyState.UNDECRYPTABLE])
        keys = keys.filter(due).exclude(state=KeyState.ACTIVE)
    checked = list(keys)
    for key in checked:
        check_key(key, now)
    return len(checked)


def _keep_health(key: ApiKey, health: KeyHealth, now: datetime) -> str:
    balances = {name.upper(): _money(amount) for name, amount in health.balances.items()}
    limits = {**key.rate_limits, "tier": health.tier, "limits": health.limits}
    _checked(
        key,
        now,
        balance_usd=balances.get("USD"),
        balance_diem=balances.get("DIEM"),
        rate_limits=limits,
    )
    if not health.ok:
        key.mark(KeyState.REFUSED, health.reason, retry_at=now + policy.PROBE_AFTER)
        return health.reason
    if balances and sum(balances.values()) < LOWEST_BALANCE:
        key.mark(KeyState.OUT_OF_CREDIT, "The balance at Venice is below $0.10.")
        return "This key works, but its Venice account is out of credit."
    _heal(key)
    return f"This key works. Balance: {_in_words(balances)}."


def _heal(key: ApiKey) -> None:
    if key.state != KeyState.ACTIVE:
        key.mark(KeyState.ACTIVE, "")
    scopes = (f"key:{key.pk}", f"account:{key.account}")
    Cooldown.objects.filter(scope__in=scopes, reason__in=policy.MONEY).delete()


def _checked(key: ApiKey, now: datetime, **facts: Any) -> None:
    rows = ApiKey.objects.filter(pk=key.pk, fingerprint=key.fingerprint)
    rows.update(checked_at=now, **facts)


def _in_words(balances: dict[str, Decimal]) -> str:
    words = [f"{amount.normalize():f} {name}" for name, amount in balances.items() if amount]
    return ", ".join(words) or "not told"
