"""A server that does to the client whatever a test wants, byte for byte."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from venice_site.venice import errors
from venice_site.venice.client import Client
from venice_site.venice.types import ChatMessage, ChatOrder, ImageOrder

SECRET = "VENICE_INFERENCE_KEY_do-not-tell"
ORDER = ImageOrder(model="z-image-turbo", prompt="a harbour", seed=7)
ASK = ChatOrder(model="m", messages=(ChatMessage("user", "Why?"),))
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


LAST = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"  # the end of a streaming reply


class Peer:
    """One accepted connection of a server whose every byte the test decides."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def request(self) -> bytes:
        """Return one whole request; empty when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.connection.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            ),
            0,
        )
        while len(body) < length:
            body += self.connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def frame(self, content: str) -> None:
        self.send(chunk(content))

    def drip(self, byte: bytes = b" ", pause: float = 0.05) -> None:
        """Send bytes for ever, one at a time, until the client goes."""
        while True:
            self.send(byte)
            if self.gone(pause):
                return

    def gone(self, within: float) -> bool:
        """Wait for the client to close."""
        self.connection.settimeout(within)
        try:
            return self.connection.recv(1) == b""
        except TimeoutError:
            return False
        finally:
            self.connection.settimeout(10)

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def chunk(content: str) -> bytes:
    """Return a frame of a streaming reply, as one chunk."""
    data = json.dumps({"choices": [{"delta": {"content": content}}]}).encode()
    event = b"data: " + data + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(event), event)


@contextmanager
def server(answer: Callable[[Peer], None], *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve each connection with `answer`; yield the base address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(10)
            wrapped = tls.wrap_socket(connection, server_side=True) if tls else connection
            with wrapped:
                answer(Peer(wrapped))

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}/api/v1"
    finally:
        listener.close()


def says(data: bytes) -> Callable[[Peer], None]:
    """Return a server that answers each request with these bytes and closes."""

    def answer(peer: Peer) -> None:
        peer.request()
        peer.send(data)

    return answer


def http(status: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", "content-type: application/json", *headers]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def ask(client: Client, what: str) -> None:
    """Ask for a picture, a whole reply or a list."""
    if what == "image":
        client.generate_image(ORDER)
    elif what == "reply":
        with client.stream_chat(ASK) as stream:
            list(stream)
    else:
        client.styles()


def failure(answer, *, what="image", **settings) -> errors.VeniceError:
    """Return the error that a client meets at such a server."""
    with server(answer) as url:
        client = Client(url, SECRET, **({"timeout": 2, "deadline": 5} | settings))
        with pytest.raises(errors.VeniceError) as caught:
            ask(client, what)
    return caught.value
