"""A clock that tests move: waiting takes no time and is written down."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from venice_site.venice.operations import Clock


class QuickClock(Clock):
    """Time that passes only by waiting (and by itself)."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.waits: list[float] = []

    def now(self) -> datetime:
        return timezone.now() + self.ahead

    def pause(self, seconds: float, stopped: Callable[[], bool]) -> None:
        self.waits.append(seconds)
        self.ahead += timedelta(seconds=seconds)
