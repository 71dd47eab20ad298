"""The health of keys: what Venice says of each, asked for nothing, and kept on its row."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone

from venice_site.venice import marks, rests
from venice_site.venice.answers import KeyHealth
from venice_site.venice.clients import client_of
from venice_site.venice.consequences import PROBE_AFTER
from venice_site.venice.endings import money
from venice_site.venice.errors import KeyRefused, VeniceError
from venice_site.venice.models import ApiKey, KeyState

LOWEST_BALANCE = Decimal("0.10")  # what Venice wants to see before it starts (contract 11)


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
        marks.mark(key, KeyState.REFUSED, error.detail or str(error), retry_at=now + PROBE_AFTER)
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
    marks.settle_unsigned()
    balances = {name.upper(): money(amount) for name, amount in health.balances.items()}
    limits = {**key.rate_limits, "tier": health.tier, "limits": health.limits}
    _checked(
        key,
        now,
        balance_usd=balances.get("USD"),
        balance_diem=balances.get("DIEM"),
        rate_limits=limits,
    )
    if not health.ok:
        marks.mark(key, KeyState.REFUSED, health.reason, retry_at=now + PROBE_AFTER)
        return health.reason
    if balances and sum(balances.values()) < LOWEST_BALANCE:
        marks.mark(key, KeyState.OUT_OF_CREDIT, "The balance at Venice is below $0.10.")
        return "This key works, but its Venice account is out of credit."
    _heal(key)
    return f"This key works. Balance: {_in_words(balances)}."


def _heal(key: ApiKey) -> None:
    if key.state != KeyState.ACTIVE:
        marks.mark(key, KeyState.ACTIVE)
    rests.lift_money(key.pk, key.account)


def _checked(key: ApiKey, now: datetime, **facts: Any) -> None:
    rows = ApiKey.objects.filter(pk=key.pk, fingerprint=key.fingerprint)
    rows.update(checked_at=now, **facts)


def _in_words(balances: dict[str, Decimal]) -> str:
    words = [f"{amount.normalize():f} {name}" for name, amount in balances.items() if amount]
    return ", ".join(words) or "not told"
