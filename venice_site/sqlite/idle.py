"""Open connections to SQLite files that nobody uses at the moment, for whichever thread asks next.

A process has hundreds of threads, and of each SQLite would read the schema, prepare every statement and fill a
cache of pages anew: the first message that a thread handles takes 15 ms, the next 9. So threads share connections,
the one that was used last first; each still belongs to one thread at a time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import deque

KEPT_FOR = 60.0  # seconds; then a connection that nobody needed is closed


# One for all files: while it is held nothing comes or goes, so a fork finds nothing open and can take it.
_lock = threading.Lock()


class Idle:
    """The open connections to one file that wait to be used again."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, sqlite3.Connection]] = deque()  # the last used at the end

    def take(self) -> sqlite3.Connection | None:
        """Return the connection that was used last, None when none waits."""
        with _lock:
            return self._waiting.pop()[1] if self._waiting else None

    def put(self, connection: sqlite3.Connection) -> None:
        """Let the next thread have a connection, without what was not committed on it. Raises `sqlite3.Error`."""
        if connection.in_transaction:
            connection.rollback()
        now = time.monotonic()
        with _lock:
            self._waiting.append((now, connection))
            while self._waiting[0][0] < now - KEPT_FOR:
                self._waiting.popleft()[1].close()

    def close(self) -> None:
        """Close every connection that waits; the caller holds the lock."""
        while self._waiting:
            self._waiting.pop()[1].close()


_idle: dict[str, Idle] = {}


def idle(name: str) -> Idle:
    """Return what waits for those who use the file of this name."""
    return _idle.get(name) or _idle.setdefault(name, Idle())


def close_all() -> None:
    """Close everything that waits."""
    with _lock:
        _close()


def _close() -> None:
    for one in _idle.values():
        one.close()


def _before_fork() -> None:
    """Close everything that waits, and let nothing come until the fork is done.

    SQLite breaks a database that a fork goes on with.
    """
    _lock.acquire()
    _close()


os.register_at_fork(
    before=_before_fork, after_in_parent=_lock.release, after_in_child=_lock.release
)
