"""HTTP/1.1 on one socket: reads requests, writes replies and chunks, notices a client that left."""

from __future__ import annotations

import contextlib
import http
import select
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

MAX_LINE = 65536
MAX_BODY = 48 * 1024 * 1024

_REASONS = {status.value: status.phrase for status in http.HTTPStatus}


class BadRequest(Exception):
    """The bytes on the wire are not a request this server reads; `status` says how it answers."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Request:
    """One request as it came; header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def wants_close(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"


class Connection:
    """A client's socket with the few verbs the simulator needs."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._reader = sock.makefile("rb", 65536)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN | select.POLLHUP | select.POLLERR)

    def read_request(self) -> Request | None:
        """Reads the next request, or returns None when the client closed the connection."""
        line = self._reader.readline(MAX_LINE)
        while line in (b"\r\n", b"\n"):
            line = self._reader.readline(MAX_LINE)
        if not line:
            return None
        parts = line.decode("latin-1").split()
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadRequest(400, "Malformed request line")
        headers = self._read_headers()
        if headers.get("expect", "").lower() == "100-continue":
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if parts[2] == "HTTP/1.0":
            headers["connection"] = "close"
        target = urlsplit(parts[1])
        query = dict(parse_qsl(target.query, keep_blank_values=True))
        return Request(
            parts[0].upper(), unquote(target.path), query, headers, self._read_body(headers)
        )

    def _read_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        while True:
            line = self._reader.readline(MAX_LINE)
            if line in (b"\r\n", b"\n", b""):
                return headers
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or len(headers) > 200:
                raise BadRequest(400, "Malformed header")
            headers[name.strip().lower()] = value.strip()

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(self._read_chunks())
        length = headers.get("content-length", "0")
        if not length.isdigit():
            raise BadRequest(400, "Malformed Content-Length")
        if int(length) > MAX_BODY:
            raise BadRequest(413, "Request body is too large")
        return self._read_exactly(int(length))

    def _read_chunks(self) -> Iterable[bytes]:
        total = 0
        while True:
            try:
                size = int(self._reader.readline(MAX_LINE).split(b";")[0], 16)
            except ValueError as error:
                raise BadRequest(400, "Malformed chunk") from error
            total += size
            if total > MAX_BODY:
                raise BadRequest(413, "Request body is too large")
            data = self._read_exactly(size)
            self._reader.readline(MAX_LINE)
            if not size:
                return
            yield data

    def _read_exactly(self, size: int) -> bytes:
        data = self._reader.read(size) if size else b""
        if len(data) < size:
            raise ConnectionError("the client closed before its body was complete")
        return data

    def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self._sock.sendall(data)

    def wait(self, seconds: float) -> bool:
        """Waits up to `seconds` (milliseconds count) and returns True as soon as the client has gone."""
        deadline = time.monotonic() + seconds
        if not self._poll.poll(max(0.0, seconds) * 1000):
            return False
        if self.closed:
            return True
        # A pipelined request keeps the socket readable: sleep the rest instead of spinning.
        time.sleep(max(0.0, deadline - time.monotonic()))
        return self.closed

    @property
    def closed(self) -> bool:
        """Says whether the client has closed its side."""
        try:
            return self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return True

    def reset(self) -> None:
        """Ends the connection with a TCP reset."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def shutdown(self) -> None:
        """Wakes whoever reads or waits on this connection; callable from any thread."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Closes the connection."""
        with contextlib.suppress(OSError):
            self._reader.close()
        self._sock.close()


def head(status: int, headers: dict[str, str], *framing: str) -> bytes:
    """Encodes the status line and headers; `framing` are complete header lines."""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += framing
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def chunk(data: bytes) -> bytes:
    """Frames bytes as one chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
