"""Gates: a test holds a reply at a known point, looks, and lets it go on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from .failures import Match, Subject
from .wire import Connection

LOOK_EVERY = 0.02


class Gate:
    """Holds requests until it is opened; `reached` is set when the first one stands before it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()
        self._waiting = 0
        self._changed = threading.Condition()

    def open(self) -> None:
        """Lets everybody through, now and later."""
        self._open.set()

    @property
    def waiting(self) -> int:
        """How many requests stand before the gate now."""
        return self._waiting

    def wait_for(self, count: int, timeout: float = 5.0) -> bool:
        """Waits until `count` requests stand before the gate."""
        with self._changed:
            return self._changed.wait_for(lambda: self._waiting >= count, timeout)

    def pass_through(self, connection: Connection) -> bool:
        """Stands before the gate until it opens; returns True when the client left meanwhile."""
        self._count(+1)
        self.reached.set()
        try:
            while not self._open.wait(LOOK_EVERY):
                if connection.closed:
                    return True
            return connection.closed
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._waiting += change
            self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.open()


@dataclass
class _Hold:
    gate: Gate
    match: Match
    after_tokens: int | None
    left: int | None


@dataclass
class Gates:
    """The gates that stand now, in the order in which they were set."""

    _holds: list[_Hold] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hold(self, match: Match, after_tokens: int | None, times: int | None) -> Gate:
        """Sets a gate before the answer (`after_tokens` None) or after so many tokens of a stream."""
        gate = Gate()
        with self._lock:
            self._holds.append(_Hold(gate, match, after_tokens, times))
        return gate

    def take(self, subject: Subject) -> tuple[list[Gate], dict[int, Gate]]:
        """Returns the gates before the answer and, by number of tokens, those within the stream."""
        before: list[Gate] = []
        within: dict[int, Gate] = {}
        with self._lock:
            for hold in self._holds:
                if hold.left != 0 and hold.match.concerns(subject):
                    hold.left = None if hold.left is None else hold.left - 1
                    if hold.after_tokens is None:
                        before.append(hold.gate)
                    else:
                        within[hold.after_tokens] = hold.gate
        return before, within

    def release(self) -> None:
        """Opens every gate and removes it."""
        with self._lock:
            for hold in self._holds:
                hold.gate.open()
            self._holds.clear()
