"""The load: many streams read by one thread on raw sockets, so that reading costs next to nothing."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

PIECE = 262144
STUDIO_WORDS = (b"event: text\n", b"event: tail\n", b"event: block\n")


class Answer:
    """One HTTP answer as it arrives."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.is_complete = False
        self.body = b""
        self._unread = b""
        self._left = -1  # bytes of the body, or of the chunk, that have not come; -1: unknown

    def feed(self, data: bytes) -> bytes:
        """Take bytes in as they come off the wire and return those of the body."""
        self._unread += data
        if not self.status and not self._read_head():
            return b""
        if b"transfer-encoding" in self.headers:
            return b"".join(iter(self._chunk, b""))
        return self._plain()

    def _read_head(self) -> bool:
        head, end, rest = self._unread.partition(b"\r\n\r\n")
        if not end:
            return False
        first, *lines = head.split(b"\r\n")
        self.status = int(first.split()[1])
        for line in lines:
            name, _, value = line.partition(b":")
            self.headers[name.strip().lower()] = value.strip()
        self._unread = rest
        if b"transfer-encoding" not in self.headers:
            self._left = int(self.headers.get(b"content-length", b"0"))
        return True

    def _plain(self) -> bytes:
        taken, self._unread = self._unread, b""
        self._left -= len(taken)
        self.is_complete = self._left <= 0
        return taken

    def _chunk(self) -> bytes:
        """Return the next whole chunk, empty when it has not come yet or was the last."""
        size, end, rest = self._unread.partition(b"\r\n")
        if not end or self.is_complete:
            return b""
        length = int(size, 16)
        if len(rest) < length + 2:
            return b""
        self._unread = rest[length + 2 :]
        self.is_complete = length == 0
        return rest[:length]


def upstream_words(frame: bytes) -> bool:
    """Return whether a frame as Venice sends it carries words of the reply."""
    return b'"content":"' in frame and b'"content":""' not in frame


def upstream_end(frame: bytes) -> bool:
    """Return whether a frame as Venice sends it ends a reply."""
    return frame == b"data: [DONE]"


def studio_words(frame: bytes) -> bool:
    """Return whether an event of the product carries words of the reply."""
    if frame.startswith(STUDIO_WORDS):
        return not frame.endswith(b'data: ""')
    if frame.startswith(b"event: reply\n"):
        so_far = json.loads(frame.partition(b"data: ")[2])
        return bool(so_far["blocks"] or so_far["tail"])
    return False


def studio_end(frame: bytes) -> bool:
    """Return whether an event of the product ends a reply well."""
    return frame.startswith(b"event: done\n") and b'data-status=\\"succeeded\\"' in frame


Follow = Callable[[Answer], bytes]


@dataclass(frozen=True, slots=True)
class Script:
    """What one person does: sends a request, follows up the answers, and reads the last as a stream.

    `starts` is in seconds after the first; `tokens` is what the reply is known to have, one a frame,
    where each frame is passed on as it came.
    """

    address: tuple[str, int]
    request: bytes
    has_words: Callable[[bytes], bool]
    is_end: Callable[[bytes], bool]
    follows: tuple[Follow, ...] = ()
    starts: float = 0.0
    tokens: int | None = None


@dataclass(slots=True)
class Outcome:
    """What one person saw; times in seconds, `first` and `gaps` of words that could be read."""

    first: float = 0.0
    gaps: list[float] = field(default_factory=list)
    frames: int = 0
    trouble: str = ""
    stream: str = ""  # the request line of the stream


class Talk:
    """One person's connection while it is played."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.outcome = Outcome(trouble="did not end in time")
        self.socket = socket.create_connection(script.address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._follows = list(script.follows)
        self._answer = Answer()
        self._frame = b""
        self._sent = self._last = 0.0
        self._ended = False

    def begin(self) -> None:
        """Press the button."""
        self._sent = time.perf_counter()
        self._send(self.script.request)

    def receive(self) -> bool:
        """Take in what has arrived; return whether this talk is over."""
        data = self.socket.recv(PIECE)
        now = time.perf_counter()
        if not data:
            return self._over("the connection was closed")
        piece = self._answer.feed(data)
        if not self._answer.status:
            return False
        if self._follows:
            return self._follow(piece)
        return self._read(piece, now)

    def _follow(self, piece: bytes) -> bool:
        answer = self._answer
        answer.body += piece
        if not answer.is_complete:
            return False
        try:
            request = self._follows.pop(0)(answer)
        except LookupError as error:
            return self._over(f"status {answer.status}: {error}")
        self._answer = Answer()
        self._send(request)
        return False

    def _read(self, piece: bytes, now: float) -> bool:
        if self._answer.status != 200:
            return self._over(f"status {self._answer.status}")
        *frames, self._frame = (self._frame + piece).split(b"\n\n")
        script, outcome = self.script, self.outcome
        words = sum(map(script.has_words, frames))
        if words:
            outcome.frames += words
            if outcome.first:
                outcome.gaps.append(now - self._last)
            else:
                outcome.first = now - self._sent
            self._last = now
        self._ended = self._ended or any(map(script.is_end, frames))
        return self._answer.is_complete and self._over(self._verdict())

    def _verdict(self) -> str:
        if not self._ended:
            return "the reply did not end well"
        wanted = self.script.tokens
        if wanted is not None and wanted != self.outcome.frames:
            return f"{self.outcome.frames} of {wanted} tokens arrived"
        return ""

    def _over(self, trouble: str) -> bool:
        self.outcome.trouble = trouble
        return True

    def _send(self, request: bytes) -> None:
        self.outcome.stream = request.partition(b"\r\n")[0].decode()
        self.socket.sendall(request)


def play(scripts: Sequence[Script], timeout: float) -> list[Outcome]:
    """Play all scripts at their moments and return what each person saw, after `timeout` s at the most."""
    talks = [Talk(script) for script in scripts]
    waiting = sorted(talks, key=lambda talk: talk.script.starts, reverse=True)
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        while waiting or selector.get_map():
            passed = time.perf_counter() - began
            if passed > timeout:
                break
            while waiting and waiting[-1].script.starts <= passed:
                talk = waiting.pop()
                selector.register(talk.socket, selectors.EVENT_READ, talk)
                talk.begin()
            _receive(selector, waiting[-1].script.starts - passed if waiting else 1.0)
    for talk in talks:
        talk.socket.close()
    return [talk.outcome for talk in talks]


def _receive(selector: selectors.BaseSelector, wait: float) -> None:
    for key, _ in selector.select(max(0.0, wait)):
        talk: Talk = key.data
        try:
            over = talk.receive()
        except OSError as error:
            talk.outcome.trouble = f"{type(error).__name__}: {error}"
            over = True
        if over:
            selector.unregister(talk.socket)
