"""Open connections to SQLite files that nobody uses at the moment, for whichever thread asks next.

A process has hundreds of threads, and of each SQLite would read the schema, prepare every statement and fill a
cache of pages anew: the first message that a thread handles takes twice as long. So threads share connections,
the one that was used last first; each still belongs to one thread at a time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import deque

KEPT_FOR = 60.0  # seconds; then a connection that nobody needed is closed


class Idle:
    """The open connections to one file that wait to be used again."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, sqlite3.Connection]] = deque()  # the last used at the end
        self._lock = threading.Lock()

    def take(self) -> sqlite3.Connection | None:
        """Return the connection that was used last, None when none waits."""
        with self._lock:
            return self._waiting.pop()[1] if self._waiting else None

    def put(self, connection: sqlite3.Connection) -> None:
        """Let the next thread have a connection, without what was not committed on it. Raises `sqlite3.Error`."""
        if connection.in_transaction:
            connection.rollback()
        now = time.monotonic()
        with self._lock:
            self._waiting.append((now, connection))
            old = [self._waiting.popleft() for _ in range(self._outdated(now))]
        for _, unneeded in old:
            unneeded.close()

    def close(self) -> None:
        """Close every connection that waits."""
        while (connection := self.take()) is not None:
            connection.close()

    def _outdated(self, now: float) -> int:
        return sum(since < now - KEPT_FOR for since, _ in self._waiting)


_idle: dict[str, Idle] = {}


def idle(name: str) -> Idle:
    """Return what waits for those who use the file of this name."""
    return _idle.get(name) or _idle.setdefault(name, Idle())


def close_all() -> None:
    """Close everything that waits: SQLite breaks a database that a fork goes on with."""
    for one in _idle.values():
        one.close()


os.register_at_fork(before=close_all)
