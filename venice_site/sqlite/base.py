"""SQLite whose transactions stand in line inside a process, and whose connections its threads share.

SQLite lets one transaction write at a time, and those who wait look again after pauses that grow: with
hundreds of threads the one who has waited longest looks most seldom, and may still fail after the whole
busy timeout with "database is locked". Here the threads of a process queue for their turn on a lock of
the process, so that only one of them at a time stands before SQLite's own, beside other processes.
"""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base

from venice_site.sqlite import opened
from venice_site.sqlite.checkpoints import Checkpoints
from venice_site.sqlite.idle import idle

LONGEST_WAIT = 20.0  # seconds; then SQLite's own lock and timeout decide


class Cursor(base.SQLiteCursorWrapper):
    """A cursor that turns a statement into SQLite's own style once, not each time."""

    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        """Return the statement with the placeholders of SQLite."""
        if param_names is None:
            return _converted(query)
        return str(super().convert_query(query, param_names=param_names))


@lru_cache(maxsize=2048)
def _converted(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that takes its turn when it begins a transaction, and gives it back at the end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn: threading.Lock | None = None

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor of ours."""
        return self.connection.cursor(factory=Cursor)

    def _start_transaction_under_autocommit(self) -> None:
        turn = _turn_of(str(self.settings_dict["NAME"]))
        if turn.acquire(timeout=LONGEST_WAIT):
            self._turn = turn
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:  # whatever it was, the next in line must not wait for us
            self._give_back()
            raise

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]
        finally:
            self._give_back()
        _checkpoints_of(str(self.settings_dict["NAME"])).note()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._give_back()

    def get_new_connection(self, conn_params: Any) -> Any:
        """Return an open connection: one that waits to be used again if there is one, else a new one."""
        if (waiting := idle(str(self.settings_dict["NAME"])).take()) is not None:
            return waiting
        new = super().get_new_connection(conn_params)
        opened.send(type(self), connection=new)
        return new

    def _close(self) -> None:
        """Let the connection wait for its next thread, unless something went wrong on it."""
        try:
            if self.connection is None or self.errors_occurred:
                super()._close()  # type: ignore[misc]
            else:
                with self.wrap_database_errors:
                    idle(str(self.settings_dict["NAME"])).put(self.connection)
        finally:
            self._give_back()

    def _give_back(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.release()


_turns: dict[str, threading.Lock] = {}


def _turn_of(name: str) -> threading.Lock:
    return _turns.setdefault(name, threading.Lock())


_checkpoints: dict[str, Checkpoints] = {}


def _checkpoints_of(name: str) -> Checkpoints:
    return _checkpoints.get(name) or _checkpoints.setdefault(name, Checkpoints(name))


def _forget_threads() -> None:
    """Know that a fork has none of the threads that hold a turn or bring in what was written."""
    _turns.clear()
    _checkpoints.clear()


os.register_at_fork(after_in_child=_forget_threads)
