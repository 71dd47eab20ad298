"""One request and its answer: bounded in time by a clock that every read asks, stoppable from any thread."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable

import requests
from urllib3.exceptions import TimeoutError as SocketTimedOut

from venice_site.venice.errors import (
    BadAnswer,
    ConnectionLost,
    NotTrusted,
    Stopped,
    TimedOut,
    Unreachable,
    VeniceError,
)
from venice_site.venice.refusals import LONGEST_DETAIL, Scrub


class Cancel:
    """Stops the request that runs under it, and every later one; may be set from any thread at any moment.

    `sent` is set as soon as a request under it went out, or waits for the network to take it. `on_lull` is
    called by the thread that reads an answer when all that has come is taken in and it is about to wait for more.
    """

    def __init__(self, on_lull: Callable[[], None] = lambda: None) -> None:
        self.sent = threading.Event()
        self.on_lull = on_lull
        self._lock = threading.Lock()
        self._set = False
        self._socket: socket.socket | None = None

    def set(self) -> None:
        """Stop: the socket of a running request is shut, before or after its headers."""
        with self._lock:
            self._set = True
            if self._socket is not None:
                _shut(self._socket)

    def is_set(self) -> bool:
        """Return whether it was asked to stop."""
        return self._set

    def hold(self, live: socket.socket | None) -> None:
        """Remember the socket to shut (None: the request is over); shut it now when it is too late."""
        with self._lock:
            self._socket = live
            if self._set and live is not None:
                _shut(live)


def _shut(live: socket.socket) -> None:
    # past SSLSocket.shutdown, which would pull the TLS layer from under the thread that reads
    with contextlib.suppress(OSError):
        socket.socket.shutdown(live, socket.SHUT_RDWR)


class Exchange:
    """One request and its answer: how long it may take and how far it has come. Times in seconds.

    `every` is how long to let words gather between two reads, so that a thread need not wake up for each.
    """

    def __init__(self, cancel: Cancel, *, idle: float, deadline: float, paid: bool) -> None:
        self.cancel = cancel
        self.sent = False  # the request went out whole
        self.idle = idle
        self.deadline = deadline
        self.paid = paid
        self.every = 0.0
        self._next_read = 0.0
        self.started = time.monotonic()
        self.ends = self.started + deadline

    @property
    def duration_ms(self) -> int:
        """Return how long it took so far."""
        return round((time.monotonic() - self.started) * 1000)

    def end_within(self, seconds: float) -> None:
        """Allow only so much more time."""
        self.ends = min(self.ends, time.monotonic() + seconds)

    def end_after(self, seconds: float) -> None:
        """Allow so much time from the start, instead of what was allowed until the headers came."""
        self.deadline = seconds
        self.ends = self.started + seconds

    def allowance(self) -> float:
        """Return how long the next wait for the socket may be. Raises TimeoutError past the deadline."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return min(self.idle, left)

    def is_early(self) -> bool:
        """Return whether the next read is not due yet."""
        return time.monotonic() < self._next_read

    def gather(self) -> None:
        """Say that all is taken in, and wait until the next read is due."""
        self.cancel.on_lull()
        if not self.every:
            return
        now = time.monotonic()
        if now < self._next_read:
            time.sleep(self._next_read - now)
        self._next_read = max(now, self._next_read) + self.every

    def failure(self, error: Exception, scrub: Scrub) -> VeniceError:
        """Return what a failure on the wire means, as truthfully as can be known."""
        detail = scrub(f"{type(error).__name__}: {error}")[:LONGEST_DETAIL]
        if self.cancel.is_set():
            return Stopped()
        if not self.sent:
            return (NotTrusted if _not_trusted(error) else Unreachable)(detail=detail)
        if isinstance(error, requests.Timeout | SocketTimedOut | TimeoutError):
            return self._timed_out(detail)
        charged = " The work may have been charged." if self.paid else " Try again."
        if _unreadable(error):
            sentence = f"Venice sent an answer that could not be read.{charged}"
            return BadAnswer(sentence, detail=detail, may_be_charged=self.paid)
        sentence = f"The connection to Venice broke before the answer arrived.{charged}"
        return ConnectionLost(sentence, detail=detail, may_be_charged=self.paid)

    def _timed_out(self, detail: str) -> TimedOut:
        late = time.monotonic() >= self.ends
        waited = self.deadline if late else self.idle
        charged = " The work may have been charged." if self.paid else ""
        return TimedOut(
            f"Venice did not answer within {waited:.3g} seconds.{charged}",
            detail=detail,
            may_be_charged=self.paid,
        )


def _unreadable(error: BaseException) -> bool:
    """Return whether what came was not HTTP; requests and urllib3 wrap the cause in their arguments."""
    if isinstance(error, http.client.RemoteDisconnected | http.client.IncompleteRead):
        return False
    if isinstance(error, http.client.HTTPException | requests.exceptions.InvalidHeader):
        return True
    return any(_unreadable(part) for part in error.args if isinstance(part, BaseException))


def _not_trusted(error: BaseException) -> bool:
    """Return whether a certificate was refused; waiting does not help against that."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return True
    reasons = [*error.args, getattr(error, "reason", None)]
    return any(_not_trusted(part) for part in reasons if isinstance(part, BaseException))
