"""How attempts end: well, badly or unanswered, and what everybody knows of the key after it."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from venice_site import statements
from venice_site.venice import consequences, quotas, rests
from venice_site.venice.decisions import Rest, Tried
from venice_site.venice.errors import KeyRefused, NoKey, NotTrusted, Unreachable, VeniceError
from venice_site.venice.marks import mark, tell_unsigned
from venice_site.venice.models import ApiKey, Attempt, KeyState
from venice_site.venice.pool import Lease, View
from venice_site.venice.types import RateInfo

log = logging.getLogger("studio.venice")

ANSWER_NOTED_EVERY = timedelta(seconds=10)


def note_answer(lease: Lease, rate: RateInfo, now: datetime) -> None:
    """Note that the key's account answers well: others may then be sent at once, as far as its limits go."""
    key = lease.key
    if key is not None:
        _keep_to(rate, lease, now)
    if key is None or (key.answered_at and key.answered_at > now - ANSWER_NOTED_EVERY):
        return
    key.answered_at = now
    _write(key, answered_at=now)


def end_well(lease: Lease, rate: RateInfo, now: datetime, *, request_id: str = "") -> None:
    """End an attempt that was answered, and keep what its headers said of the key."""
    with transaction.atomic(savepoint=False):
        _end(lease, now, outcome="ok", status=200, request_id=request_id)
        if lease.key is None:
            return
        _keep_rate(lease.key, lease.model, rate, now, answered_at=now)
        if lease.key.state != KeyState.ACTIVE:
            mark(lease.key, KeyState.ACTIVE)
        if lease.is_probe:
            rests.lift(lease.key.pk, lease.account, lease.model, now)
        _keep_to(rate, lease, now)


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
        if lease.key is not None:
            _keep(lease, lease.key, error, now)
        tried = Tried(lease.key.pk if lease.key else None, lease.account, lease.model, error)
        for outcome in consequences.consequences(tried, seen.facts(tried.key), waits, now):
            if isinstance(outcome, Rest):
                rests.lay(outcome)
            elif lease.key is not None:
                state = KeyState(outcome.state)
                mark(lease.key, state, outcome.reason, retry_at=outcome.retry_at)
                log.warning("key=%s state=%s account=%s", lease.key.pk, state, lease.account)
        if lease.key is not None and error.rate is not None:
            _keep_to(error.rate, lease, now)


def _keep(lease: Lease, key: ApiKey, error: VeniceError, now: datetime) -> None:
    """Keep what a failure says beside its consequences: of limits, of the day, of the model, of the way."""
    if error.rate is not None and not isinstance(error, KeyRefused):
        _keep_rate(key, lease.model, error.rate, now)
    if isinstance(error, Unreachable | NotTrusted):
        quotas.give_back_day(key, now)
    if error.kind in consequences.FAULTS:
        rests.lay_failing(lease.model, now, tried_out=lease.is_probe)
    if isinstance(error, NoKey) and error.status == 402:
        tell_unsigned()


def end_unanswered(lease: Lease, now: datetime, outcome: str) -> None:
    """End an attempt that was stopped, or that our own fault broke."""
    _end(lease, now, outcome=outcome)


def _end(lease: Lease, now: datetime, **facts: Any) -> None:
    duration = round((time.monotonic() - lease.started) * 1000)
    facts = {
        name: value[:500] if isinstance(value, str) else value for name, value in facts.items()
    }
    facts["request_id"] = facts.get("request_id", "")[:80]
    facts |= {"ended_at": now, "duration_ms": duration}
    if not statements.update(Attempt, {"pk": lease.attempt, "ended_at": None}, facts):
        return
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


def _keep_to(rate: RateInfo, lease: Lease, now: datetime) -> None:
    """Let those rest who have nothing left, before Venice refuses them."""
    key = lease.key.pk if lease.key else None
    for rest in consequences.used_up(rate, key, lease.account, lease.model, now):
        rests.lay(rest)


def _keep_rate(key: ApiKey, model: str, rate: RateInfo, now: datetime, **facts: Any) -> None:
    facts["rate_limits"] = _with_rate(key.rate_limits, model, rate, now)
    if rate.balance_usd is not None:
        facts["balance_usd"] = money(rate.balance_usd)
    if rate.balance_diem is not None:
        facts["balance_diem"] = money(rate.balance_diem)
    _write(key, **facts)


def _write(key: ApiKey, **facts: Any) -> None:
    """Write facts of a key, unless another secret was entered meanwhile."""
    statements.update(ApiKey, {"pk": key.pk, "fingerprint": key.fingerprint}, facts)


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
