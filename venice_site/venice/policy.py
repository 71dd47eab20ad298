"""What to do next for one operation: try this key, wait, fall back, or stop. Pure: no I/O, no clock.

The rules are those of the order (rotation on 401 and 429, 2^n seconds of backoff, the fallback on 402)
with what each status really means at Venice (contract 4 and 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from venice_site.venice.errors import (
    ConnectionLost,
    FailureBudget,
    KeyRefused,
    ModelGone,
    NoKey,
    NotEntitled,
    OutOfCredit,
    Overloaded,
    RateLimited,
    ServerFault,
    SpendLimit,
    StreamCut,
    TimedOut,
    Unreachable,
    VeniceError,
)

ROTATIONS = 3
WAITS = 3
CALLS = 7
PLACE_WAITS = 10
PLACE_PAUSE = 1.0  # seconds between two looks for a free place
FAILURES = 12  # in FAILURE_WINDOW; Venice blocks an account after 20 (contract 5.2)
FAILURE_WINDOW = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=10)
MONEY_REST = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PROBE_AFTER = timedelta(minutes=10)
EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class PoolKey:
    """A key as the policy sees it; `id` is None for the local stand-in.

    `usable`: it may be asked at all. `good`: its last answer was no complaint. `proven`: it has
    worked before. `has_place`, `has_day`: room for one more request now, and today.
    """

    id: int | None
    account: str
    priority: int = 0
    usable: bool = True
    good: bool = True
    proven: bool = False
    has_place: bool = True
    has_day: bool = True
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """No requests of a scope until a moment; an empty model means every model."""

    scope: str
    model: str
    until: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What an answer says about the key itself; `state` is a value of `KeyState`."""

    state: str
    reason: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """The keys at one moment, who rests, and how often each account failed in the last 30 seconds."""

    keys: tuple[PoolKey, ...]
    rests: tuple[Rest, ...] = ()
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the policy must know of an order.

    `fallback` is the cheaper model that may answer instead, checked against the catalogue; `replacement`
    the successor that the catalogue names for a retired model; both empty when there is none.
    `patience` is the longest single wait in seconds; what must wait longer stops and says until when.
    """

    kind: Literal["image", "text"]
    model: str
    deadline: datetime
    patience: float
    fallback: str = ""
    replacement: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt that failed."""

    key: int | None
    account: str
    model: str
    error: VeniceError
    content_seen: bool = False


@dataclass(frozen=True, slots=True)
class Waited:
    """A pause that is over."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class FellBack:
    """The change to another model."""

    model: str
    reason: str


Step = Tried | Waited | FellBack


@dataclass(frozen=True, slots=True)
class TryKey:
    """Send the order with this key (None: to the stand-in)."""

    key: int | None
    model: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Pause, then decide again."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class FallBack:
    """Go on with another model and let the person know."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End the operation with this error."""

    error: VeniceError


Decision = TryKey | Wait | FallBack | Stop
Hindrance = Literal["unusable", "day", "money", "not-entitled", "rest", "failures", "place"]

FALLBACK_REASONS = {
    OutOfCredit.kind: "The team's Venice credit does not cover the chosen model.",
    SpendLimit.kind: "The team's Venice key has reached its spending limit.",
    Overloaded.kind: "The chosen model was overloaded.",
    ModelGone.kind: "Venice does not offer the chosen model any more.",
}
ANOTHER_KEY_HELPS = (KeyRefused, NotEntitled, OutOfCredit, SpendLimit, RateLimited, FailureBudget)
TIME_HELPS = (Overloaded, ServerFault, Unreachable)
LOST = (TimedOut, ConnectionLost, StreamCut)
MONEY = (OutOfCredit.kind, SpendLimit.kind)
NO_DAY = "The daily limit of every Venice key is used up. It begins again at 00:00 UTC. Nothing was sent."
BUSY = "All of the team's Venice keys are busy. Try again in a moment."


def decide(
    pool: Pool,
    order: OrderFacts,
    history: tuple[Step, ...],
    now: datetime,
    rng: Random,
    *,
    earlier_calls: int = 0,
) -> Decision:
    """Return what to do next; the same arguments give the same decision.

    `earlier_calls` counts what was sent for the operation before it went back to the queue.
    """
    case = _Case(pool, order, history, now, rng, earlier_calls)
    last = history[-1] if history else None
    return case.after(last) if isinstance(last, Tried) else case.pick()


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
            return (Rest(account, tried.model, _capped(max(hint, backoff), now), error.kind),)
        case Overloaded():
            return (Rest(EVERYONE, tried.model, _capped(max(hint, backoff), now), error.kind),)
        case FailureBudget():
            return (Rest(account, "", _capped(max(hint, now + FAILURE_WINDOW), now), error.kind),)
        case _:
            return ()


def backoffs(history: tuple[Step, ...]) -> int:
    """Return how many waits after failures an operation has had."""
    return sum(map(_is_backoff, history))


@dataclass(frozen=True, slots=True)
class _Case:
    pool: Pool
    order: OrderFacts
    history: tuple[Step, ...]
    now: datetime
    rng: Random
    earlier_calls: int

    # --- what happened so far ---

    @property
    def tries(self) -> list[Tried]:
        return [step for step in self.history if isinstance(step, Tried)]

    @property
    def model(self) -> str:
        changes = [step.model for step in self.history if isinstance(step, FellBack)]
        return changes[-1] if changes else self.order.model

    @property
    def has_fallen_back(self) -> bool:
        return any(isinstance(step, FellBack) for step in self.history)

    @property
    def rotations(self) -> int:
        pairs = zip(self.history, self.history[1:], strict=False)
        return sum(
            isinstance(one, Tried) and isinstance(two, Tried) and one.key != two.key
            for one, two in pairs
        )

    @property
    def calls(self) -> int:
        return self.earlier_calls + len(self.tries)

    # --- what to do ---

    def after(self, last: Tried) -> Decision:
        error = last.error
        if last.content_seen:
            return Stop(error)
        if self.calls >= CALLS:
            return Stop(_postponed(error, None))
        if error.may_be_charged and not self._may_repeat_charge():
            return Stop(error)
        return self._answer(error)

    def _answer(self, error: VeniceError) -> Decision:
        if isinstance(error, ANOTHER_KEY_HELPS):
            return self._with_next_key(error)
        if isinstance(error, TIME_HELPS):
            return self._wait(error, self._hint(error))
        if isinstance(error, LOST):
            return self.pick() if self._may_repeat_charge() else Stop(error)
        if isinstance(error, ModelGone):
            return self._fall_back(error, self.order.replacement)
        return Stop(error)

    def pick(self) -> Decision:
        """Try the best free key; when there is none, say why and what follows."""
        if self.calls >= CALLS or self.now >= self.order.deadline:
            return Stop(self._last_error(VeniceError) or RateLimited(BUSY))
        hindered = [(key, *self._hindrance(key, self.model)) for key in self.pool.keys]
        free = [key for key, hindrance, _ in hindered if hindrance is None]
        if free:
            return TryKey(min(free, key=_preference).id, self.model)
        soonest: dict[Hindrance, datetime] = {}
        for _, hindrance, until in hindered:
            if hindrance is not None:
                soonest[hindrance] = min(until, soonest.get(hindrance, until))
        return self._without_key(soonest)

    def _with_next_key(self, error: VeniceError) -> Decision:
        if self.rotations < ROTATIONS:
            return self.pick()
        if isinstance(error, OutOfCredit | SpendLimit):
            return self._fall_back(error, self.order.fallback)
        if isinstance(error, RateLimited | FailureBudget):
            return self._wait(error, self._hint(error))
        return Stop(error)

    def _without_key(self, soonest: Mapping[Hindrance, datetime]) -> Decision:
        if "place" in soonest:
            return self._wait_for_place()
        if "rest" in soonest:
            return self._wait(self._last_error(VeniceError) or RateLimited(), soonest["rest"])
        if "failures" in soonest:
            return self._wait(FailureBudget(), soonest["failures"])
        if "money" in soonest:
            error = self._last_error(OutOfCredit, SpendLimit) or OutOfCredit()
            return self._fall_back(error, self.order.fallback)
        if "day" in soonest:
            return Stop(NoKey(NO_DAY))
        if "not-entitled" in soonest:
            return Stop(self._last_error(NotEntitled) or NotEntitled())
        return self._once_more() or Stop(NoKey())

    def _once_more(self) -> Decision | None:
        """Ask a key again at once after its first refusal, if it has worked before."""
        refused = [tried for tried in self.tries if isinstance(tried.error, KeyRefused)]
        if len(refused) != 1 or len(self.pool.keys) != 1:
            return None
        key = self.pool.keys[0]
        may = key.usable and key.proven and self._outer_hindrance(key, self.model)[0] is None
        return TryKey(key.id, self.model) if may else None

    def _wait_for_place(self) -> Decision:
        looks = sum(isinstance(step, Waited) and step.why == "place" for step in self.history)
        until = self.now + timedelta(seconds=PLACE_PAUSE)
        if looks >= PLACE_WAITS or until >= self.order.deadline:
            return Stop(RateLimited(BUSY, retry_at=self.now + timedelta(seconds=5)))
        return Wait(PLACE_PAUSE, "place")

    def _wait(self, error: VeniceError, hint: datetime) -> Decision:
        done = backoffs(self.history)
        if done >= WAITS:
            overloaded = isinstance(error, Overloaded)
            return self._fall_back(error, self.order.fallback) if overloaded else Stop(error)
        seconds = max(2.0**done, (hint - self.now).total_seconds())
        seconds += self.rng.uniform(0, 0.25 * 2**done)
        until = self.now + timedelta(seconds=seconds)
        if seconds > self.order.patience or until >= self.order.deadline:
            return Stop(_postponed(error, until))
        return Wait(seconds, error.kind)

    def _fall_back(self, error: VeniceError, model: str) -> Decision:
        if not model or self.has_fallen_back or model == self.model:
            return Stop(error)
        lasting = ("unusable", "day", "money", "not-entitled")
        if all(self._hindrance(key, model)[0] in lasting for key in self.pool.keys):
            return Stop(error)
        return FallBack(model, FALLBACK_REASONS[error.kind])

    # --- what stands in a key's way ---

    def _hindrance(self, key: PoolKey, model: str) -> tuple[Hindrance | None, datetime]:
        """Return why this key cannot be used now, and until when as far as it is known."""
        if not key.usable or self._met(key, model, KeyRefused):
            return "unusable", self.now
        return self._outer_hindrance(key, model)

    def _outer_hindrance(self, key: PoolKey, model: str) -> tuple[Hindrance | None, datetime]:
        if not key.has_day:
            return "day", self.now
        if found := self._resting(key, model):
            return found
        if key.id is not None and self.pool.failures.get(key.account, 0) >= FAILURES:
            return "failures", self.now + FAILURE_WINDOW
        return (None if key.has_place else "place"), self.now

    def _resting(self, key: PoolKey, model: str) -> tuple[Hindrance, datetime] | None:
        scopes = (EVERYONE, f"account:{key.account}", f"key:{key.id}")
        rests = [
            rest
            for rest in self.pool.rests
            if rest.scope in scopes and rest.model in ("", model) and rest.until > self.now
        ]
        reasons = {rest.reason for rest in rests}
        limits = self._met(key, model, RateLimited, FailureBudget)
        until = max([self.now, *(rest.until for rest in rests), *map(self._hint, limits)])
        if reasons & set(MONEY) or self._met(key, model, OutOfCredit, SpendLimit):
            return "money", until
        if NotEntitled.kind in reasons or self._met(key, model, NotEntitled):
            return "not-entitled", until
        return ("rest", until) if rests or limits else None

    def _met(self, key: PoolKey, model: str, *kinds: type[VeniceError]) -> list[VeniceError]:
        """Return such errors of this operation itself, with this key or its account.

        A wait takes the limits of requests away, nothing else.
        """
        waits = [n for n, step in enumerate(self.history) if _is_backoff(step)]
        since = waits[-1] if waits and RateLimited in kinds else 0
        return [
            step.error
            for step in self.history[since:]
            if isinstance(step, Tried)
            and isinstance(step.error, kinds)
            and _concerns(step, key, model)
        ]

    def _hint(self, error: VeniceError) -> datetime:
        """Return the earliest moment of a repeat, as far as the answer names it."""
        least = FAILURE_WINDOW if isinstance(error, FailureBudget) else timedelta()
        return max(error.retry_at or self.now, self.now + least)

    def _may_repeat_charge(self) -> bool:
        """A picture is never sent twice; a reply without content may be repeated once."""
        doubtful = sum(t.error.may_be_charged or isinstance(t.error, LOST) for t in self.tries)
        return self.order.kind == "text" and doubtful <= 1

    def _last_error(self, *kinds: type[VeniceError]) -> VeniceError | None:
        found = [tried.error for tried in self.tries if isinstance(tried.error, kinds)]
        return found[-1] if found else None


def _is_backoff(step: Step) -> bool:
    return isinstance(step, Waited) and step.why != "place"


def _concerns(tried: Tried, key: PoolKey, model: str) -> bool:
    if isinstance(tried.error, KeyRefused):
        return tried.key == key.id
    if tried.model != model and not isinstance(tried.error, FailureBudget):
        return False
    if isinstance(tried.error, SpendLimit):
        return tried.key == key.id
    if isinstance(tried.error, NotEntitled) and tried.error.status != 401:
        return tried.key == key.id
    return tried.account == key.account


def _preference(key: PoolKey) -> tuple[bool, int, float]:
    """Good keys first, then the higher priority, then the one that rested longest."""
    used = key.last_used_at.timestamp() if key.last_used_at else 0.0
    return not key.good, -key.priority, used


def _postponed(error: VeniceError, until: datetime | None) -> VeniceError:
    later = copy(error)
    later.retry_at = until
    return later


def _capped(until: datetime, now: datetime) -> datetime:
    return min(until, now + LONGEST_REST)
