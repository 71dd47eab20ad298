"""One request on one socket: bounded in time by a clock that every read asks, stoppable from any thread.

`requests` alone bounds only the silence between two bytes, takes truncated headers for an answer and cannot
be interrupted.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from email.errors import MissingHeaderBodySeparatorDefect
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
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

IDLE_KEPT = 30.0  # seconds a kept connection may rest before a new one is safer than it
BUFFER = 65536  # bytes


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


class _Current(threading.local):
    """The exchange that this thread is sending, for the connection that urllib3 picks."""

    exchange: Exchange | None = None


current = _Current()


class _Reader(io.RawIOBase):
    """The reading side of a socket, which asks the clock before each wait."""

    def __init__(self, raw: io.RawIOBase, live: socket.socket, exchange: Exchange) -> None:
        self._raw = raw
        self._live = live
        self._exchange = exchange
        self._allowed = 0.0
        self._records = select.poll() if isinstance(live, ssl.SSLSocket) else None
        if self._records is not None:
            self._records.register(live, select.POLLIN)
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not self._is_at_hand():
            self._exchange.gather()
        if (allowed := self._exchange.allowance()) != self._allowed:  # each change is a system call
            self._live.settimeout(allowed)
            self._allowed = allowed
        count = self._raw.readinto(buffer)
        self.ended = count == 0
        return count

    def _is_at_hand(self) -> bool:
        """Return whether more has come over TLS, where one read returns one record, which may be one word."""
        return self._records is not None and bool(self._records.poll(0))

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, exchange: Exchange, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reader = _Reader(self.fp.detach(), sock, exchange)
        self.fp = io.BufferedReader(self._reader, BUFFER)

    def begin(self) -> None:
        super().begin()
        if self._reader.ended:  # http.client takes headers that stop half way for all of them
            raise http.client.IncompleteRead(b"")
        if any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in self.msg.defects):
            raise http.client.HTTPException("malformed headers")


class _Connection(HTTPConnection):
    """A connection that belongs to one exchange at a time."""

    _used_at = 0.0

    @property
    def is_connected(self) -> bool:
        """Say no after a long rest: the other side may just be closing, and a lost order may be charged."""
        return time.monotonic() - self._used_at < IDLE_KEPT and super().is_connected

    def connect(self) -> None:
        self._exchange().cancel.sent.set()
        super().connect()
        self._hold()

    def request(self, *args: Any, **kwargs: Any) -> None:
        exchange = self._exchange()
        self.response_class = partial(_Response, exchange)  # type: ignore[assignment]
        self._hold()
        super().request(*args, **kwargs)
        exchange.sent = True
        exchange.cancel.sent.set()

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self._exchange().allowance())
        super().send(data)
        self._used_at = time.monotonic()

    def _hold(self) -> None:
        cancel = self._exchange().cancel
        cancel.hold(self.sock)
        if cancel.is_set():
            raise ConnectionAbortedError("stopped")

    @staticmethod
    def _exchange() -> Exchange:
        if current.exchange is None:
            raise RuntimeError("a connection of the Venice client was used outside of it")
        return current.exchange


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Adapter(HTTPAdapter):
    """Carries each request on connections that know its clock and its `Cancel`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
