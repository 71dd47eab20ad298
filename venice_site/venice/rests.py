"""Who rests until when, for all processes: laid, tried out by one request first, and lifted."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from venice_site.venice.consequences import LONGEST_REST
from venice_site.venice.decisions import Rest, scopes_of
from venice_site.venice.models import Cooldown
from venice_site.venice.policy import MONEY

PROBE_FOR = timedelta(seconds=5)  # a refusal comes sooner than that


def seen(now: datetime) -> tuple[tuple[Rest, ...], tuple[tuple[str, str], ...]]:
    """Return the rests that last, and the scopes and models that one request tries out right now."""
    lasting, probed = [], []
    known = Cooldown.objects.filter(Q(until__gt=now) | Q(probe_until__gt=now))
    for row in known:
        if row.until > now:
            lasting.append(Rest(row.scope, row.model, row.until, row.reason))
        else:
            probed.append((row.scope, row.model))
    return tuple(lasting), tuple(probed)


def lay(rest: Rest) -> None:
    """Write a rest; one that lasts longer already stays as it is."""
    found = {"scope": rest.scope[:100], "model": rest.model[:120]}
    facts = {"until": rest.until, "reason": rest.reason[:200], "probe_until": None}
    Cooldown.objects.bulk_create([Cooldown(**found, **facts)], ignore_conflicts=True)
    Cooldown.objects.filter(**found, until__lt=rest.until).update(**facts)


def may_pass(key: int, account: str, model: str, now: datetime) -> bool:
    """Return whether a request may be sent although rests have just ended: the first one may, as their probe.

    To be rolled back when it is not.
    """
    over = list(_concerning(key, account, model).values_list("pk", "until", "probe_until"))
    if any(until > now or (probe is not None and probe > now) for _, until, probe in over):
        return False
    free = Q(probe_until=None) | Q(probe_until__lte=now)
    return all(
        Cooldown.objects.filter(free, pk=pk, until__lte=now).update(probe_until=now + PROBE_FOR)
        for pk, _, _ in over
    )


def lift(key: int, account: str, model: str, now: datetime) -> None:
    """Forget the rests that are over: a request has passed."""
    _concerning(key, account, model).filter(until__lte=now).delete()


def lift_money(key: int, account: str) -> None:
    """Forget the rests for want of money: there is some again."""
    Cooldown.objects.filter(scope__in=scopes_of(key, account)[1:], reason__in=MONEY).delete()


def prune(now: datetime) -> None:
    """Forget the rests that ended so long ago that nobody need try them out."""
    Cooldown.objects.filter(until__lt=now - LONGEST_REST).delete()


def _concerning(key: int, account: str, model: str) -> QuerySet[Cooldown]:
    return Cooldown.objects.filter(scope__in=scopes_of(key, account), model__in=("", model))
