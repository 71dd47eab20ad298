"""Which quotas apply to whom; their definitions are read once a second, their limits at each reservation."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from django.core.cache import cache as shared_cache

from venice_site.accounts.models import User
from venice_site.statements import Statement
from venice_site.venice.models import Quota, Who

FRESH_FOR = 1  # seconds until another process sees a new quota
RANK = {Who.PERSON: 0, Who.EACH: 1, Who.GROUP: 2, Who.TEAM: 3, Who.KEY: 4}
STAMP = "quota-rules"
ENABLED = Statement(
    lambda: Quota.objects.filter(enabled=True).select_related("group", "person", "key")
)


def of_person(user: User) -> list[Quota]:
    """Return the quotas that must all have room for what a person asks, the most shared last."""
    found = [quota for quota in enabled() if quota.who != Who.KEY]
    if any(quota.who == Who.GROUP for quota in found):
        groups = set(user.groups.values_list("pk", flat=True))
        found = [quota for quota in found if quota.who != Who.GROUP or quota.group_id in groups]
    return [quota for quota in found if quota.who != Who.PERSON or quota.person_id == user.pk]


def of_keys(keys: Iterable[int]) -> list[Quota]:
    """Return the quotas of some keys."""
    wanted = set(keys)
    return [quota for quota in enabled() if quota.who == Who.KEY and quota.key_id in wanted]


def subject(quota: Quota, user_id: int | None = None) -> str:
    """Return the name of what a quota counts: everybody's use under it, or one person's."""
    return f"quota:{quota.pk}:user:{user_id}" if quota.who == Who.EACH else f"quota:{quota.pk}"


def rank(quota: Quota) -> int:
    """Return how widely a quota is shared; buckets are taken in this order, so that none wait in a ring."""
    return RANK[Who(quota.who)]


def enabled() -> tuple[Quota, ...]:
    """Return every quota that is switched on, by rank."""
    stamp = shared_cache.get(STAMP)
    if stamp is None or stamp != _known.stamp:
        _known.quotas = tuple(sorted(ENABLED.all(), key=lambda quota: (rank(quota), quota.pk)))
        _known.stamp = uuid4().hex
        shared_cache.set(STAMP, _known.stamp, FRESH_FOR)
    return _known.quotas


def forget(**_: object) -> None:
    """Read the definitions afresh: one of them was just changed in this process."""
    shared_cache.delete(STAMP)


class _Known:
    """The definitions as this process last read them."""

    stamp = ""
    quotas: tuple[Quota, ...] = ()


_known = _Known()
