"""The connections to Venice: each knows the exchange that it carries.

`requests` alone bounds only the silence between two bytes, takes truncated headers for an answer and cannot
be interrupted.
"""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import threading
import time
from email.errors import MissingHeaderBodySeparatorDefect
from functools import partial
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from venice_site.venice.exchange import Exchange

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
