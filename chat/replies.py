"""Write replies: one thread a reply streams from Venice, one pulse writes all their rows.

The row is the truth. What is kept here of a reply is only a faster copy for the viewers in this process.
"""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import batched
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection, transaction
from django.dispatch import Signal

from chat import compaction
from chat.models import Message, TitleSource
from chat.rendering import one_line_end
from chat.tasks import write_title
from venice_site.venice.errors import BadAnswer, Stopped, TooLong, VeniceError
from venice_site.venice.runs import our_fault
from venice_site.venice.service import ReplyStream, Venice
from venice_site.venice.types import ChatOrder, Delta, Usage

log = logging.getLogger("studio.replies")

FLUSH_EVERY = 0.25  # seconds between two writes of a row that grows
BEAT_EVERY = 1.0  # seconds between two heartbeats of a row that does not
ROWS_A_TRANSACTION = 25  # keeps the one writer of SQLite free for others within a few milliseconds
WRITERS_AT_MOST = 512

ended = Signal()  # sent as `reply`, by its writer, when a reply has ended however it did


@dataclass(frozen=True, slots=True)
class News:
    """What arrived of a reply since the last look, and whether it has ended."""

    text: str = ""
    reasoning: str = ""
    ended: bool = False

    @property
    def is_nothing(self) -> bool:
        """Return whether there is nothing to show."""
        return not (self.text or self.reasoning or self.ended)


class LiveReply:
    """A reply while it is written in this process: what has arrived, and a bell for those who watch."""

    def __init__(self, reply: Message, order: ChatOrder, venice: Venice) -> None:
        self.reply = reply
        self.order = order
        self.venice = venice
        self.facts: dict[str, Any] = {}
        self.given_up = False
        self._bell = threading.Condition()
        self._text = [reply.text] if reply.text else []
        self._reasoning: list[str] = []
        self._written = (len(self._text), 0)
        self._next_beat = 0.0
        self._began = time.monotonic()
        self._stream: ReplyStream | None = None
        self._stopped = False
        self._ended = False
        self.has_content = False

    def follow(self, stream: ReplyStream) -> None:
        """Know the stream that is written from, so that stopping can close it; closed at once if too late."""
        with self._bell:
            self._stream = stream
            stopped = self._stopped
        if stopped:
            stream.close()

    def take(self, delta: Delta) -> None:
        """Take in what arrived and ring the bell."""
        if delta.model:
            self.facts["served_by"] = delta.model
        if told := " ".join(filter(None, (delta.fallback_reason, delta.note))):
            self.facts["fallback_reason"] = told[:200]
        if delta.finish_reason:
            self.facts["finish_reason"] = delta.finish_reason[:40]
        if (
            delta.citations and not self.reply.citations
        ):  # what a continued reply cites keeps its numbers
            self.facts["citations"] = [asdict(citation) for citation in delta.citations]
        if delta.text or delta.reasoning:
            self._keep_time(delta)
            with self._bell:
                if delta.text:
                    self._text.append(one_line_end(delta.text))
                if delta.reasoning:
                    self._reasoning.append(one_line_end(delta.reasoning))
                self._bell.notify_all()

    def _keep_time(self, delta: Delta) -> None:
        passed = round((time.monotonic() - self._began) * 1000)
        if not self.has_content:
            self.has_content = True
            self.facts["first_token_ms"] = passed
        if delta.reasoning:
            self.facts["reasoning_ms"] = passed - self.facts["first_token_ms"]

    def stop(self) -> None:
        """Close the stream, also before its first byte; the writer then ends by itself."""
        with self._bell:
            self._stopped = True
            stream = self._stream
        if stream is not None:
            stream.close()

    def give_up(self) -> None:
        """Stop because this process ends; the reply is interrupted, not cancelled."""
        self.given_up = True
        self.stop()

    def end(self) -> None:
        """Let the viewers go: the row is final."""
        with self._bell:
            self._ended = True
            self._bell.notify_all()

    def so_far(self) -> dict[str, str]:
        """Return what has arrived, as facts of the row."""
        with self._bell:
            return {"text": "".join(self._text), "reasoning": "".join(self._reasoning)}

    def due(self, now: float) -> dict[str, str] | None:
        """Return what the row lacks; empty means a heartbeat alone, None that the row need not be written."""
        with self._bell:
            arrived = (len(self._text), len(self._reasoning))
            parts = {"text": self._text, "reasoning": self._reasoning}
            grown = [n for n, a, b in zip(parts, arrived, self._written, strict=True) if a > b]
            facts = {name: "".join(parts[name]) for name in grown}
        if not facts and now < self._next_beat:
            return None
        self._written, self._next_beat = arrived, now + BEAT_EVERY
        return facts


class Watch:
    """One viewer's look at a live reply in this process."""

    def __init__(self, live: LiveReply) -> None:
        self._live = live
        self._seen = [0, 0]

    def news(self, timeout: float) -> News:
        """Return what is new, waiting for it at most `timeout` seconds."""
        live = self._live
        with live._bell:
            if not self._is_behind():
                live._bell.wait(timeout)
            text = "".join(live._text[self._seen[0] :])
            reasoning = "".join(live._reasoning[self._seen[1] :])
            self._seen = [len(live._text), len(live._reasoning)]
            return News(text, reasoning, live._ended)

    def _is_behind(self) -> bool:
        live = self._live
        return live._ended or self._seen != [len(live._text), len(live._reasoning)]


class Writers:
    """The replies that this process writes, and the threads that do it."""

    def __init__(self) -> None:
        self._live: dict[int, LiveReply] = {}
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._pulse: threading.Thread | None = None
        self._threads = ThreadPoolExecutor(WRITERS_AT_MOST, thread_name_prefix="writer")
        self.are_ending = False

    def start(self, reply: Message, order: ChatOrder, venice: Venice) -> None:
        """Begin to write a reply; returns at once."""
        live = LiveReply(reply, order, venice)
        with self._lock:
            self._live[reply.pk] = live
            self._some.set()
            if self._pulse is None:
                self._pulse = threading.Thread(target=self._beat, name="pulse", daemon=True)
                self._pulse.start()
        try:
            self._threads.submit(self._write, live)
        except RuntimeError:  # the interpreter is shutting down and takes no more work
            self._forget(live)
            reply.interrupt()

    def watch(self, reply_id: int) -> Watch | None:
        """Return a look at a reply that is written here, else None."""
        live = self._live.get(reply_id)
        return Watch(live) if live else None

    def stop(self, reply_id: int) -> None:
        """Stop a reply if it is written here; elsewhere its next heartbeat finds the row changed."""
        if live := self._live.get(reply_id):
            live.stop()

    def finish_within(self, grace: float) -> None:
        """Let running replies finish for `grace` seconds, then interrupt them with what they have."""
        self.are_ending = True
        deadline = time.monotonic() + grace
        while self._live and time.monotonic() < deadline:
            time.sleep(0.05)
        log.info("state=ending interrupted=%s", len(self._live))
        while True:  # a request that is being answered may still start one; the process ends us
            for live in list(self._live.values()):
                live.give_up()
            time.sleep(0.05)

    def _write(self, live: LiveReply) -> None:
        try:
            write_reply(live)
        except Exception as error:
            # The last place that can tell the person; logged with its traceback.
            log.exception("reply=%s state=crashed", live.reply.pk)
            live.reply.fail(our_fault(error), usage=None, **live.so_far())
        finally:
            self._forget(live)
            _ask_for_title(live.reply)
            ended.send_robust(type(self), reply=live.reply)
            release_connection()

    def _forget(self, live: LiveReply) -> None:
        with self._lock:
            self._live.pop(live.reply.pk, None)
            if not self._live:
                self._some.clear()
        live.end()

    def _beat(self) -> None:
        while self._some.wait():
            for some in batched(list(self._live.values()), ROWS_A_TRANSACTION, strict=False):
                try:
                    flush(some)
                except DatabaseTrouble:
                    log.warning("state=running heartbeat=missed replies=%s", len(some))
            release_connection()
            time.sleep(FLUSH_EVERY)


def flush(some: Iterable[LiveReply]) -> None:
    """Write what arrived of some replies: flush, heartbeat, stop check and fence in one UPDATE a row."""
    now = time.monotonic()
    due = [(live, facts) for live in some if (facts := live.due(now)) is not None]
    if not due:
        return
    with transaction.atomic():
        lost = [live for live, facts in due if not live.reply.checkpoint(**facts)]
    for live in lost:
        live.stop()


def write_reply(live: LiveReply) -> None:
    """Stream one reply from Venice into its row; however it ends, what arrived is kept and settled.

    A conversation that has grown too long for its model is summarised first.
    """
    if not _write(live):
        _write(live, refused=True)


def _write(live: LiveReply, *, refused: bool = False) -> bool:
    """Return False when Venice counts more tokens than we do, and more has to be summarised.

    Where no summary helps, or none can be made, the oldest turns are left out, and the reply says so.
    """
    reply, stream = live.reply, None
    call = reply.call_id
    assert call is not None  # every reply is reserved before it is written
    can_summarise = not refused and compaction.can_summarise(live.venice, live.order)
    try:
        order = compaction.fitted(live.venice, reply, live.order, live.follow, refused=refused)
        stream = live.venice.stream_reply(order, call, may_shorten=not can_summarise)
        live.follow(stream)
        with stream:
            for delta in stream:
                live.take(delta)
    except Stopped:
        _end_stopped(live, stream.usage if stream else None)
    except VeniceError as error:
        if isinstance(error, TooLong) and can_summarise:
            return False
        usage = stream.usage if stream and live.has_content else None
        _end(live, reply.fail(error, usage=usage, **_facts(live, usage)), usage)
    else:
        _end_well(live, stream.usage)
    return True


def _end_well(live: LiveReply, usage: Usage) -> None:
    reply, facts = live.reply, _facts(live, usage)
    if facts["text"].strip():
        _end(live, reply.succeed(usage, **facts), usage)
        return
    cut = facts.get("finish_reason") == "length"
    _end(live, reply.fail(_nothing_said(cut), usage=usage, **facts), usage)


def _end(live: LiveReply, ended: bool, usage: Usage | None) -> None:
    """Settle all the same when somebody stopped the reply in the very moment it ended."""
    if not ended:
        _end_stopped(live, usage)


def _end_stopped(live: LiveReply, usage: Usage | None) -> None:
    reply, facts = live.reply, _facts(live, usage)
    facts.setdefault("finish_reason", "stopped")
    known = usage if usage and usage.tokens else None
    if live.given_up and reply.interrupt(usage=known, **facts):
        return
    reply.keep(**facts)
    reply.close_cancelled(known)


def _facts(live: LiveReply, usage: Usage | None) -> dict[str, Any]:
    return live.facts | live.so_far() | Message.used(usage)


def _nothing_said(cut: bool) -> VeniceError:
    if cut:
        return BadAnswer(
            "The model reached the longest reply before it said anything. Allow more and try again."
        )
    return BadAnswer("The model sent an empty answer. Try again.")


def _ask_for_title(reply: Message) -> None:
    is_first = reply.status == "succeeded" and not reply.column
    if is_first and reply.conversation.title_source == TitleSource.QUESTION:
        write_title.enqueue(reply.conversation_id)


def release_connection() -> None:
    """Give a pooled database connection back while this thread waits.

    SQLite's is only an open file, cheaper kept than opened again (0.4 ms).
    """
    if connection.vendor != "sqlite" and not connection.in_atomic_block:
        connection.close()


def finish_at_termination() -> None:
    """Let the replies of this process finish within `STOP_GRACE` once it is told to end.

    Called by the web application as it loads. The server handles SIGTERM itself and goes on answering
    what is open, which are the viewers of replies; so we listen beside it for the signal's number.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # the development server; only a main thread hears signals
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)
    signal.set_wakeup_fd(mouth.detach(), warn_on_full_buffer=False)

    def listen() -> None:
        while not {signal.SIGTERM, signal.SIGINT} & set(ear.recv(64)):
            pass
        writers.finish_within(settings.STOP_GRACE)

    threading.Thread(target=listen, name="termination", daemon=True).start()


writers = Writers()
