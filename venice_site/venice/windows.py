"""The calendar windows in which quotas count. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}


def window(period: str, zone: str, now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of the calendar window around a moment, in UTC; days follow the zone's clock."""
    if period in STEPS:
        start = now.astimezone(UTC).replace(second=0, microsecond=0)
        start = start if period == "minute" else start.replace(minute=0)
        return start, start + STEPS[period]
    local = now.astimezone(ZoneInfo(zone)).replace(
        hour=0, minute=0, second=0, microsecond=0, fold=0
    )
    if period == "month":
        local = local.replace(day=1)
        following = local.replace(year=local.year + local.month // 12, month=local.month % 12 + 1)
    else:
        following = local + timedelta(days=1)
    return local.astimezone(UTC), following.astimezone(UTC)
