"""Sends answers: whole replies, paced streams, broken connections; sees when the client leaves."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable

from .exchange import Exchange
from .gates import Gate
from .replies import Answer, Broken, Cut, Pause, Piece, Reply, Stream
from .wire import LAST_CHUNK, chunk, head

type Frame = Callable[[bytes], bytes]

# Frames of an unlimited stream are sent together up to this size; the client's leaving is looked for in between.
BATCH = 32768


def deliver(exchange: Exchange, answer: Answer) -> bool:
    """Sends the answer and returns True while the connection can be used again."""
    try:
        if isinstance(answer, Stream):
            return _deliver_stream(exchange, answer)
        if isinstance(answer, Broken):
            return _deliver_broken(exchange, answer)
        return _deliver_reply(exchange, answer)
    except OSError:
        exchange.record.closed_by_client = True
        return False


def _deliver_reply(exchange: Exchange, reply: Reply) -> bool:
    connection = exchange.connection
    if reply.delay > 0 and connection.wait(reply.delay):
        exchange.record.closed_by_client = True
        return False
    body, headers = reply.body, reply.headers
    if exchange.has("gzip"):
        body, headers = gzip.compress(body, 1), {**headers, "content-encoding": "gzip"}
    keep = not exchange.request.wants_close
    framing = (
        f"content-length: {len(body)}",
        "connection: keep-alive" if keep else "connection: close",
    )
    connection.send(head(reply.status, headers, *framing) + body)
    return keep


def _deliver_broken(exchange: Exchange, broken: Broken) -> bool:
    connection = exchange.connection
    if broken.drip_seconds:
        return _drip(exchange, broken)
    if broken.seconds and connection.wait(broken.seconds):
        exchange.record.closed_by_client = True
    if broken.data:
        connection.send(broken.data)
    if broken.reset:
        connection.reset()
    return False


def _drip(exchange: Exchange, broken: Broken) -> bool:
    connection = exchange.connection
    connection.send(head(200, {"content-type": "application/json", "transfer-encoding": "chunked"}))
    until = time.monotonic() + broken.seconds
    while time.monotonic() < until:
        connection.send(chunk(b" "))
        if connection.wait(broken.drip_seconds):
            exchange.record.closed_by_client = True
            return False
    return False


def _deliver_stream(exchange: Exchange, stream: Stream) -> bool:
    keep = stream.chunked and not exchange.request.wants_close
    framing = ["connection: keep-alive" if keep else "connection: close"]
    if stream.chunked:
        framing.append("transfer-encoding: chunked")
    if stream.gzipped:
        framing.append("content-encoding: gzip")
    exchange.connection.send(head(stream.status, stream.headers, *framing))
    wire = _Framing(stream)
    if not _Player(exchange, wire.frame).play(stream.steps):
        return False
    exchange.connection.send(wire.end())
    return keep


class _Framing:
    """Turns the bytes of a stream into bytes on the wire: as they are, chunked, gzipped."""

    def __init__(self, stream: Stream) -> None:
        self._chunked = stream.chunked
        self._compressor = zlib.compressobj(6, zlib.DEFLATED, 31) if stream.gzipped else None

    def frame(self, data: bytes) -> bytes:
        if self._compressor:
            data = self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        return chunk(data) if self._chunked else data

    def end(self) -> bytes:
        rest = self._compressor.flush() if self._compressor else b""
        if not self._chunked:
            return rest
        return (chunk(rest) if rest else b"") + LAST_CHUNK


class _Player:
    """Plays the steps of one stream at the pace of the settings; deadlines are absolute, so that delays do not add up."""

    def __init__(self, exchange: Exchange, frame: Frame) -> None:
        settings = exchange.state.settings
        self._exchange = exchange
        self._record = exchange.record
        self._connection = exchange.connection
        self._frame = frame
        self._gap = 1.0 / settings.tokens_per_second if settings.tokens_per_second > 0 else 0.0
        self._first = settings.first_token_ms / 1000
        self._due = 0.0
        self._tokens = 0
        self._unsent: list[bytes] = []
        self._unsent_size = 0
        self._unsent_tokens = 0

    def play(self, steps: list[Piece | Pause | Cut]) -> bool:
        """Returns True when the stream came to its proper end."""
        self._due = time.monotonic() + self._first
        started = False
        for step in steps:
            if isinstance(step, Piece):
                if not started and not self._wait_for_first():
                    return False
                started = True
                if not self._send(step):
                    return False
            elif isinstance(step, Pause):
                if not self._flush() or self._left(self._connection.wait(step.seconds)):
                    return False
                self._due = time.monotonic()
            else:
                return self._cut(step)
        return self._pass_gate() and self._flush()

    def _wait_for_first(self) -> bool:
        wait = self._due - time.monotonic()
        return not (wait > 0 and self._left(self._connection.wait(wait)))

    def _send(self, piece: Piece) -> bool:
        if piece.tokens:
            if not self._pass_gate():
                return False
            if self._gap and self._tokens and not self._keep_pace():
                return False
            self._tokens += piece.tokens
            self._unsent_tokens += piece.tokens
        self._unsent.append(self._frame(piece.data))
        self._unsent_size += len(piece.data)
        if self._gap or self._unsent_size > BATCH:
            return self._flush()
        return True

    def _keep_pace(self) -> bool:
        self._due += self._gap
        wait = self._due - time.monotonic()
        return not self._left(self._connection.wait(max(0.0, wait)))

    def _pass_gate(self) -> bool:
        gate: Gate | None = self._exchange.gates.pop(self._tokens, None)
        if gate is None:
            return True
        if not self._flush() or self._left(gate.pass_through(self._connection)):
            return False
        self._due = time.monotonic()
        return True

    def _flush(self) -> bool:
        if self._unsent:
            self._connection.send(b"".join(self._unsent))
            self._record.tokens_sent += self._unsent_tokens
            self._unsent.clear()
            self._unsent_size = self._unsent_tokens = 0
            return self._gap > 0 or not self._left(self._connection.closed)
        return True

    def _cut(self, cut: Cut) -> bool:
        if self._flush() and cut.reset:
            self._connection.reset()
        return False

    def _left(self, left: bool) -> bool:
        if left:
            self._record.closed_by_client = True
        return left
