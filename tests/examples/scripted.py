"""A server that gives one written answer to whatever is asked, and keeps what was asked."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

BASE = "/api/v1"


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Script:
    """Where the server listens, and what it was asked so far."""

    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def answering(status: int, headers: Mapping[str, str], body: bytes) -> Iterator[Script]:
    """Answer each request with this status, these headers and this body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            target = urlsplit(self.path)
            script.asked.append(
                Asked(
                    self.command,
                    target.path.removeprefix(BASE),
                    dict(parse_qsl(target.query)),
                    self.headers,
                    json.loads(sent) if sent else None,
                )
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script = Script(f"http://127.0.0.1:{server.server_address[1]}{BASE}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def stream_of(frames: list[Any]) -> bytes:
    """Return the bytes of a stream of events."""
    texts = [frame if isinstance(frame, str) else json.dumps(frame) for frame in frames]
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def frames_of(body: str) -> list[Any]:
    """Return the frames of a stream of events."""
    texts = [line.removeprefix("data: ") for line in body.splitlines() if line.startswith("data: ")]
    return [text if text == "[DONE]" else json.loads(text) for text in texts]
