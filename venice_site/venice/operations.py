"""Carries one operation through its attempts: looks at the pool, asks the policy, does what it says."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from django.db import transaction
from django.utils import timezone

from venice_site import statements
from venice_site.venice import endings, policy, pool, quotas
from venice_site.venice.connections import release_connection
from venice_site.venice.course import backoffs
from venice_site.venice.decisions import (
    Decision,
    FallBack,
    FellBack,
    OrderFacts,
    Shorten,
    Shortened,
    Step,
    Stop,
    Tried,
    TryKey,
    Wait,
    Waited,
)
from venice_site.venice.errors import QuotaExceeded, Stopped, VeniceError
from venice_site.venice.insistence import insistently
from venice_site.venice.models import Call
from venice_site.venice.pool import Lease, View
from venice_site.venice.quotas import Estimate
from venice_site.venice.types import RateInfo

log = logging.getLogger("studio.venice")

LOOK_EVERY = 0.1  # seconds between two looks whether a waiting operation was stopped


class Clock:
    """The time, and how to let it pass."""

    def now(self) -> datetime:
        """Return this moment."""
        return timezone.now()

    def pause(self, seconds: float, stopped: Callable[[], bool]) -> None:
        """Wait, at most until the operation is stopped."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not stopped():
            time.sleep(min(left, LOOK_EVERY))


@dataclass(slots=True)
class Operation:
    """One call on its way to Venice; `fallback` is set once another model answers.

    `estimate_of` says what a model would use for it at the most, which is then what is reserved.
    """

    call_id: int
    facts: OrderFacts
    estimate_of: Callable[[str], Estimate]
    stopped: Callable[[], bool]
    clock: Clock
    rng: Random = field(default_factory=Random)
    history: tuple[Step, ...] = ()
    fallback: FellBack | None = None
    earlier_calls: int | None = None
    reserved_for: str = ""

    def carry_out[T](self, attempt: Callable[[Lease], T]) -> tuple[T, Lease, View]:
        """Try until it goes well; return the answer, and the open lease that brought it.

        Raises `VeniceError` when the policy gives up and `Stopped` when the person does.
        """
        while True:
            if self.stopped():
                raise Stopped
            seen, decision, lease = self._take_turn()
            if not isinstance(decision, TryKey):
                self._prepare(decision)
            elif lease is not None:
                answer = self._try(attempt, lease, seen)
                if answer is not None:
                    return answer, lease, seen

    def end_well(
        self,
        lease: Lease,
        rate: RateInfo,
        request_id: str,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        """Record the attempt that brought the answer, and on the ledger line who answered.

        `also` writes more in the same transaction.
        """
        facts = {
            "served_by": lease.model,
            "fallback_reason": self.fallback.reason[:200] if self.fallback else "",
            "simulated": lease.key is None,
            "request_id": request_id[:80],
        }

        def write() -> None:
            with transaction.atomic():
                endings.end_well(lease, rate, self.clock.now(), request_id=request_id)
                statements.update(Call, {"pk": self.call_id}, facts)
                also()

        insistently(write)

    def note_answer(self, lease: Lease, rate: RateInfo) -> None:
        """Note that Venice has begun to answer well, and what is left until when."""
        endings.note_answer(lease, rate, self.clock.now())

    def end_badly(self, lease: Lease, seen: View, error: VeniceError) -> None:
        """Record how an attempt failed and what everybody shall know of it."""
        waits = backoffs(self.history)
        endings.end_badly(lease, error, seen, waits, self.clock.now())

    def end_stopped(self, lease: Lease) -> None:
        """Record that the person stopped the attempt."""
        endings.end_unanswered(lease, self.clock.now(), Stopped.kind)

    def fall_back(self, model: str, reason: str) -> None:
        """Go on with another model, and say so on the ledger line."""
        self.fallback = FellBack(model, reason)
        self.history += (self.fallback,)
        Call.objects.filter(pk=self.call_id).update(fallback_reason=reason[:200])
        log.warning("call=%s state=fell-back model=%s", self.call_id, model)

    def _take_turn(self) -> tuple[View, Decision, Lease | None]:
        """Look at the pool, decide, and claim the key if there is one to try."""
        now, lease = self.clock.now(), None
        with pool.turn():
            seen = pool.view(self.call_id, now)
            if self.earlier_calls is None:
                self.earlier_calls = seen.calls
                # Nobody knows which model it was reserved for when it was last in the queue.
                self.reserved_for = "" if seen.calls else self.facts.model
            earlier = self.earlier_calls
            decision = policy.decide(
                seen.pool, self.facts, self.history, now, self.rng, earlier_calls=earlier
            )
            if not isinstance(decision, TryKey):
                pass
            elif decision.model != self.reserved_for:
                self._reserve_for(decision.model)
            else:
                waited = round(1000 * self._waited_since_last_try())
                lease = pool.claim(self.call_id, seen, decision, now, waited_ms=waited)
        return seen, decision, lease

    def _reserve_for(self, model: str) -> None:
        """Hold what this model may use; what the keys have room for is then looked at again."""
        charged = any(tried.may_be_charged for tried in self._errors())
        try:
            quotas.adapt(self.call_id, self.estimate_of(model), may_shrink=not charged)
        except QuotaExceeded as refused:
            raise self._truthful(refused) from None
        self.reserved_for = model

    def _errors(self) -> list[VeniceError]:
        return [step.error for step in self.history if isinstance(step, Tried)]

    def _try[T](self, attempt: Callable[[Lease], T], lease: Lease, seen: View) -> T | None:
        release_connection()
        try:
            return attempt(lease)
        except Stopped:
            self.end_stopped(lease)
            raise
        except VeniceError as error:
            self.end_badly(lease, seen, error)
            key = lease.key.pk if lease.key else None
            self.history += (Tried(key, lease.account, lease.model, error),)
            return None
        except (
            BaseException
        ):  # our own fault, or the end of the process: the lease must not stay open
            endings.end_unanswered(lease, self.clock.now(), "crashed")
            raise

    @property
    def is_shortened(self) -> bool:
        """Return whether the oldest turns are to be left out."""
        return any(isinstance(step, Shortened) for step in self.history)

    def _prepare(self, decision: Wait | FallBack | Shorten | Stop) -> None:
        match decision:
            case Stop(error):
                raise self._truthful(error)
            case Wait(seconds, why):
                release_connection()
                self.clock.pause(seconds, self.stopped)
                self.history += (Waited(seconds, why),)
            case FallBack(model, reason):
                self.fall_back(model, reason)
            case Shorten():
                self.history += (Shortened(),)

    def _truthful(self, error: VeniceError) -> VeniceError:
        """Return the error; it tells of a charge when any attempt may have been charged."""
        if any(tried.may_be_charged for tried in self._errors()):
            error.may_be_charged = True
        return error

    def _waited_since_last_try(self) -> float:
        waited = 0.0
        for step in reversed(self.history):
            if isinstance(step, Tried):
                break
            waited += step.seconds if isinstance(step, Waited) else 0
        return waited
