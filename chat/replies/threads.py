"""The threads of this process that write replies, the pulse that writes their rows, and their end."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import batched

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection
from django.dispatch import Signal
from django.utils import timezone

from chat.models import Message, TitleSource
from chat.replies.live import LiveReply, Watch
from chat.replies.writing import write_reply
from chat.tasks import write_title
from venice_site.venice.connections import release_connection
from venice_site.venice.runs import RunStatus, our_fault
from venice_site.venice.service import Venice
from venice_site.venice.types import ChatOrder

log = logging.getLogger("studio.replies")

FLUSH_EVERY = 0.25  # seconds between two writes of a row that grows
ROWS_A_STATEMENT = 25  # keeps the one writer of SQLite free for others within a few milliseconds
WRITERS_AT_MOST = 512
ASKED_WITHIN = 0.05  # seconds

FLUSH = """
UPDATE chat_message SET text = arrived.column3, reasoning = arrived.column4, heartbeat_at = %s
  FROM (VALUES {rows}) AS arrived
  WHERE id = arrived.column1 AND claim = arrived.column2 AND status = %s
RETURNING id
"""

ended = Signal()  # sent as `reply`, by its writer, when a reply has ended however it did


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
        release_connection()  # the writer goes on with it: what it reads next is still at hand there
        try:
            self._threads.submit(self._write, live)
        except RuntimeError:  # the interpreter is shutting down and takes no more work
            self._forget(live)
            reply.interrupt()

    def let_ask(self, replies: Iterable[Message]) -> None:
        """Wait until Venice is asked for replies that have just begun, a twentieth of a second at the most.

        Threads share one interpreter: what the caller does meanwhile would only make Venice wait.
        """
        until = time.monotonic() + ASKED_WITHIN
        for reply in replies:
            if (live := self._live.get(reply.pk)) is not None:
                live.cancel.sent.wait(max(0.0, until - time.monotonic()))

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
            self._flush()  # apart, so that nothing of what has ended stays with a pulse that waits
            release_connection()
            time.sleep(FLUSH_EVERY)

    def _flush(self) -> None:
        for some in batched(list(self._live.values()), ROWS_A_STATEMENT, strict=False):
            try:
                flush(some)
            except DatabaseTrouble:
                log.warning("state=running heartbeat=missed replies=%s", len(some))
            except Exception:  # without its pulse a process would lose every reply that it writes
                log.exception("state=running heartbeat=missed replies=%s", len(some))


def flush(some: Iterable[LiveReply]) -> None:
    """Write what arrived of some replies: flush, heartbeat, stop check and fence in one UPDATE for all.

    In plain SQL: one UPDATE a row through Django was a seventh of what fifty streams cost.
    """
    now = time.monotonic()
    due = [(live, facts) for live in some if (facts := live.due(now)) is not None]
    if not due:
        return
    arrived = [
        value
        for live, facts in due
        for value in (live.reply.pk, live.reply.claim, facts["text"], facts["reasoning"])
    ]
    moment = connection.ops.adapt_datetimefield_value(timezone.now())
    rows = ", ".join(["(%s, %s, %s, %s)"] * len(due))
    with connection.cursor() as cursor:
        cursor.execute(FLUSH.format(rows=rows), (moment, *arrived, RunStatus.RUNNING))
        written = {pk for (pk,) in cursor.fetchall()}
    for live, _ in due:
        if live.reply.pk not in written:
            live.stop()


def _ask_for_title(reply: Message) -> None:
    is_first = reply.status == "succeeded" and not reply.column
    if is_first and reply.conversation.title_source == TitleSource.QUESTION:
        write_title.enqueue(reply.conversation_id)


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
