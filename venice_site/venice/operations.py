"""Carries one operation through its attempts: looks at the pool, asks the policy, does what it says."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from django.db import connection
from django.utils import timezone

from venice_site.venice import policy, pool
from venice_site.venice.errors import NoKey, Stopped, VeniceError
from venice_site.venice.models import Call
from venice_site.venice.policy import (
    FallBack,
    FellBack,
    OrderFacts,
    Step,
    Stop,
    Tried,
    TryKey,
    Wait,
    Waited,
)
from venice_site.venice.pool import Lease, View

log = logging.getLogger("studio.venice")

CLAIMS = 20  # claims lost to others in a row before the pool counts as busy
LOOK_EVERY = 0.1  # seconds between two looks whether a waiting operation was stopped

Pause = Callable[[float, Callable[[], bool]], None]


def pause(seconds: float, stopped: Callable[[], bool]) -> None:
    """Wait, at most until the operation is stopped."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not stopped():
        time.sleep(min(left, LOOK_EVERY))


@dataclass(slots=True)
class Operation:
    """One call on its way to Venice; `fallback` is set once another model answers."""

    call_id: int
    facts: OrderFacts
    stopped: Callable[[], bool]
    pause: Pause = pause
    rng: Random = field(default_factory=Random)
    history: tuple[Step, ...] = ()
    fallback: FellBack | None = None

    def carry_out[T](self, attempt: Callable[[Lease], T]) -> tuple[T, Lease, View]:
        """Try until it goes well; return the answer, and the open lease that brought it.

        Raises `VeniceError` when the policy gives up and `Stopped` when the person does.
        """
        earlier: int | None = None
        lost = 0
        while True:
            if self.stopped():
                raise Stopped
            now = timezone.now()
            seen = pool.view(self.call_id, now)
            earlier = seen.calls if earlier is None else earlier
            decision = policy.decide(
                seen.pool, self.facts, self.history, now, self.rng, earlier_calls=earlier
            )
            if not isinstance(decision, TryKey):
                self._prepare(decision)
                continue
            waited = round(1000 * self._waited_since_last_try())
            lease = pool.claim(
                self.call_id, seen, decision.key, decision.model, now, waited_ms=waited
            )
            if lease is None:
                lost += 1
                if lost > CLAIMS:
                    raise NoKey(policy.BUSY)
                continue
            answer = self._try(attempt, lease, seen)
            if answer is not None:
                return answer, lease, seen

    def end_badly(self, lease: Lease, seen: View, error: VeniceError) -> None:
        """Record how an attempt failed and what everybody shall know of it."""
        waits = policy.backoffs(self.history)
        pool.end_badly(lease, error, seen, waits, timezone.now())

    def _try[T](self, attempt: Callable[[Lease], T], lease: Lease, seen: View) -> T | None:
        _let_go()
        try:
            return attempt(lease)
        except Stopped:
            pool.end_unanswered(lease, timezone.now(), Stopped.kind)
            raise
        except VeniceError as error:
            self.end_badly(lease, seen, error)
            key = lease.key.pk if lease.key else None
            self.history += (Tried(key, lease.account, lease.model, error),)
            return None
        except BaseException:
            pool.end_unanswered(lease, timezone.now(), "crashed")
            raise

    def _prepare(self, decision: Wait | FallBack | Stop) -> None:
        match decision:
            case Stop(error):
                raise error
            case Wait(seconds, why):
                _let_go()
                self.pause(seconds, self.stopped)
                self.history += (Waited(seconds, why),)
            case FallBack(model, reason):
                self.fallback = FellBack(model, reason)
                self.history += (self.fallback,)
                Call.objects.filter(pk=self.call_id).update(fallback_reason=reason[:200])
                log.warning("call=%s state=fell-back model=%s", self.call_id, model)

    def _waited_since_last_try(self) -> float:
        waited = 0.0
        for step in reversed(self.history):
            if isinstance(step, Tried):
                break
            waited += step.seconds if isinstance(step, Waited) else 0
        return waited


def _let_go() -> None:
    """Give a pooled database connection back before a long wait; SQLite's is only an open file."""
    if connection.vendor != "sqlite" and not connection.in_atomic_block:
        connection.close()
