"""Django's SQLite with a queue before the writer's lock, and connections that threads share."""

from django.dispatch import Signal

opened = Signal()  # sent as `connection`, of sqlite3, when a file was opened once more
