"""A clock that tests move: waiting takes no time and is written down."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from venice_site.venice.operations import Clock


class QuickClock(Clock):
    """Time that passes only by waiting (and by itself)."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.waits: list[float] = []
        self._began = time.monotonic()

    def now(self) -> datetime:
        return timezone.now() + self.ahead

    def pause(self, seconds: float, stopped: Callable[[], bool]) -> None:
        self.waits.append(seconds)
        self.ahead += timedelta(seconds=seconds)

    def has_waited(self, *wanted: float) -> bool:
        """Return whether it waited these seconds in turn, and at most a quarter longer.

        A wait is shorter by what had passed by itself since it was asked for.
        """
        passed = time.monotonic() - self._began
        return len(self.waits) == len(wanted) and all(
            least - passed <= seconds <= 1.25 * least
            for seconds, least in zip(self.waits, wanted, strict=True)
        )
