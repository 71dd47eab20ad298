"""The ledger and its quotas: reserve before a call, settle or release after it, exactly once.

The counters of the quotas change in the transaction of the ledger line, or not at all.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from venice_site import statements
from venice_site.accounts.models import User
from venice_site.venice import buckets, rules
from venice_site.venice.errors import NoKey, VeniceError
from venice_site.venice.models import (
    ApiKey,
    Call,
    CallKind,
    CallState,
    Metric,
    Period,
    QuotaBucket,
    Who,
)
from venice_site.venice.policy import NO_DAY
from venice_site.venice.types import Usage
from venice_site.venice.windows import window

WAITS_AT_MOST = timedelta(hours=24)  # a reservation in the queue
ANSWERS_WITHIN = timedelta(minutes=15)  # a reservation that was dispatched; above every deadline


@dataclass(frozen=True, slots=True)
class Estimate:
    """The most that an operation is expected to use; cost in micro-USD."""

    images: int = 0
    tokens: int = 0
    cost: int = 0

    def of(self, metric: str) -> int:
        """Return the amount of one metric; every operation is one request."""
        return {
            Metric.REQUESTS: 1,
            Metric.IMAGES: self.images,
            Metric.TOKENS: self.tokens,
            Metric.COST: self.cost,
        }[Metric(metric)]


def reserve(
    user: User, kind: CallKind, model: str, estimate: Estimate, *, simulated: bool = False
) -> Call:
    """Write the ledger line and hold the estimate in every quota that applies.

    Raises `QuotaExceeded`, which names the quota and its reset, and then has changed nothing.
    """
    now = timezone.now()
    with transaction.atomic():
        call = statements.insert(
            Call(
                user=user,
                kind=kind,
                model=model,
                images=estimate.images,
                tokens_in=estimate.tokens,
                cost=estimate.cost,
                cost_source="estimate",
                simulated=simulated,
                created_at=now,
                expires_at=now + WAITS_AT_MOST,
            )
        )
        buckets.take(call.pk, rules.of_person(user), estimate.of, now, user)
    return call


def adapt(call_id: int, estimate: Estimate, *, may_shrink: bool) -> None:
    """Hold what another model is expected to use; what was perhaps charged before is not let go.

    Raises `QuotaExceeded` when a quota has no room for more, and then has changed nothing.
    """
    with transaction.atomic():
        call = Call.objects.select_related("user").get(pk=call_id)
        before = Estimate(call.images, call.tokens_in, call.cost)
        if not may_shrink:
            estimate = Estimate(*map(max, astuple(estimate), astuple(before)))
        facts = {"images": estimate.images, "tokens_in": estimate.tokens, "cost": estimate.cost}
        mine = Call.objects.filter(pk=call_id, state=CallState.RESERVED)
        if estimate == before or not mine.update(**facts):
            return
        fresh = [quota for quota in rules.of_person(call.user) if not before.of(quota.metric)]
        buckets.adapt(call_id, fresh, estimate.of, timezone.now(), call.user)
        # What it holds of a key's quotas the key that is tried next takes anew.
        of_keys = [quota for quota in rules.enabled() if quota.who == Who.KEY]
        buckets.let_go(call_id, map(rules.subject, of_keys))


def dispatch(call_id: int) -> None:
    """Record that the call is about to reach Venice. Raises `VeniceError` when it was closed before."""
    now = timezone.now()
    reserved = {"pk": call_id, "state": CallState.RESERVED}
    facts = {"dispatched_at": now, "expires_at": now + ANSWERS_WITHIN}
    if not statements.update(Call, reserved, facts):
        raise VeniceError("This waited too long in the queue. Nothing was charged. Try again.")


def retract(call_id: int) -> None:
    """Record that the attempt surely cost nothing, so that the call may wait in the queue again."""
    Call.objects.filter(pk=call_id, state=CallState.RESERVED).update(
        dispatched_at=None, expires_at=timezone.now() + WAITS_AT_MOST
    )


def settle(
    call_id: int,
    usage: Usage,
    *,
    may_be_charged: bool = False,
    error_kind: str = "",
) -> None:
    """Write what the call really used, in the ledger and in every bucket it held; safe to call twice.

    A late answer corrects a call that was released, or settled on suspicion, before it came.
    """
    used = Estimate(usage.images, usage.tokens, usage.cost)
    with transaction.atomic(savepoint=False):
        reserved = {"pk": call_id, "state": CallState.RESERVED}
        facts = {
            "state": CallState.SETTLED,
            "images": usage.images,
            "tokens_in": usage.tokens_in,
            "tokens_out": usage.tokens_out,
            "tokens_cached": usage.tokens_cached,
            "cost": usage.cost,
            "cost_source": usage.cost_source,
            "may_be_charged": may_be_charged,
            "error_kind": error_kind,
            "finished_at": timezone.now(),
        }
        if statements.update(Call, reserved, facts):
            buckets.charge(call_id, used.of, was_reserved=True)
        elif not may_be_charged and _late(call_id).update(**facts):
            buckets.charge(call_id, used.of, was_reserved=False)


def _late(call_id: int) -> QuerySet[Call]:
    """Return the call if it was closed before its answer came."""
    came_late = Q(state=CallState.RELEASED) | Q(state=CallState.SETTLED, may_be_charged=True)
    return Call.objects.filter(came_late, pk=call_id)


def close(
    call_id: int, usage: Usage | None, *, may_be_charged: bool = False, error_kind: str = ""
) -> None:
    """End a call that did not go well: settle what was used, else release it; safe to call twice.

    When nothing is known of a dispatched call and Venice may have charged for it, the whole
    reservation counts as used and the line says so.
    """
    if usage is not None:
        settle(call_id, usage, error_kind=error_kind)
        return
    with transaction.atomic():
        call = Call.objects.get(pk=call_id)
        if may_be_charged and call.dispatched_at is not None:
            _settle_on_suspicion(call, error_kind)
        else:
            _release(call_id, error_kind)


def sweep(now: datetime | None = None) -> int:
    """Close the calls whose reservation has expired; return how many there were."""
    expired = Call.objects.filter(state=CallState.RESERVED, expires_at__lt=now or timezone.now())
    calls = list(expired.values_list("pk", flat=True)[:500])
    for call_id in calls:
        close(call_id, None, may_be_charged=True, error_kind="expired")
    return len(calls)


def claim_key(call_id: int, key: ApiKey, now: datetime) -> None:
    """Take what a call needs under the limits of a key, which were seen to have room. Raises `VeniceError`.

    The daily limit counts every request that is sent with the key. A quota of the key counts the call once,
    however often it is tried; what another key held for it before is let go.
    """
    mine = rules.of_keys([key.pk])
    others = [quota for quota in rules.enabled() if quota.key_id not in (None, key.pk)]
    if others:
        buckets.let_go(call_id, [rules.subject(quota) for quota in others])
    if mine:
        held = buckets.subjects_held(call_id)
        wanted = [quota for quota in mine if rules.subject(quota) not in held]
        buckets.take(call_id, wanted, expected(call_id).of, now, None)
    if not _claim_day(key, now):
        raise NoKey(NO_DAY)


def expected(call_id: int) -> Estimate:
    """Return what a call that is not settled yet is expected to use."""
    images, tokens, cost = Call.objects.values_list("images", "tokens_in", "cost").get(pk=call_id)
    return Estimate(images, tokens, cost)


def give_back_day(key: ApiKey, sent: datetime) -> None:
    """Give a request back to the key's day, because it was never sent."""
    if key.daily_limit is not None:
        start, _ = window(Period.DAY, "UTC", sent)
        day = QuotaBucket.objects.filter(subject=f"key:{key.pk}", window_start=start, used__gt=0)
        day.update(used=F("used") - 1)


def _claim_day(key: ApiKey, now: datetime) -> bool:
    """Count one request on the key's day (UTC); False when its daily limit is used up."""
    if key.daily_limit is None:
        return True
    start, end = window(Period.DAY, "UTC", now)
    found = {"subject": f"key:{key.pk}", "window_start": start}
    bucket = QuotaBucket.objects.filter(**found).first()
    if bucket is None:
        QuotaBucket.objects.bulk_create(
            [QuotaBucket(key=key, window_end=end, **found)], ignore_conflicts=True
        )
    room = QuotaBucket.objects.filter(**found, used__lt=key.daily_limit)
    return bool(room.update(used=F("used") + 1))


def _settle_on_suspicion(call: Call, error_kind: str) -> None:
    if Call.objects.filter(pk=call.pk, state=CallState.RESERVED).update(
        state=CallState.SETTLED,
        may_be_charged=True,
        error_kind=error_kind,
        finished_at=timezone.now(),
    ):
        buckets.charge_in_full(call.pk)


def _release(call_id: int, error_kind: str) -> None:
    if Call.objects.filter(pk=call_id, state=CallState.RESERVED).update(
        state=CallState.RELEASED,
        images=0,
        tokens_in=0,
        cost=0,
        cost_source="",
        error_kind=error_kind,
        finished_at=timezone.now(),
    ):
        buckets.give_back(call_id)
