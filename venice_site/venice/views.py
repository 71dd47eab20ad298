"""What a person may use, and what they used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from venice_site.accounts.models import User
from venice_site.accounts.requests import SignedInRequest
from venice_site.venice import allowances
from venice_site.venice.models import Call, CallState, Period
from venice_site.venice.windows import window

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Total:
    """What a person used since a moment; cost in micro-USD."""

    name: str
    calls: int
    images: int
    tokens: int
    cost: int


@require_safe
def usage(request: SignedInRequest) -> HttpResponse:
    """Show the person's limits, totals and own lines of the ledger, fifty a page."""
    person = request.user
    calls = _page(Call.objects.filter(user=person), request.GET.get("before", ""))
    shown = list(calls[: PAGE_SIZE + 1])
    now = timezone.now()
    starts = {
        "Today": window(Period.DAY, timezone.get_default_timezone_name(), now)[0],
        "This month": window(Period.MONTH, timezone.get_default_timezone_name(), now)[0],
    }
    return render(
        request,
        "venice/usage.html",
        {
            "allowances": allowances.allowances(person),
            "totals": [_total(person, name, since) for name, since in starts.items()],
            "calls": shown[:PAGE_SIZE],
            "following": shown[PAGE_SIZE - 1].pk if len(shown) > PAGE_SIZE else None,
        },
    )


def _page(calls: QuerySet[Call], before: str) -> QuerySet[Call]:
    is_mark = before.isascii() and before.isdecimal() and len(before) < 19
    return calls.filter(pk__lt=int(before)) if is_mark else calls


def _total(person: User, name: str, since: datetime) -> Total:
    settled = Q(state=CallState.SETTLED)
    found = Call.objects.filter(settled, user=person, created_at__gte=since).aggregate(
        calls=Count("pk"),
        images=Sum("images", default=0),
        tokens_in=Sum("tokens_in", default=0),
        tokens_out=Sum("tokens_out", default=0),
        cost=Sum("cost", default=0),
    )
    tokens = found["tokens_in"] + found["tokens_out"]
    return Total(name, found["calls"], found["images"], tokens, found["cost"])
