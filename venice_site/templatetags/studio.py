"""Template filters that say times, durations and money the same way everywhere."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from venice_site import skeletons

register = template.Library()

JUST_NOW = timedelta(seconds=45)
DAYS_IN_WORDS = 7


@register.simple_tag(takes_context=True)
def kept(context: Context, template: str, **told: Hashable) -> SafeString:
    """Return another template's HTML that depends on these values alone, drawn once for the same ones."""
    return skeletons.kept(template, str(context.get("csrf_token", "")), **told)


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Return a `<time>` that reads like "3 min ago" and tells the exact time on hover."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        f"{local.day} {local:%B %Y, %H:%M:%S %Z}",
        in_words(moment, timezone.now()),
    )


def in_words(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was; a date once that is a week or more."""
    passed = now - moment
    if passed < JUST_NOW:
        return "just now"
    minutes = max(1, round(passed.total_seconds() / 60))
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 24 * 60:
        return f"{round(minutes / 60)} h ago"
    if passed.days < DAYS_IN_WORDS:
        return "yesterday" if passed.days == 1 else f"{passed.days} days ago"
    local = timezone.localtime(moment)
    same_year = local.year == timezone.localtime(now).year
    return date_format(local, "j M" if same_year else "j M Y")


@register.filter
def usd(micro: int | None) -> str:
    """Return micro-USD as dollars, with as many digits as a small price needs: "$0.012", "$1.50"."""
    if micro is None:
        return ""
    if micro and abs(micro) < 100:
        return "<$0.0001" if micro > 0 else "-<$0.0001"
    sign, dollars = ("-" if micro < 0 else ""), abs(micro) / 1_000_000
    if dollars >= 1 or not micro:
        return f"{sign}${dollars:,.2f}"
    whole, _, decimals = f"{dollars:.4f}".partition(".")
    return f"{sign}${whole}.{decimals.rstrip('0').ljust(2, '0')}"


@register.filter
def seconds(duration: timedelta | float | None) -> str:
    """Return an elapsed time, given as a duration or in seconds: "0.4 s", "12 s", "3 min 5 s", "2 h 4 min"."""
    if duration is None:
        return ""
    passed = duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
    if passed < 10 and round(passed, 1) != round(passed):
        return f"{passed:.1f} s"
    whole = round(passed)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
