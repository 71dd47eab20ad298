"""Who rests until when, for all processes: laid, tried out by one request first, and lifted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from venice_site.venice.consequences import LONGEST_REST
from venice_site.venice.decisions import Rest, scopes_of
from venice_site.venice.models import Cooldown
from venice_site.venice.policy import MONEY

PROBE_FOR = timedelta(seconds=5)  # a refusal comes sooner than that


@dataclass(frozen=True, slots=True)
class Resting:
    """The rests that last, the scopes and models that one request tries out now, and what is to be tried out."""

    lasting: tuple[Rest, ...]
    probed: tuple[tuple[str, str], ...]
    over: tuple[Cooldown, ...]


def seen(now: datetime) -> Resting:
    """Return who rests; the rows are few, because old ones are pruned."""
    lasting, probed, over = [], [], []
    for row in Cooldown.objects.all():
        if row.until > now:
            lasting.append(Rest(row.scope, row.model, row.until, row.reason))
        elif row.probe_until is not None and row.probe_until > now:
            probed.append((row.scope, row.model))
        else:
            over.append(row)
    return Resting(tuple(lasting), tuple(probed), tuple(over))


def lay(rest: Rest) -> None:
    """Write a rest; one that lasts longer already stays as it is."""
    found = {"scope": rest.scope[:100], "model": rest.model[:120]}
    facts = {"until": rest.until, "reason": rest.reason[:200], "probe_until": None}
    Cooldown.objects.bulk_create([Cooldown(**found, **facts)], ignore_conflicts=True)
    Cooldown.objects.filter(**found, until__lt=rest.until).update(**facts)


def probe(resting: Resting, key: int, account: str, model: str, now: datetime) -> bool:
    """Let the request that is about to be sent try out the rests that are over; return whether it does."""
    scopes = scopes_of(key, account)
    mine = [row.pk for row in resting.over if row.scope in scopes and row.model in ("", model)]
    if mine:
        Cooldown.objects.filter(pk__in=mine).update(probe_until=now + PROBE_FOR)
    return bool(mine)


def lift(key: int, account: str, model: str, now: datetime) -> None:
    """Forget the rests that are over: a request has passed."""
    mine = Cooldown.objects.filter(scope__in=scopes_of(key, account), model__in=("", model))
    mine.filter(until__lte=now).delete()


def lift_money(key: int, account: str) -> None:
    """Forget the rests for want of money: there is some again."""
    Cooldown.objects.filter(scope__in=scopes_of(key, account)[1:], reason__in=MONEY).delete()


def prune(now: datetime) -> None:
    """Forget the rests that ended so long ago that nobody need try them out."""
    Cooldown.objects.filter(until__lt=now - LONGEST_REST).delete()
