"""What everybody shall know after a failure: about the key, and about who rests until when. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from venice_site.venice.decisions import EVERYONE, Mark, PoolKey, Rest, Tried
from venice_site.venice.errors import (
    FailureBudget,
    KeyRefused,
    NotEntitled,
    OutOfCredit,
    Overloaded,
    RateLimited,
    ServerFault,
    SpendLimit,
    TimedOut,
)
from venice_site.venice.types import RateInfo

FAILURE_WINDOW = timedelta(seconds=30)  # in which Venice counts the failures of an account
LONGEST_REST = timedelta(minutes=10)
MONEY_REST = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PROBE_AFTER = timedelta(minutes=10)

# When a model fails again and again it rests for everybody, each time twice as long.
FAULTS = (ServerFault.kind, Overloaded.kind, TimedOut.kind)  # the model's own, whoever asked
FAULT_WINDOW = timedelta(minutes=1)
FAULTS_AT_LEAST = 5
FIRST_REST = timedelta(seconds=15)
LONGEST_MODEL_REST = timedelta(minutes=5)


def consequences(tried: Tried, key: PoolKey, waits: int, now: datetime) -> tuple[Mark | Rest, ...]:
    """Return what everybody shall know after a failure: marks of the key, and rests.

    A model's trouble never changes a key's state. The first refusal of a key that has worked before
    lets it be asked once more at once (contract 14, 4); else it is looked at again after ten minutes.
    """
    error, account = tried.error, f"account:{key.account}"
    hint = error.retry_at or now
    backoff = now + timedelta(seconds=2**waits)
    match error:
        case KeyRefused():
            again = now if key.good and key.proven else now + PROBE_AFTER
            return (Mark("refused", error.detail or str(error), again),)
        case OutOfCredit():
            rest = Rest(account, tried.model, now + MONEY_REST, error.kind)
            return Mark("out-of-credit", error.detail or str(error)), rest
        case SpendLimit():
            until = max(hint, now + HOUR)
            rest = Rest(f"key:{key.id}", tried.model, until, error.kind)
            return Mark("spend-capped", error.detail or str(error), until), rest
        case NotEntitled():
            scope = account if error.status == 401 else f"key:{key.id}"
            return (Rest(scope, tried.model, now + HOUR, error.kind),)
        case RateLimited():
            scope = limited_scope(tried)
            return (Rest(scope, tried.model, _capped(max(hint, backoff), now), error.kind),)
        case Overloaded():
            return (Rest(EVERYONE, tried.model, _capped(max(hint, backoff), now), error.kind),)
        case FailureBudget():
            return (Rest(account, "", _capped(max(hint, now + FAILURE_WINDOW), now), error.kind),)
        case _:
            return ()


def is_failing(faults: int, answers: int) -> bool:
    """Return whether a model fails again and again, by its attempts in the last minute."""
    return faults >= FAULTS_AT_LEAST and faults >= answers


def model_rest(times: int) -> timedelta:
    """Return how long a failing model rests after it has rested so many times in a row."""
    return min(FIRST_REST * (1 << min(times, 10)), LONGEST_MODEL_REST)


def used_up(
    rate: RateInfo, key: int | None, account: str, model: str, now: datetime
) -> tuple[Rest, ...]:
    """Return the rests that headers ask for before any refusal: nothing is left until a moment.

    What is used up are the requests or tokens of a model, or the failures that Venice still bears with.
    """
    rests = []
    ends = rate.reset_at if rate.remaining == 0 else rate.retry_at
    if ends is not None and 0 in (rate.remaining, rate.tokens_remaining):
        rests.append(Rest(_scope(rate.scope, key, account), model, _moment(ends, now), "used-up"))
    if rate.failures_left == 0 and rate.retry_at is not None:
        until = _moment(rate.retry_at, now)
        rests.append(Rest(f"account:{account}", "", until, FailureBudget.kind))
    return tuple(rest for rest in rests if rest.until > now)


def limited_scope(tried: Tried) -> str:
    """Return whose requests are limited; the account's, unless Venice says otherwise (contract 3.2)."""
    return _scope(tried.error.rate.scope if tried.error.rate else "", tried.key, tried.account)


def _scope(said: str, key: int | None, account: str) -> str:
    return {"api_key": f"key:{key}", "global": EVERYONE}.get(said, f"account:{account}")


def _moment(seconds: float, now: datetime) -> datetime:
    return _capped(datetime.fromtimestamp(seconds, UTC), now)


def _capped(until: datetime, now: datetime) -> datetime:
    return min(until, now + LONGEST_REST)
