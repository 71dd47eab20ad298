"""A streaming reply while it arrives: one thread iterates its deltas, any thread may stop it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Self

from venice_site.venice.answers import json_object
from venice_site.venice.deltas import DeltaReader
from venice_site.venice.errors import BadAnswer, ConnectionLost, Stopped, TimedOut
from venice_site.venice.headers import content_type, rate_info
from venice_site.venice.sse import EventSplitter
from venice_site.venice.transport import Reply
from venice_site.venice.types import Delta, RateInfo, Usage

LARGEST_STREAM = 64 * 1024 * 1024  # bytes
READ_EVERY = 1 / 30  # seconds between two reads once there are words: as often as they are shown
REST_WITHIN = 0.25  # seconds for the end of a body whose content is complete


class ChatStream:
    """A streaming reply: an iterator of deltas for one thread, which any thread may close.

    Iteration raises the error tree: `StreamCut` when the reply breaks off, `Stopped` after `close()`.
    """

    def __init__(
        self, reply: Reply, reader: DeltaReader, *, asked: str, answering: str, now: datetime
    ) -> None:
        self._reply = reply
        self._reader = reader
        self._asked = asked
        self._answering = answering
        self._finished = False
        self._deltas = self._read()
        self.rate: RateInfo = rate_info(reply.headers, now)
        self.request_id = reply.headers.get("cf-ray") or ""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Delta:
        return next(self._deltas)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._deltas.close()
        self._reply.close()

    def close(self) -> None:
        """Stop, from any thread: the socket is shut, and iteration raises `Stopped`. Harmless at the end."""
        if not self._finished:
            self._reply.exchange.cancel.set()

    @property
    def usage(self) -> Usage | None:
        """Return what Venice reported, if it did; `cost` is known only when `cost_source` is "response"."""
        return self._reader.usage

    @property
    def counted(self) -> int:
        """Return our own count of the output tokens so far, estimated from the characters."""
        return self._reader.counted

    @property
    def model(self) -> str:
        """Return the model that really answers, as far as Venice says."""
        return self._answering or self._reader.model or self._asked

    def _read(self) -> Generator[Delta]:
        reader = self._reader
        named = False
        try:
            for delta in self._arriving():
                if named:
                    yield delta
                else:
                    named = True
                    yield replace(delta, model=self.model)
                    self._reply.exchange.every = READ_EVERY
            last = reader.end()
            self._finished = True
            if last is not None:
                yield last if named else replace(last, model=self.model)
            self._reply.finish(REST_WITHIN)
        finally:
            self._finished = True
            self._reply.close()

    def _arriving(self) -> Iterator[Delta]:
        """Yield deltas until Venice says that it is done, or the body ends."""
        if content_type(self._reply.headers) == "application/json":
            yield from self._whole()
            return
        reader = self._reader
        is_set = self._reply.exchange.cancel.is_set
        for event in self._events():
            if is_set():
                raise Stopped()
            delta = reader.read(event)
            if delta is not None:
                yield delta
            if reader.done:
                return

    def _events(self) -> Iterator[str]:
        splitter = EventSplitter()
        size = 0
        if content_type(self._reply.headers) == "text/html":
            raise BadAnswer(detail="a web page instead of a stream")
        try:
            for piece in self._reply.pieces():
                size += len(piece)
                if size > LARGEST_STREAM:
                    raise self._reader.broken("more bytes than any reply has")
                yield from splitter.feed(piece)
        except (ConnectionLost, TimedOut) as error:
            if self._reader.finish_reason:
                return  # the answer is whole; only its account is lost
            if self._reader.characters:
                raise self._reader.cut(error.detail) from error
            raise
        yield from splitter.flush()

    def _whole(self) -> Iterator[Delta]:
        """Yield the one delta of an answer that came as JSON although a stream was asked for."""
        delta = self._reader.take(json_object(self._reply.body(LARGEST_STREAM)))
        self._reader.done = True
        if delta is not None:
            yield delta
