"""What a person may still use, and who should hear that little is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from django.db.models import DateTimeField
from django.utils import timezone

from venice_site.accounts.models import User
from venice_site.statements import Statement, filling, gap, gaps
from venice_site.venice import rules
from venice_site.venice.models import Quota, QuotaBucket
from venice_site.venice.windows import window

BUCKETS_AT_ONCE = 8
BUCKETS = Statement(
    lambda: QuotaBucket.objects.filter(
        subject__in=gaps("subject", BUCKETS_AT_ONCE), window_end__gt=gap("now", DateTimeField())
    ).values_list("subject", "window_start", "used", "reserved")
)


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

    @property
    def percent(self) -> int:
        """Return the used share in percent; anything used shows."""
        share = self.share_used
        return max(2, round(share * 100)) if share else 0

    @property
    def level(self) -> str:
        """Return how worried one should be: done (not at all), wait (little is left) or fail (nothing is)."""
        if not self.left:
            return "fail"
        return "wait" if 100 * self.share_used >= self.quota.warn_at else "done"

    @property
    def left_in_words(self) -> str:
        """Return what is left."""
        return f"{self.quota.amount(self.left)} left" if self.left else "Nothing left"

    @property
    def words(self) -> str:
        """Return what is left, in words."""
        return f"{self.quota.amount(self.left)} left of {self.quota}"


def allowances(user: User, now: datetime | None = None) -> list[Allowance]:
    """Return what the person may use under each quota that applies, the tightest first."""
    return _sorted(rules.of_person(user), now or timezone.now(), user.pk)


def of_keys(keys: list[int], now: datetime) -> list[Allowance]:
    """Return what may still be asked with some keys under their own quotas."""
    return _sorted(rules.of_keys(keys), now, None)


def _sorted(quotas: list[Quota], now: datetime, user_id: int | None) -> list[Allowance]:
    if not quotas:
        return []
    subjects = [rules.subject(quota, user_id) for quota in quotas]
    rows = [
        row
        for some in batched(subjects, BUCKETS_AT_ONCE, strict=False)
        for row in BUCKETS.all(now=now, **filling("subject", some, BUCKETS_AT_ONCE))
    ]
    taken = {(subject, start): used + reserved for subject, start, used, reserved in rows}
    found = []
    for quota, subject in zip(quotas, subjects, strict=True):
        start, end = window(quota.period, quota.time_zone, now)
        found.append(Allowance(quota, taken.get((subject, start), 0), end))
    return sorted(found, key=lambda allowance: -allowance.share_used)
