"""What to do next for one operation: try this key, wait, fall back, or stop. Pure: no I/O, no clock.

The rules are those of the order (rotation on 401 and 429, 2^n seconds of backoff, the fallback on 402)
with what each status really means at Venice (contract 4 and 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from venice_site.venice.consequences import FAILURE_WINDOW
from venice_site.venice.course import LOST, Course
from venice_site.venice.decisions import (
    EVERYONE,
    Decision,
    FallBack,
    OrderFacts,
    Pool,
    PoolKey,
    Shorten,
    Step,
    Stop,
    Tried,
    TryKey,
    Wait,
    scopes_of,
)
from venice_site.venice.errors import (
    FailureBudget,
    KeyRefused,
    ModelFailing,
    ModelGone,
    NoKey,
    NotEntitled,
    OutOfCredit,
    Overloaded,
    RateLimited,
    RegionRefused,
    ServerFault,
    SpendLimit,
    TooLong,
    Unreachable,
    VeniceError,
)

ROTATIONS = 3
WAITS = 3
WAITS_WITH_ANOTHER = 1  # before another model answers, if there is one
CALLS = 7
PLACE_WAITS = 14
PLACE_PAUSES = (0.1, 1.0)  # seconds between two looks for a free place, shortest and longest
FAILURES = 12  # in FAILURE_WINDOW; Venice blocks an account after 20 (contract 5.2)
FEW_FAILURES = 3  # do not take back the trust in an account that answers well
REFUSED_WITHIN = timedelta(seconds=10)  # what was not refused by then is being worked on


Hindrance = Literal["unusable", "day", "money", "not-entitled", "rest", "failures", "place"]

FALLBACK_REASONS = {
    OutOfCredit.kind: "The team's Venice credit does not cover the chosen model.",
    SpendLimit.kind: "The team's Venice key has reached its spending limit.",
    Overloaded.kind: "The chosen model was overloaded.",
    ServerFault.kind: "Venice failed again and again with the chosen model.",
    ModelFailing.kind: "The chosen model failed again and again at Venice.",
    NotEntitled.kind: "The team's Venice account may not use the chosen model.",
    RegionRefused.kind: "Venice does not offer the chosen model in this region.",
    ModelGone.kind: "Venice does not offer the chosen model any more.",
}
ANOTHER_KEY_HELPS = (KeyRefused, NotEntitled, OutOfCredit, SpendLimit, RateLimited, FailureBudget)
TIME_HELPS = (Overloaded, ServerFault, Unreachable)
MONEY = (OutOfCredit.kind, SpendLimit.kind)
NO_DAY = (
    "The limits that are set for the team's Venice keys are used up. Daily limits begin again at 00:00 UTC."
    " Nothing was sent."
)
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
    case = _Case(pool, order, Course(order, history, earlier_calls), now, rng)
    last = history[-1] if history else None
    return case.after(last) if isinstance(last, Tried) else case.pick()


def admits(failures: int, unanswered: int, *, answers_well: bool) -> bool:
    """Return whether an account may be sent one more request now.

    `failures` are those of the last 30 seconds, `unanswered` the requests that may still be refused. Every
    one of them could become a failure, and Venice blocks an account that has too many; so until an account
    has answered well within the last 30 seconds, both together stay below twelve.
    """
    trusted = answers_well and failures < FEW_FAILURES
    return trusted or failures + unanswered < FAILURES


@dataclass(frozen=True, slots=True)
class _Case:
    pool: Pool
    order: OrderFacts
    course: Course
    now: datetime
    rng: Random

    # --- what to do ---

    def after(self, last: Tried) -> Decision:
        error = last.error
        if last.content_seen:
            return Stop(error)
        if self.course.calls >= CALLS:
            return Stop(_postponed(error, None))
        is_doubtful = error.may_be_charged and not self.course.may_repeat_charge()
        if (
            is_doubtful or error.usage is not None
        ):  # what was surely charged is for the person to repeat
            return Stop(error)
        return self._answer(error)

    def _answer(self, error: VeniceError) -> Decision:
        if isinstance(error, ANOTHER_KEY_HELPS):
            return self._with_next_key(error)
        if isinstance(error, TIME_HELPS):
            return self._without_failing_model() or self._wait(error, self._hint(error))
        if isinstance(error, LOST):
            return self.pick() if self.course.may_repeat_charge() else Stop(error)
        if isinstance(error, ModelGone):
            return self._without_model(error, self.order.replacement or self.order.fallback)
        if isinstance(error, RegionRefused):
            return self._without_model(error, self.order.fallback)
        if isinstance(error, TooLong) and self.order.can_shorten and not self.course.is_shortened:
            return Shorten()
        return Stop(error)

    def _without_model(self, error: VeniceError, other: str) -> Decision:
        cause = self.course.cause()  # of a cheaper model nobody asked for, the reason counts
        return Stop(cause) if cause else self._fall_back(error, other)

    def pick(self) -> Decision:
        """Try the best free key; when there is none, say why and what follows."""
        if self.course.calls >= CALLS or self.now >= self.order.deadline:
            return Stop(self.course.last_error(VeniceError) or RateLimited(BUSY))
        hindered = [(key, *self._hindrance(key, self.course.model)) for key in self.pool.keys]
        free = [key for key, hindrance, _ in hindered if hindrance is None]
        if free:
            best = min(free, key=lambda key: _preference(key, self.course.model))
            return TryKey(best.id, self.course.model)
        soonest: dict[Hindrance, datetime] = {}
        for _, hindrance, until in hindered:
            if hindrance is not None:
                soonest[hindrance] = min(until, soonest.get(hindrance, until))
        return self._without_key(soonest)

    def _without_failing_model(self) -> Decision | None:
        """Let another model answer at once, or end, while this one rests for everybody."""
        until = self._failing_until(self.course.model)
        if until is None:
            return None
        return self._fall_back(ModelFailing(retry_at=until), self.order.fallback)

    def _failing_until(self, model: str) -> datetime | None:
        found = [
            rest.until
            for rest in self.pool.rests
            if (rest.scope, rest.model, rest.reason) == (EVERYONE, model, ModelFailing.kind)
            and rest.until > self.now
        ]
        return found[0] if found else None

    def _with_next_key(self, error: VeniceError) -> Decision:
        if self.course.rotations < ROTATIONS:
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
            return self._without_failing_model() or self._wait(
                self.course.last_error(VeniceError) or RateLimited(), soonest["rest"]
            )
        if "failures" in soonest:
            return self._wait(FailureBudget(), soonest["failures"])
        if "money" in soonest:
            error = self.course.last_error(OutOfCredit, SpendLimit) or OutOfCredit()
            return self._fall_back(error, self.order.fallback)
        if "day" in soonest:
            return Stop(NoKey(NO_DAY))
        if "not-entitled" in soonest:
            not_entitled = self.course.last_error(NotEntitled) or NotEntitled()
            return self._fall_back(not_entitled, self.order.fallback)
        return self._once_more() or Stop(NoKey())

    def _once_more(self) -> Decision | None:
        """Ask a key again at once after its first refusal, if it has worked before."""
        refused = [tried for tried in self.course.tries if isinstance(tried.error, KeyRefused)]
        if len(refused) != 1 or len(self.pool.keys) != 1:
            return None
        key = self.pool.keys[0]
        may = key.usable and key.proven and self._outer_hindrance(key, self.course.model)[0] is None
        return TryKey(key.id, self.course.model) if may else None

    def _wait_for_place(self) -> Decision:
        looks = self.course.looks
        shortest, longest = PLACE_PAUSES
        pause = min(longest, shortest * 2**looks) * self.rng.uniform(0.75, 1)
        if looks >= PLACE_WAITS or self.now + timedelta(seconds=pause) >= self.order.deadline:
            return Stop(RateLimited(BUSY, retry_at=self.now + timedelta(seconds=5)))
        return Wait(pause, "place")

    def _wait(self, error: VeniceError, hint: datetime) -> Decision:
        done = self.course.backoffs
        if isinstance(other := self._instead_of_waiting(error, hint), FallBack):
            return other
        if done >= WAITS:
            return Stop(error)
        seconds = max(2.0**done, (hint - self.now).total_seconds())
        seconds += self.rng.uniform(0, 0.25 * 2**done)
        until = self.now + timedelta(seconds=seconds)
        if seconds > self.order.patience or until >= self.order.deadline:
            return Stop(_postponed(error, until))
        return Wait(seconds, error.kind)

    def _instead_of_waiting(self, error: VeniceError, hint: datetime) -> Decision | None:
        """Let another model answer once this one has failed twice, or is said to be busy (contract 4.2, 5.3)."""
        if not isinstance(error, Overloaded | ServerFault):
            return None
        busy = isinstance(error, Overloaded) and hint > self.now + timedelta(seconds=1)
        is_the_models = busy or self.course.backoffs >= WAITS_WITH_ANOTHER
        return self._fall_back(error, self.order.fallback) if is_the_models else None

    def _fall_back(self, error: VeniceError, model: str) -> Decision:
        if not model or self.course.has_fallen_back or model == self.course.model:
            return Stop(error)
        if self._failing_until(model):
            return Stop(error)
        lasting = ("unusable", "day", "money", "not-entitled")
        if all(self._hindrance(key, model)[0] in lasting for key in self.pool.keys):
            return Stop(error)
        return FallBack(model, FALLBACK_REASONS[error.kind])

    # --- what stands in a key's way ---

    def _hindrance(self, key: PoolKey, model: str) -> tuple[Hindrance | None, datetime]:
        """Return why this key cannot be used now, and until when as far as it is known."""
        if not key.usable or self.course.met(key, model, KeyRefused):
            return "unusable", self.now
        return self._outer_hindrance(key, model)

    def _outer_hindrance(self, key: PoolKey, model: str) -> tuple[Hindrance | None, datetime]:
        if not key.has_day:
            return "day", self.now
        if found := self._resting(key, model):
            return found
        if key.id is not None and self.pool.failures.get(key.account, 0) >= FAILURES:
            return "failures", self.now + FAILURE_WINDOW
        has_place = key.has_place and not self._is_probed(key, model)
        return (None if has_place else "place"), self.now

    def _is_probed(self, key: PoolKey, model: str) -> bool:
        return any(
            scope in scopes_of(key.id, key.account) and of_model in ("", model)
            for scope, of_model in self.pool.probed
        )

    def _resting(self, key: PoolKey, model: str) -> tuple[Hindrance, datetime] | None:
        rests = [
            rest
            for rest in self.pool.rests
            if rest.scope in scopes_of(key.id, key.account)
            and rest.model in ("", model)
            and rest.until > self.now
        ]
        reasons = {rest.reason for rest in rests}
        limits = self.course.met(key, model, RateLimited, FailureBudget)
        until = max([self.now, *(rest.until for rest in rests), *map(self._hint, limits)])
        if reasons & set(MONEY) or self.course.met(key, model, OutOfCredit, SpendLimit):
            return "money", until
        if NotEntitled.kind in reasons or self.course.met(key, model, NotEntitled):
            return "not-entitled", until
        return ("rest", until) if rests or limits else None

    def _hint(self, error: VeniceError) -> datetime:
        """Return the earliest moment of a repeat, as far as the answer names it."""
        least = FAILURE_WINDOW if isinstance(error, FailureBudget) else timedelta()
        return max(error.retry_at or self.now, self.now + least)


def _preference(key: PoolKey, model: str) -> tuple[bool, int, float, float]:
    """Good keys first, then the higher priority, then the least used, then the one that rested longest."""
    used = key.last_used_at.timestamp() if key.last_used_at else 0.0
    busy = round(key.load + 1 - key.left.get(model, 1.0), 2)
    return not key.good, -key.priority, busy, used


def _postponed(error: VeniceError, until: datetime | None) -> VeniceError:
    later = copy(error)
    later.retry_at = until
    return later
