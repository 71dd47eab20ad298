"""What happened to one operation so far, as the policy asks about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from venice_site.venice.consequences import limited_scope
from venice_site.venice.decisions import (
    FellBack,
    OrderFacts,
    PoolKey,
    Shortened,
    Step,
    Tried,
    Waited,
    scopes_of,
)
from venice_site.venice.errors import (
    ConnectionLost,
    FailureBudget,
    KeyRefused,
    NotEntitled,
    RateLimited,
    SpendLimit,
    StreamCut,
    TimedOut,
    VeniceError,
)

LOST = (TimedOut, ConnectionLost, StreamCut)  # nobody knows whether the work was done


def backoffs(history: tuple[Step, ...]) -> int:
    """Return how many waits after failures an operation has had."""
    return sum(map(_is_backoff, history))


@dataclass(frozen=True, slots=True)
class Course:
    """The steps of an operation; `earlier_calls` counts what was sent before it went back to the queue."""

    order: OrderFacts
    history: tuple[Step, ...]
    earlier_calls: int

    @property
    def tries(self) -> list[Tried]:
        """Return the attempts that failed."""
        return [step for step in self.history if isinstance(step, Tried)]

    @property
    def model(self) -> str:
        """Return the model that is asked now."""
        changes = [step.model for step in self.history if isinstance(step, FellBack)]
        return changes[-1] if changes else self.order.model

    @property
    def has_fallen_back(self) -> bool:
        """Return whether another model was taken already."""
        return any(isinstance(step, FellBack) for step in self.history)

    @property
    def is_shortened(self) -> bool:
        """Return whether the oldest turns were left out."""
        return any(isinstance(step, Shortened) for step in self.history)

    @property
    def rotations(self) -> int:
        """Return how often another key followed at once."""
        pairs = zip(self.history, self.history[1:], strict=False)
        return sum(
            isinstance(one, Tried) and isinstance(two, Tried) and one.key != two.key
            for one, two in pairs
        )

    @property
    def backoffs(self) -> int:
        """Return how many waits after failures there were."""
        return backoffs(self.history)

    @property
    def calls(self) -> int:
        """Return how many requests were sent."""
        return self.earlier_calls + len(self.tries)

    @property
    def looks(self) -> int:
        """Return how often it was looked for a free place."""
        return sum(isinstance(step, Waited) and step.why == "place" for step in self.history)

    def may_repeat_charge(self) -> bool:
        """A picture is never sent twice; a reply without content may be repeated once."""
        doubtful = sum(t.error.may_be_charged or isinstance(t.error, LOST) for t in self.tries)
        return self.order.kind == "text" and doubtful <= 1

    def cause(self) -> VeniceError | None:
        """Return the error for which another model was taken, if one was."""
        changes = [n for n, step in enumerate(self.history) if isinstance(step, FellBack)]
        before = self.history[: changes[-1]] if changes else ()
        return next((step.error for step in reversed(before) if isinstance(step, Tried)), None)

    def last_error(self, *kinds: type[VeniceError]) -> VeniceError | None:
        """Return the last error of these kinds."""
        found = [tried.error for tried in self.tries if isinstance(tried.error, kinds)]
        return found[-1] if found else None

    def met(self, key: PoolKey, model: str, *kinds: type[VeniceError]) -> list[VeniceError]:
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
    if isinstance(tried.error, RateLimited):
        return limited_scope(tried) in scopes_of(key.id, key.account)
    return tried.account == key.account
