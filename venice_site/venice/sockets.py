"""The connections to Venice: each knows the exchange that it carries.

`requests` alone bounds only the silence between two bytes, takes truncated headers for an answer and cannot
be interrupted.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from email.errors import MissingHeaderBodySeparatorDefect
from functools import cache, partial
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context

from venice_site.venice.exchange import Cancel, Exchange

IDLE_KEPT = 30.0  # seconds a kept connection may rest before a new one is safer than it
BUFFER = 65536  # bytes


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
        self._allowed = -1.0
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._read_at_hand(buffer)
        if count is None:
            self._exchange.gather()
            self._wait_at_most(self._exchange.allowance())
            count = self._raw.readinto(buffer)
        self.ended = count == 0
        return count

    def _read_at_hand(self, buffer: Any) -> int | None:
        """Read a record that came over TLS together with the last; None when there is none, or a pause is due.

        One read returns one record at the most, which may be one word.
        """
        if not (isinstance(self._live, ssl.SSLSocket) and self._exchange.is_early()):
            return None
        self._wait_at_most(0.0)
        try:
            return self._raw.readinto(buffer)
        except ssl.SSLWantReadError:
            return None

    def _wait_at_most(self, seconds: float) -> None:
        if seconds != self._allowed:  # each change is a system call
            self._live.settimeout(seconds)
            self._allowed = seconds

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
            super().close()
            del self._exchange  # http.client keeps the last response of a connection


class _Response(http.client.HTTPResponse):
    def __init__(self, exchange: Exchange, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reader = _Reader(self.fp.detach(), sock, exchange)
        self.fp = io.BufferedReader(self._reader, BUFFER)

    def begin(self) -> None:
        super().begin()
        while 101 < self.status < 200:  # interim too; http.client knows 100 alone
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()
        if self._reader.ended:  # http.client takes headers that stop half way for all of them
            raise http.client.IncompleteRead(b"")
        if any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in self.msg.defects):
            raise http.client.HTTPException("malformed headers")


class _Connection(HTTPConnection):
    """A connection that belongs to one exchange at a time."""

    _used_at = 0.0
    _cancel: Cancel | None = None

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
        exchange, rest = self._exchange(), memoryview(data)
        while rest:  # `sendall` bounds the whole by its timeout, however steadily it goes on
            self.sock.settimeout(exchange.allowance())
            super().send(rest[:BUFFER])
            rest = rest[BUFFER:]
        self._used_at = time.monotonic()

    def rest(self) -> None:
        """Belong to no exchange: whoever stops the last one must not stop the next, which may begin at once."""
        self._used_at = time.monotonic()  # the answer may have come late
        if self._cancel is not None:
            self._cancel.hold(None)
            self._cancel = None
        # It knows the exchange, through which a reply and all that was sent for it would stay in memory.
        vars(self).pop("response_class", None)

    def _hold(self) -> None:
        self._cancel = cancel = self._exchange().cancel
        cancel.hold(self.sock)
        if cancel.is_set():
            raise ConnectionAbortedError("stopped")

    @staticmethod
    def _exchange() -> Exchange:
        if current.exchange is None:
            raise RuntimeError("a connection of the Venice client was used outside of it")
        return current.exchange


class _SecureConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        if self.ca_certs:
            self.ssl_context, self.ca_certs = _trusting(self.ca_certs), None
        super().connect()


@cache
def _trusting(bundle: str) -> ssl.SSLContext:
    """Return what all connections share: to read the certificates for each took 27 ms of processor time."""
    context = create_urllib3_context()
    context.load_verify_locations(bundle)
    return context


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.rest()
        super()._put_conn(conn)


class _SecurePool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Adapter(HTTPAdapter):
    """Carries each request on connections that know its clock and its `Cancel`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
