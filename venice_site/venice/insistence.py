"""Writes that must not be lost, because money was spent for what they write."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.db import OperationalError, connection

log = logging.getLogger("studio.venice")

PAUSES = (0.1, 0.5, 2, 10)  # seconds between two tries


def insistently[T](write: Callable[[], T]) -> T:
    """Write again and again while the database is busy; within somebody else's transaction only once."""
    for pause in () if connection.in_atomic_block else PAUSES:
        try:
            return write()
        except OperationalError:
            log.warning("state=database-busy pause=%s", pause)
            time.sleep(pause)
    return write()
