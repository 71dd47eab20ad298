"""What must add up between the ledger, its holds and the counters, at any moment and in any mixture."""

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import Count, F, Q, Sum

from venice_site.venice.models import Call, CallState, Hold, Metric, QuotaBucket, Who

USED = {
    Metric.REQUESTS: lambda images, tokens, cost: 1,
    Metric.IMAGES: lambda images, tokens, cost: images,
    Metric.TOKENS: lambda images, tokens, cost: tokens,
    Metric.COST: lambda images, tokens, cost: cost,
}


def complaints() -> list[str]:
    """Return every sentence that should not be true; none when the books are in order."""
    return [*_wrong_holds(), *_wrong_buckets(), *_wrong_totals(), *_wrong_lines()]


def _wrong_holds() -> Iterator[str]:
    """A settled call charges each of its holds what its line says; a released one nothing."""
    rows = Hold.objects.values_list(
        "call", "call__state", "metric", "charged", "call__images", "call__cost"
    ).annotate(tokens=F("call__tokens_in") + F("call__tokens_out"))
    for call, state, metric, charged, images, cost, tokens in rows.iterator():
        due = {
            CallState.SETTLED: USED[Metric(metric)](images, tokens, cost),
            CallState.RELEASED: 0,
            CallState.RESERVED: None,
        }[CallState(state)]
        if charged != due:
            yield f"call {call} is {state} and charged {charged} {metric} instead of {due}"


def _wrong_buckets() -> Iterator[str]:
    """A bucket is the sum of its holds: what was charged is used, what is not yet is reserved."""
    charged: dict[int, int] = defaultdict(int)
    held: dict[int, int] = defaultdict(int)
    for bucket, amount, used in Hold.objects.values_list("bucket", "amount", "charged").iterator():
        if used is None:
            held[bucket] += amount
        else:
            charged[bucket] += used
    for row in QuotaBucket.objects.exclude(quota=None):
        if (row.used, row.reserved) != (charged[row.pk], held[row.pk]):
            yield (
                f"{row} counts {row.used} used and {row.reserved} reserved;"
                f" its holds say {charged[row.pk]} and {held[row.pk]}"
            )


def _wrong_totals() -> Iterator[str]:
    """What everyone together used of a quota is what the whole ledger says."""
    used = dict(
        QuotaBucket.objects.filter(quota__who__in=[Who.TEAM, Who.EACH])
        .values_list("quota")
        .annotate(Sum("used"))
        .values_list("quota__pk", "used__sum")
    )
    metrics = dict(
        QuotaBucket.objects.exclude(quota=None).values_list("quota__pk", "quota__metric")
    )
    settled = Call.objects.filter(state=CallState.SETTLED).aggregate(
        requests=Count("pk"),
        images=Sum("images", default=0),
        tokens=Sum(F("tokens_in") + F("tokens_out"), default=0),
        cost=Sum("cost", default=0),
    )
    for quota, total in used.items():
        metric = metrics[quota]
        if total != settled[metric]:
            yield f"quota {quota} counts {total} {metric}; the ledger says {settled[metric]}"


def _wrong_lines() -> Iterator[str]:
    """A line that has ended says when; one that has not does not."""
    ended = ~Q(state=CallState.RESERVED)
    odd = Call.objects.filter(
        (ended & Q(finished_at=None)) | (~ended & Q(finished_at__isnull=False))
    )
    for call in odd.values_list("pk", flat=True):
        yield f"call {call} does not know whether it has ended"
