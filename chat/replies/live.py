"""A reply while it is written in this process, and the look that its viewers have at it."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from typing import Any, NamedTuple

from chat.models import Message
from chat.rendering import one_line_end
from venice_site.line import line
from venice_site.venice.service import Cancel, Venice
from venice_site.venice.types import ChatOrder, Delta

BEAT_EVERY = 1.0  # seconds between two heartbeats of a row that does not
REST = 0.15  # seconds in which words gather while a crowd wants to ask
REST_EVERY = 0.2  # seconds; in between, what has gathered is shown


class News(NamedTuple):
    """What arrived of a reply since the last look, and whether it has ended."""

    text: str = ""
    reasoning: str = ""
    ended: bool = False

    @property
    def is_nothing(self) -> bool:
        """Return whether there is nothing to show."""
        return not (self.text or self.reasoning or self.ended)


class LiveReply:
    """A reply while it is written in this process: what has arrived, and a bell for each who watches.

    Words are added by its writer alone and never taken away, so whoever reads them needs no lock. A bell is a lock
    that its viewer waits for; the writer opens it when there is something new.
    """

    def __init__(self, reply: Message, order: ChatOrder, venice: Venice) -> None:
        self.reply = reply
        self.order = order
        self.venice = venice
        self.cancel = Cancel(self.tell)
        self.facts: dict[str, Any] = {}
        self.given_up = False
        self._bells: list[threading.Lock] = []
        self._text = [reply.text] if reply.text else []
        self._reasoning: list[str] = []
        self._written = self._told = self._arrived
        self._began = time.monotonic()
        self._next_beat = self._began + BEAT_EVERY  # the row was begun with a heartbeat
        self._next_rest = 0.0
        self._ended = False
        self.has_content = False

    def take(self, delta: Delta) -> None:
        """Take in what arrived; `tell` shows it."""
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
            if delta.text:
                self._text.append(one_line_end(delta.text))
            if delta.reasoning:
                self._reasoning.append(one_line_end(delta.reasoning))

    @property
    def _arrived(self) -> tuple[int, int]:
        return len(self._text), len(self._reasoning)

    def tell(self) -> None:
        """Ring for what is new once all that came together is taken in; called by the writer.

        If many stand in line to ask, words then gather for a moment.
        """
        if self._told == self._arrived:
            return
        self._told = self._arrived
        self._ring()
        if line.is_crowded and (now := time.monotonic()) >= self._next_rest:
            self._next_rest = now + REST_EVERY
            time.sleep(REST)

    def _keep_time(self, delta: Delta) -> None:
        passed = round((time.monotonic() - self._began) * 1000)
        if not self.has_content:
            self.has_content = True
            self.facts["first_token_ms"] = passed
        if delta.reasoning:
            self.facts["reasoning_ms"] = passed - self.facts["first_token_ms"]

    def stop(self) -> None:
        """Close the stream, also before its first byte; the writer then ends by itself."""
        self.cancel.set()

    def give_up(self) -> None:
        """Stop because this process ends; the reply is interrupted, not cancelled."""
        self.given_up = True
        self.stop()

    def end(self) -> None:
        """Let the viewers go: the row is final."""
        self._ended = True
        self._ring()

    def new_bell(self) -> threading.Lock:
        """Return the bell of one more viewer."""
        bell = threading.Lock()
        bell.acquire()
        self._bells.append(bell)
        return bell

    def _ring(self) -> None:
        for bell in self._bells:
            if bell.locked():
                bell.release()

    def so_far(self) -> dict[str, str]:
        """Return what has arrived, as facts of the row."""
        return {"text": "".join(self._text), "reasoning": "".join(self._reasoning)}

    def due(self, now: float) -> dict[str, str] | None:
        """Return what has arrived when the row lacks some of it, or its heartbeat; else None."""
        arrived = self._arrived
        if arrived == self._written and now < self._next_beat:
            return None
        self._written, self._next_beat = arrived, now + BEAT_EVERY
        return self.so_far()


class Watch:
    """One viewer's look at a live reply in this process."""

    def __init__(self, live: LiveReply) -> None:
        self._live = live
        self._seen = (0, 0)
        self._bell = live.new_bell()

    def news(self, timeout: float) -> News:
        """Return what is new, waiting for it at most `timeout` seconds; the end comes after the last words."""
        live = self._live
        if timeout:
            self._bell.acquire(timeout=timeout)
        ended = live._ended
        (text, reasoning), self._seen = self._seen, live._arrived
        return News(
            "".join(live._text[text : self._seen[0]]),
            "".join(live._reasoning[reasoning : self._seen[1]]),
            ended,
        )
