"""The journal: what was asked of the simulator and how it went."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class RecordedRequest:
    """One request, header names in lower case; the lower half is filled in while it is answered, `finished` is set at the very end."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    key: str
    body: Any
    started: float = field(default_factory=time.monotonic)
    status: int = 0
    scenario: str | None = None
    closed_by_client: bool = False
    tokens_sent: int = 0
    ended: float | None = None
    finished: threading.Event = field(default_factory=threading.Event, repr=False)

    def finish(self) -> None:
        """Marks the request as over."""
        self.ended = time.monotonic()
        self.finished.set()

    def as_json(self) -> dict[str, Any]:
        """Returns the record without its event, for the control port."""
        return {name: value for name, value in vars(self).items() if name != "finished"} | {
            "finished": self.finished.is_set()
        }


class Journal:
    """A bounded, thread-safe list of requests."""

    def __init__(self, kept: int) -> None:
        self._records: deque[RecordedRequest] = deque(maxlen=kept)
        self._changed = threading.Condition()

    def add(self, record: RecordedRequest) -> None:
        """Writes a request down."""
        with self._changed:
            self._records.append(record)
            self._changed.notify_all()

    def clear(self) -> None:
        """Forgets everything."""
        with self._changed:
            self._records.clear()

    def snapshot(self) -> list[RecordedRequest]:
        """Returns the requests so far, oldest first."""
        with self._changed:
            return list(self._records)

    def wait_for(
        self, count: int, wanted: Callable[[RecordedRequest], bool], timeout: float
    ) -> list[RecordedRequest]:
        """Returns the wanted requests as soon as there are `count`; raises TimeoutError after `timeout` seconds."""
        found: list[RecordedRequest] = []

        def enough() -> bool:
            found[:] = [record for record in self._records if wanted(record)]
            return len(found) >= count

        with self._changed:
            if not self._changed.wait_for(enough, timeout):
                raise TimeoutError(f"{len(found)} of {count} requests came within {timeout} s")
            return found
