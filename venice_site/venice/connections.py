"""The database connection of a thread that is about to wait."""

from __future__ import annotations

from django.db import connection


def release_connection() -> None:
    """Give this thread's database connection back, for others to use; within a transaction it stays."""
    if not connection.in_atomic_block:
        connection.close()
