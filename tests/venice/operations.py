"""The way of one operation through the policy, decision by decision, on a clock of its own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from venice_site.venice import consequences, errors, policy
from venice_site.venice.course import backoffs
from venice_site.venice.decisions import (
    FallBack,
    FellBack,
    Mark,
    OrderFacts,
    Pool,
    PoolKey,
    Rest,
    Stop,
    Tried,
    TryKey,
    Wait,
    Waited,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RETRYABLE = [
    errors.KeyRefused,
    errors.NotEntitled,
    errors.OutOfCredit,
    errors.SpendLimit,
    errors.RateLimited,
    errors.FailureBudget,
    errors.Overloaded,
    errors.ServerFault,
    errors.Unreachable,
    errors.TimedOut,
    errors.ConnectionLost,
    errors.StreamCut,
    errors.ModelGone,
    errors.RegionRefused,
]
FINAL = [
    errors.ConsentMissing,
    errors.InvalidOrder,
    errors.Blocked,
    errors.BadAnswer,
    errors.NoKey,
    errors.Stopped,
]


def order(kind="text", **facts) -> OrderFacts:
    given = {"model": "dear", "deadline": NOW + timedelta(seconds=180), "patience": 35.0}
    return OrderFacts(kind=kind, **{**given, **facts})


def pool(*keys: PoolKey, **facts) -> Pool:
    return Pool(keys or (PoolKey(1, "main"),), **facts)


def tried(error: errors.VeniceError, key: int | None = 1, account="main", model="dear", **facts):
    return Tried(key, account, model, error, **facts)


def decide(keys: Pool, facts: OrderFacts, *history, now=NOW, seed=1):
    return policy.decide(keys, facts, history, now, Random(seed))


class Journey:
    """An operation played to its end against a scripted Venice; time passes only by waiting."""

    def __init__(self, keys: Pool, facts: OrderFacts, script, seed: int = 1) -> None:
        self.pool, self.facts, self.script = keys, facts, list(script)
        self.rng, self.now = Random(seed), NOW
        self.history: tuple = ()
        self.tries: list[TryKey] = []
        self.waits: list[float] = []
        self.end: Stop | None = None
        self.good = {key.id: key for key in keys.keys}

    def play(self) -> "Journey":
        for _ in range(60):
            decision = policy.decide(self.pool, self.facts, self.history, self.now, self.rng)
            if isinstance(decision, Stop):
                self.end = decision
                return self
            self._follow(decision)
            if self.script == ["done"]:
                return self
        raise AssertionError("it never ends")

    def _follow(self, decision) -> None:
        if isinstance(decision, Wait):
            assert self.now + timedelta(seconds=decision.seconds) < self.facts.deadline
            self.now += timedelta(seconds=decision.seconds)
            self.history += (Waited(decision.seconds, decision.why),)
            self.waits.append(decision.seconds)
        elif isinstance(decision, FallBack):
            self.history += (FellBack(decision.model, decision.reason),)
        else:
            self._try(decision)

    def _try(self, decision: TryKey) -> None:
        self.tries.append(decision)
        error = self.script.pop(0) if self.script else errors.ServerFault()
        if error is None:
            self.script = ["done"]
            return
        key = next(key for key in self.pool.keys if key.id == decision.key)
        step = Tried(key.id, key.account, decision.model, error)
        found = consequences.consequences(step, key, backoffs(self.history), self.now)
        self.history += (step,)
        rests = tuple(one for one in found if isinstance(one, Rest))
        for mark in (one for one in found if isinstance(one, Mark)):
            self._mark(key, mark)
        self.pool = replace(self.pool, rests=self.pool.rests + rests)

    def _mark(self, key: PoolKey, mark: Mark) -> None:
        asked_again = mark.retry_at is not None and mark.retry_at <= self.now
        usable = mark.state != "refused" or asked_again
        changed = replace(key, good=False, usable=usable)
        keys = tuple(changed if one.id == key.id else one for one in self.pool.keys)
        self.pool = replace(self.pool, keys=keys)
