"""Brings what was written from SQLite's log into its file, beside those who write.

Left to SQLite, the one whose commit makes the log too long does it: a stall of some 20 ms, in which everybody
waits who writes. Here a thread of the process does it every few seconds while there is something to do.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from pathlib import Path

log = logging.getLogger("studio.sqlite")

EVERY = 2.0  # seconds between two times


class Checkpoints:
    """The thread for one database; it sleeps while nothing is written."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._written = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def note(self) -> None:
        """Know that something was written."""
        self._written.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._go_on, name="checkpoints", daemon=True
                    )
                    self._thread.start()

    def _go_on(self) -> None:
        while self._written.wait():
            time.sleep(EVERY)
            self._written.clear()
            try:
                bring_in(self._path)
            except sqlite3.Error as error:  # the next time, or SQLite itself when the log is long
                log.info("checkpoint=missed error=%s", error)


def bring_in(path: str) -> None:
    """Write what is in the log of a database into its file; waits for nobody. Raises `sqlite3.Error`.

    What someone still reads, or is being written, stays in the log until the next time.
    """
    address = f"{Path(path).absolute().as_uri()}?mode=rw"  # a file that is gone stays gone
    database = sqlite3.connect(address, uri=True, timeout=0)
    try:
        database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    finally:
        database.close()
