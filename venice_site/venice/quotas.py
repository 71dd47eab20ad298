"""Quotas: reserve before a call, settle or release after it, in the transaction of its ledger line.

Two reservations can never both take the last unit: each bucket is taken by one conditional UPDATE, and
the buckets of a call are always taken in the same order, the most shared one last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from venice_site.accounts.models import User
from venice_site.venice.errors import QuotaExceeded, VeniceError
from venice_site.venice.models import (
    ApiKey,
    Call,
    CallKind,
    CallState,
    Hold,
    Metric,
    Period,
    Quota,
    QuotaBucket,
    Who,
)
from venice_site.venice.types import Usage

WAITS_AT_MOST = timedelta(hours=24)  # a reservation in the queue
ANSWERS_WITHIN = timedelta(minutes=15)  # a reservation that was dispatched; above every deadline
SHARED_LAST = {Who.PERSON: 0, Who.EACH: 1, Who.GROUP: 2, Who.TEAM: 3}


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


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a person may still use under one quota in its present window."""

    quota: Quota
    used: int
    resets_at: datetime

    @property
    def left(self) -> int:
        """Return what is left, never below zero."""
        return max(0, self.quota.limit - self.used)

    @property
    def share_used(self) -> float:
        """Return the used share between 0 and 1."""
        return min(1.0, self.used / self.quota.limit) if self.quota.limit else 1.0


def window(period: str, zone: str, now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of the calendar window around a moment, in UTC; days follow the zone's clock."""
    if period in (Period.MINUTE, Period.HOUR):
        step = timedelta(minutes=1 if period == Period.MINUTE else 60)
        start = now.astimezone(UTC).replace(second=0, microsecond=0)
        start = start if period == Period.MINUTE else start.replace(minute=0)
        return start, start + step
    local = now.astimezone(ZoneInfo(zone)).replace(
        hour=0, minute=0, second=0, microsecond=0, fold=0
    )
    if period == Period.MONTH:
        local = local.replace(day=1)
        following = local.replace(year=local.year + local.month // 12, month=local.month % 12 + 1)
    else:
        following = local + timedelta(days=1)
    return local.astimezone(UTC), following.astimezone(UTC)


def reserve(
    user: User, kind: CallKind, model: str, estimate: Estimate, *, simulated: bool = False
) -> Call:
    """Write the ledger line and hold the estimate in every quota that applies.

    Raises `QuotaExceeded`, which names the quota and its reset, and then has changed nothing.
    """
    now = timezone.now()
    with transaction.atomic():
        call = Call.objects.create(
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
        holds = []
        for quota, bucket in _buckets(user, now):
            amount = estimate.of(quota.metric)
            if amount:
                _take(bucket, amount, quota)
                holds.append(Hold(call=call, bucket=bucket, metric=quota.metric, amount=amount))
        Hold.objects.bulk_create(holds)
    return call


def dispatch(call_id: int) -> None:
    """Record that the call is about to reach Venice. Raises `VeniceError` when it was closed before."""
    now = timezone.now()
    if not Call.objects.filter(pk=call_id, state=CallState.RESERVED).update(
        dispatched_at=now, expires_at=now + ANSWERS_WITHIN
    ):
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
    served_by: str = "",
    may_be_charged: bool = False,
    error_kind: str = "",
) -> None:
    """Write what the call really used, in the ledger and in every bucket it held; safe to call twice.

    A late answer corrects a call that was released, or settled on suspicion, before it came.
    """
    with transaction.atomic():
        came_late = Q(state=CallState.RELEASED) | Q(state=CallState.SETTLED, may_be_charged=True)
        reserved = Call.objects.filter(pk=call_id, state=CallState.RESERVED)
        late = Call.objects.filter(came_late, pk=call_id)
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
        if served_by:
            facts["served_by"] = served_by
        if reserved.update(**facts):
            _charge(call_id, Estimate(usage.images, usage.tokens, usage.cost), was_reserved=True)
        elif not may_be_charged and late.update(**facts):
            _charge(call_id, Estimate(usage.images, usage.tokens, usage.cost), was_reserved=False)


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


def allowances(user: User, now: datetime | None = None) -> list[Allowance]:
    """Return what the person may use under each quota that applies, the tightest first."""
    now = now or timezone.now()
    wanted = [(quota, *window(quota.period, quota.time_zone, now)) for quota in _applying(user)]
    subjects = [_subject(quota, user) for quota, _, _ in wanted]
    taken = {
        (bucket.subject, bucket.window_start): bucket.used + bucket.reserved
        for bucket in QuotaBucket.objects.filter(subject__in=subjects, window_end__gt=now)
    }
    found = [
        Allowance(quota, taken.get((subject, start), 0), end)
        for subject, (quota, start, end) in zip(subjects, wanted, strict=True)
    ]
    return sorted(found, key=lambda allowance: -allowance.share_used)


def claim_key_day(key: ApiKey, now: datetime) -> bool:
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


def _applying(user: User) -> Iterable[Quota]:
    groups = user.groups.values("pk")
    applies = (
        Q(who__in=[Who.TEAM, Who.EACH])
        | Q(who=Who.PERSON, person=user)
        | Q(who=Who.GROUP, group__in=groups)
    )
    quotas = Quota.objects.filter(applies, enabled=True).select_related("group", "person")
    return sorted(quotas, key=lambda quota: (SHARED_LAST[Who(quota.who)], quota.pk))


def _subject(quota: Quota, user: User) -> str:
    return f"quota:{quota.pk}:user:{user.pk}" if quota.who == Who.EACH else f"quota:{quota.pk}"


def _buckets(user: User, now: datetime) -> list[tuple[Quota, QuotaBucket]]:
    found = []
    for quota in _applying(user):
        start, end = window(quota.period, quota.time_zone, now)
        where = {"subject": _subject(quota, user), "window_start": start}
        bucket = QuotaBucket.objects.filter(**where).first()
        if bucket is None:
            QuotaBucket.objects.bulk_create(
                [QuotaBucket(quota=quota, window_end=end, **where)], ignore_conflicts=True
            )
            bucket = QuotaBucket.objects.get(**where)
        found.append((quota, bucket))
    return found


def _take(bucket: QuotaBucket, amount: int, quota: Quota) -> None:
    room = QuotaBucket.objects.filter(pk=bucket.pk, used__lte=quota.limit - amount - F("reserved"))
    if not room.update(reserved=F("reserved") + amount):
        raise QuotaExceeded(_refusal(bucket, quota), retry_at=bucket.window_end)


def _refusal(bucket: QuotaBucket, quota: Quota) -> str:
    bucket.refresh_from_db()
    taken = bucket.used + bucket.reserved
    ends = bucket.window_end.astimezone(ZoneInfo(quota.time_zone))
    return (
        f"The quota of {quota} has no room for this: {quota.amount(min(taken, quota.limit))} used or"
        f" reserved. It begins again at {ends:%H:%M on %-d %B} ({quota.time_zone})."
        " Nothing was sent."
    )


def _charge(call_id: int, used: Estimate, *, was_reserved: bool) -> None:
    for hold in _holds(call_id):
        amount = used.of(hold.metric)
        QuotaBucket.objects.filter(pk=hold.bucket_id).update(
            used=F("used") + amount - (hold.charged or 0),
            reserved=F("reserved") - (hold.amount if was_reserved else 0),
        )
        Hold.objects.filter(pk=hold.pk).update(charged=amount)


def _settle_on_suspicion(call: Call, error_kind: str) -> None:
    if Call.objects.filter(pk=call.pk, state=CallState.RESERVED).update(
        state=CallState.SETTLED,
        may_be_charged=True,
        error_kind=error_kind,
        finished_at=timezone.now(),
    ):
        for hold in _holds(call.pk):
            QuotaBucket.objects.filter(pk=hold.bucket_id).update(
                used=F("used") + hold.amount, reserved=F("reserved") - hold.amount
            )
            Hold.objects.filter(pk=hold.pk).update(charged=hold.amount)


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
        for hold in _holds(call_id):
            QuotaBucket.objects.filter(pk=hold.bucket_id).update(
                reserved=F("reserved") - hold.amount
            )
            Hold.objects.filter(pk=hold.pk).update(charged=0)


def _holds(call_id: int) -> list[Hold]:
    holds = Hold.objects.filter(call=call_id).select_related("bucket__quota")
    return sorted(
        holds,
        key=lambda hold: (
            (SHARED_LAST[Who(hold.bucket.quota.who)], hold.bucket.quota_id)
            if hold.bucket.quota
            else (-1, hold.bucket_id)
        ),
    )
