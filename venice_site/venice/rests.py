"""Who rests until when, for all processes: laid, tried out by one request first, and lifted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from venice_site.statements import Statement
from venice_site.venice import notices
from venice_site.venice.consequences import (
    FAULT_WINDOW,
    FAULTS,
    LONGEST_REST,
    is_failing,
    model_rest,
)
from venice_site.venice.decisions import EVERYONE, Rest, scopes_of
from venice_site.venice.errors import ModelFailing
from venice_site.venice.models import Attempt, Cooldown
from venice_site.venice.policy import MONEY

COOLDOWNS = Statement(Cooldown.objects.all)
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
    for row in COOLDOWNS.all():
        if row.until > now:
            lasting.append(Rest(row.scope, row.model, row.until, row.reason))
        elif row.probe_until is not None and row.probe_until > now:
            probed.append((row.scope, row.model))
        else:
            over.append(row)
    return Resting(tuple(lasting), tuple(probed), tuple(over))


def lay(rest: Rest, *, times: int = 0) -> None:
    """Write a rest; one that lasts longer already stays as it is."""
    found = {"scope": rest.scope[:100], "model": rest.model[:120]}
    facts = {"until": rest.until, "reason": rest.reason[:200], "probe_until": None, "times": times}
    Cooldown.objects.bulk_create([Cooldown(**found, **facts)], ignore_conflicts=True)
    Cooldown.objects.filter(**found, until__lt=rest.until).update(**facts)


def lay_failing(model: str, now: datetime, *, tried_out: bool) -> None:
    """Let a model rest for everybody when it fails again and again, and longer when it was just tried out.

    To be called after an attempt that failed by the model's own fault was ended.
    """
    known = Cooldown.objects.filter(scope=EVERYONE, model=model, reason=ModelFailing.kind).first()
    if not (tried_out if known else is_failing(*_lately(model, now))):
        return
    times = known.times + 1 if known else 0
    lay(Rest(EVERYONE, model, now + model_rest(times), ModelFailing.kind), times=times)
    told = (
        f"Venice fails again and again with {model}. It is left alone and tried out now and then."
    )
    notices.tell(_subject(model), told)


def _lately(model: str, now: datetime) -> tuple[int, int]:
    """Return how many attempts with a model failed by its own fault lately, and how many were answered."""
    lately = Attempt.objects.filter(model=model, ended_at__gt=now - FAULT_WINDOW)
    found = lately.aggregate(
        faults=Count("pk", filter=Q(outcome__in=FAULTS)),
        answers=Count("pk", filter=Q(outcome="ok")),
    )
    return found["faults"], found["answers"]


def _subject(model: str) -> str:
    return f"failing:{model}"


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
    notices.settle(_subject(model))


def lift_money(key: int, account: str) -> None:
    """Forget the rests for want of money: there is some again."""
    Cooldown.objects.filter(scope__in=scopes_of(key, account)[1:], reason__in=MONEY).delete()


def prune(now: datetime) -> None:
    """Forget the rests that ended so long ago that nobody need try them out."""
    Cooldown.objects.filter(until__lt=now - LONGEST_REST).delete()
