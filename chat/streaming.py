"""A reply's row → server-sent events. State, not history: nothing to replay, nothing twice.

Every connection begins with `reply` (everything so far). Then `block` (finished Markdown, appended once),
`tail` (the growing block, drawn again), `text` (plain characters that go on from the tail until it is
drawn again), `reasoning` (characters appended) and at the end `done` (the finished message).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from django.conf import settings
from django.db.models import IntegerField
from django.db.models.functions import Substr
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from chat.models import Message
from chat.rendering import Growing
from chat.replies import News, writers
from venice_site.statements import Statement, gap
from venice_site.venice.connections import release_connection
from venice_site.venice.runs import UNFINISHED, RunStatus

QUIET = 10.0  # seconds after which a comment says that the connection lives
READ_ROW_EVERY = 0.1  # seconds between two looks at a row that another process writes
LOOK_FOR_THE_DEAD_EVERY = 5.0
LOOK_AT_SHARING_EVERY = 1.0
LAST_WORDS = 2.0  # seconds in which the writer of a stopped reply adds what had arrived
REDRAW_EVERY = 0.1  # seconds between two drawings of the growing block at the least
SHARE_OF_CORE = 0.1  # of one core may go into drawing growing blocks, for all viewers together
MARKUP = re.compile(
    r"[^\w ,.;:'\"?()]"
)  # characters after which plain text and Markdown may differ

COMMENT = b": \n\n"
encoded = json.JSONEncoder(ensure_ascii=False).encode


NEW = Statement(
    lambda: Message.objects.filter(pk=gap("pk")).values_list(
        *("status", "finish_reason", "finished_at"),
        *(Substr(name, gap(name, IntegerField())) for name in ("text", "reasoning")),
    )
)


class Source(Protocol):
    """Something that tells what is new about a reply."""

    def news(self, timeout: float) -> News:
        """Return what is new, waiting for it at most `timeout` seconds."""


class Row:
    """One viewer's look at a reply that another process writes, or that is final: its row."""

    def __init__(self, reply_id: int) -> None:
        self._reply_id = reply_id
        self._seen = (0, 0)
        self._next_check = time.monotonic() + LOOK_FOR_THE_DEAD_EVERY

    def news(self, timeout: float) -> News:
        """Return what is new, reading the row every tenth of a second for at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            news = self._read()
            release_connection()
            if not news.is_nothing or time.monotonic() >= deadline:
                return news
            time.sleep(READ_ROW_EVERY)

    def _read(self) -> News:
        self._look_for_the_dead()
        text, reasoning = self._seen
        found = NEW.first(pk=self._reply_id, text=text + 1, reasoning=reasoning + 1)
        if found is None:
            return News(ended=True)
        status, finish_reason, finished_at, text, reasoning = found
        self._seen = (self._seen[0] + len(text), self._seen[1] + len(reasoning))
        ended = status not in UNFINISHED
        if ended and status == RunStatus.CANCELLED and not finish_reason:
            ended = (timezone.now() - finished_at).total_seconds() > LAST_WORDS
        return News(text, reasoning, ended)

    def _look_for_the_dead(self) -> None:
        if time.monotonic() >= self._next_check:
            self._next_check += LOOK_FOR_THE_DEAD_EVERY
            Message(pk=self._reply_id).interrupt_if_stale()


class Shown:
    """What a reader of a shared conversation gets: the words alone, for as long as it is shared."""

    def __init__(self, source: Source, is_shared: Callable[[], bool]) -> None:
        self._source = source
        self._is_shared = is_shared
        self._next_check = 0.0

    def news(self, timeout: float) -> News:
        """Return what is new without the thinking; the end when nobody may read it any more."""
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + LOOK_AT_SHARING_EVERY
            if not self._is_shared():
                return News(ended=True)
        news = self._source.news(min(timeout, LOOK_AT_SHARING_EVERY))
        return news._replace(reasoning="")


class Frames:
    """Turns news into events, drawing the growing block no more often than it is worth."""

    def __init__(self) -> None:
        self._growing = Growing()
        self._undrawn = False
        self._next_drawing = 0.0
        self._any_tail = self._tail_is_code = False

    def first(self, news: News) -> bytes:
        """Return the event that holds everything so far."""
        done = self._growing.add(news.text)
        tail = self._draw()
        return event("reply", {"reasoning": news.reasoning, "blocks": done, "tail": tail})

    def next(self, news: News, now: float) -> bytes:
        """Return the events for what is new; empty when there is nothing to send."""
        sent = event("reasoning", news.reasoning) if news.reasoning else b""
        if news.text:
            sent += self._grow(news.text, now)
        elif self._undrawn and now >= self._next_drawing:
            sent += event("tail", self._draw())
        return sent

    def wait(self, now: float) -> float:
        """Return how many seconds nothing needs to be sent when nothing arrives."""
        return max(0.0, self._next_drawing - now) if self._undrawn else QUIET

    def _grow(self, text: str, now: float) -> bytes:
        done = self._growing.add(text)
        if done or not self._any_tail:
            return (event("block", done) if done else b"") + event("tail", self._draw())
        if self._growing.is_code:
            return event("text", text) if self._tail_is_code else event("tail", self._draw())
        self._undrawn = self._undrawn or bool(MARKUP.search(text))
        if self._undrawn and now >= self._next_drawing:
            return event("tail", self._draw())
        return event("text", text)

    def _draw(self) -> str:
        began = time.thread_time()
        tail = self._growing.tail()
        cost = (time.thread_time() - began) * max(1, Stream.open) / SHARE_OF_CORE
        self._next_drawing = time.monotonic() + max(REDRAW_EVERY, cost)
        self._undrawn, self._any_tail = False, bool(tail)
        self._tail_is_code = self._growing.is_code
        return tail


def events(source: Source, finished: Callable[[], str]) -> Iterator[bytes]:
    """Yield the events of one viewer until the reply has ended."""
    frames = Frames()
    news = source.news(0)
    yield frames.first(news)
    last = time.monotonic()
    while not news.ended:
        news = source.news(min(frames.wait(time.monotonic()), QUIET))
        now = time.monotonic()
        if sent := frames.next(news, now):
            yield sent
            last = now
        elif now - last >= QUIET:
            yield COMMENT
            last = now
    yield event("done", finished())


class Stream:
    """The body of one stream; it holds one of the places of this process until it is closed."""

    open = 0
    _lock = threading.Lock()

    def __init__(
        self, reply_id: int, finished: Callable[[], str], is_shared: Callable[[], bool] | None
    ) -> None:
        source: Source = writers.watch(reply_id) or Row(reply_id)
        if is_shared is not None:
            source = Shown(source, is_shared)
        self._events = events(source, finished)
        self._holds_place = True

    @classmethod
    def begin(
        cls,
        reply_id: int,
        finished: Callable[[], str],
        is_shared: Callable[[], bool] | None = None,
    ) -> Stream | None:
        """Return a new stream, or None when every place is taken: the viewer then asks each second.

        With `is_shared` it is for a reader who is not the owner: without the thinking, and not a moment longer.
        """
        with cls._lock:
            if cls.open >= settings.STREAM_LIMIT:
                return None
            cls.open += 1
        return cls(reply_id, finished, is_shared)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._events)

    def close(self) -> None:
        """Give the place back; the server calls this however the response ends."""
        with self._lock:
            if self._holds_place:
                self._holds_place = False
                Stream.open -= 1


def served(stream: Stream | None) -> HttpResponseBase:
    """Return the answer that is a stream; 204 for a viewer who finds every place taken."""
    release_connection()
    if stream is None:
        return HttpResponse(status=204)
    headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(stream, content_type="text/event-stream", headers=headers)


def event(name: str, data: Any) -> bytes:
    """Return one server-sent event; its data is JSON, and so on one line."""
    return f"event: {name}\ndata: {encoded(data)}\n\n".encode()
