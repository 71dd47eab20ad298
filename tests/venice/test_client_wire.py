"""The client on a bad road: silence, drips, cuts, floods, false servers and servers that tell secrets."""

import datetime as dt
import gzip
import ipaddress
import json
import logging
import socket
import ssl
import struct
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.waiting import eventually
from venice_site.venice import errors
from venice_site.venice.client import Cancel, Client
from venice_site.venice.types import ChatMessage, ChatOrder, ImageOrder

SECRET = "VENICE_INFERENCE_KEY_do-not-tell"
ORDER = ImageOrder(model="z-image-turbo", prompt="a harbour", seed=7)
ASK = ChatOrder(model="m", messages=(ChatMessage("user", "Why?"),))
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


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
        data = json.dumps({"choices": [{"delta": {"content": content}}]}).encode()
        event = b"data: " + data + b"\n\n"
        self.send(b"%x\r\n%s\r\n" % (len(event), event))

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


# Time


def test_silence_ends_with_the_timeout_and_may_be_charged():
    def silent(peer):
        peer.request()
        peer.gone(5)

    error = failure(silent, timeout=0.3)
    assert str(error) == "Venice did not answer within 0.3 seconds. The work may have been charged."
    assert (error.kind, error.may_be_charged) == ("timeout", True)
    assert not failure(silent, what="list", timeout=0.3).may_be_charged


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-drip: ",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_drips_ends_with_the_deadline(start):
    def dripping(peer):
        peer.request()
        peer.send(start)
        peer.drip()

    started = time.monotonic()
    error = failure(dripping, deadline=0.5)
    assert error.kind == "timeout"
    assert error.may_be_charged
    assert time.monotonic() - started < 2


def test_a_stream_that_falls_silent_is_cut_after_content_and_timed_out_before():
    def stalls(*contents):
        def answer(peer):
            peer.request()
            peer.send(SSE)
            for content in contents:
                peer.frame(content)
            peer.gone(5)

        return answer

    assert failure(stalls(), what="reply", timeout=0.3).kind == "timeout"
    assert failure(stalls("Hi"), what="reply", timeout=0.3).kind == "stream-cut"


def test_a_stream_of_nothing_but_comments_ends_with_its_own_deadline():
    def comments(peer):
        peer.request()
        peer.send(SSE)
        peer.drip(b"3\r\n:\n\n\r\n")

    started = time.monotonic()
    assert failure(comments, what="reply", stream_deadline=0.5).kind == "timeout"
    assert time.monotonic() - started < 2


def test_the_body_of_an_error_is_not_waited_for(monkeypatch):
    def slow_error(peer):
        peer.request()
        peer.send(
            b"HTTP/1.1 503 Busy\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"
        )
        peer.gone(10)

    monkeypatch.setattr("venice_site.venice.client.ERROR_WITHIN", 0.3)
    started = time.monotonic()
    assert failure(slow_error).kind == "overloaded"
    assert time.monotonic() - started < 1.5


# Cuts


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/js",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{",
        b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":',
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n500\r\n{",
    ],
)
@pytest.mark.parametrize("what", ["image", "reply", "list"])
def test_half_an_answer_is_no_answer(data, what):
    error = failure(says(data), what=what)
    assert error.kind == "connection-lost"
    assert error.may_be_charged == (what != "list")


def test_a_reset_after_the_order_may_be_charged():
    def resets(peer):
        peer.request()
        peer.reset()

    error = failure(resets)
    assert (error.kind, error.may_be_charged) == ("connection-lost", True)


@pytest.mark.parametrize(
    "data",
    [
        b"220 mail ready\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nx: " + b"x" * 70_000 + b"\r\n\r\n{}",
    ],
)
def test_what_is_not_http_is_a_bad_answer(data):
    error = failure(says(data))
    assert (error.kind, error.may_be_charged) == ("bad-answer", True)


def test_where_nobody_listens_nothing_is_sent_and_nothing_charged():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(errors.Unreachable) as caught:
        Client(f"http://127.0.0.1:{port}", SECRET).generate_image(ORDER)
    assert not caught.value.may_be_charged


@pytest.mark.parametrize(
    "address", ["", "nonsense", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999"]
)
def test_an_address_that_is_none_is_unreachable(address):
    with pytest.raises(errors.Unreachable):
        Client(address, SECRET).styles()


def test_a_stream_that_ends_after_its_finish_reason_is_whole():
    def answer(peer):
        peer.request()
        peer.send(SSE)
        event = b'data: {"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}\n\n'
        peer.send(b"%x\r\n%s\r\n" % (len(event), event))
        peer.reset()

    with server(answer) as url, Client(url, SECRET, timeout=2).stream_chat(ASK) as stream:
        assert "".join(delta.text for delta in stream) == "Hi"


# Floods and false servers


@pytest.mark.parametrize(
    ("status", "kind"), [(200, "bad-answer"), (500, "server-fault"), (429, "rate-limited")]
)
def test_an_endless_body_is_left_alone(status, kind):
    seen = []

    def floods(peer):
        peer.request()
        peer.send(f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\n\r\n".encode())
        piece = b" " * 65536
        for count in range(4000):
            peer.send(piece)
            seen.append(count)

    assert failure(floods).kind == kind
    assert len(seen) * 65536 < 100_000_000


def test_a_redirect_is_not_followed():
    with server(says(http(200, b"[]"))) as elsewhere:
        error = failure(says(http(302, b"", f"location: {elsewhere}")))
    assert (error.kind, error.status) == ("bad-answer", 302)


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with server(says(http(200, b'["Anime"]'))) as url:
        assert Client(url, SECRET).styles() == ["Anime"]


def test_passwords_of_the_home_folder_are_not_sent(tmp_path, monkeypatch):
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login someone password else\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    heads = []

    def answer(peer):
        heads.append(peer.request())
        peer.send(http(200, b'["Anime"]', "connection: close"))

    with server(answer) as url:
        Client(url, SECRET).styles()
        Client(url, "").styles()
    assert f"Authorization: Bearer {SECRET}".encode() in heads[0]
    assert b"authorization" not in heads[1].lower()


@pytest.mark.parametrize("line", [b"x-more: and more\r\n", b"x" * 65536])
def test_a_flood_of_headers_is_left_alone(line):
    sent = []

    def floods(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n")
        for count in range(4000):
            peer.send(line)
            sent.append(count)

    assert failure(floods).kind == "bad-answer"
    assert len(sent) * len(line) < 20_000_000


@pytest.mark.parametrize("what", ["image", "list"])
def test_a_bomb_is_not_unpacked(what):
    packed = gzip.compress(b" " * 300_000_000, 9)

    def answer(peer):
        peer.request()
        head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n"
        peer.send(f"{head}content-length: {len(packed)}\r\n\r\n".encode() + packed)

    tracemalloc.start()
    error = failure(answer, what=what)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.kind == "bad-answer"
    assert "too large" in str(error)
    assert most < 200_000_000


@pytest.mark.parametrize("begins", [b"data: ", b": ", b"data: x\n"])
def test_an_event_without_an_end_is_left_alone(begins):
    sent = []

    def floods(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + begins)
        piece = b"x" * 65536
        for count in range(4000):
            peer.send(piece)
            sent.append(count)

    assert failure(floods, what="reply").kind == "bad-answer"
    assert len(sent) * 65536 < 100_000_000


def test_a_stream_that_is_a_bomb_is_not_unpacked():
    packed = gzip.compress(b": " + b" " * 300_000_000, 9)

    def answer(peer):
        peer.request()
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n"
        peer.send(f"{head}content-length: {len(packed)}\r\n\r\n".encode() + packed)

    tracemalloc.start()
    error = failure(answer, what="reply")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.kind == "bad-answer"
    assert most < 200_000_000


def test_a_connection_is_used_again_and_cookies_are_not_kept():
    requests, connections = [], []

    def answer(peer):
        connections.append(peer)
        while request := peer.request():
            requests.append(request.lower())
            peer.send(http(200, b'["Anime"]', "set-cookie: who=me"))

    with server(answer) as url:
        client = Client(url, SECRET)
        assert client.styles() == client.styles() == ["Anime"]
    assert (len(requests), len(connections)) == (2, 1)
    assert b"cookie" not in requests[1]


def test_a_connection_is_used_again_after_a_whole_stream():
    connections = []

    def answer(peer):
        connections.append(peer)
        while peer.request():
            peer.send(SSE)
            peer.frame("Hi")
            peer.send(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    with server(answer) as url:
        client = Client(url, SECRET)
        for _ in range(2):
            with client.stream_chat(ASK) as stream:
                assert [delta.text for delta in stream] == ["Hi"]
    assert len(connections) == 1


def test_a_seed_style_server_is_asked_with_its_own_word_for_the_limit():
    asked = []

    def answer(peer):
        body = json.loads(peer.request().partition(b"\r\n\r\n")[2])
        asked.append(set(body) & {"stream_options", "max_completion_tokens", "max_tokens"})
        for unknown in ("stream_options", "max_completion_tokens"):
            if unknown in body:
                error = {
                    "message": f"Unknown field {unknown}",
                    "type": "invalid_request_error",
                    "code": 400,
                }
                return peer.send(
                    http(400, json.dumps({"error": error}).encode(), "connection: close")
                )
        peer.send(SSE.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
        peer.frame("Hi")
        return peer.send(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    order = ChatOrder(model="m", messages=ASK.messages, max_tokens=100)
    with server(answer) as url:
        client = Client(url, SECRET)
        with client.stream_chat(order) as stream:
            assert [delta.text for delta in stream] == ["Hi"]
        with client.stream_chat(order) as again:
            assert [delta.text for delta in again] == ["Hi"]
    assert asked == [
        {"stream_options", "max_completion_tokens"},
        {"max_completion_tokens"},
        {"max_tokens"},
        {"max_tokens"},
    ]


# Secrets


def telltale(make: Callable[[str], bytes]) -> Callable[[Peer], None]:
    """Return a server that repeats the Authorization header it got."""

    def answer(peer: Peer) -> None:
        head = peer.request().decode()
        line = next(line for line in head.split("\r\n") if line.lower().startswith("authorization"))
        peer.send(make(line.partition(": ")[2]))

    return answer


@pytest.mark.parametrize(
    "make",
    [
        lambda key: http(400, json.dumps({"error": f"bad key {key}"}).encode()),
        lambda key: http(
            400, json.dumps({"error": "no", "issues": [{"path": [key], "message": key}]}).encode()
        ),
        lambda key: http(
            401, json.dumps({"error": {"message": key, "code": key}}).encode(), f"cf-ray: {key}"
        ),
        lambda key: http(422, json.dumps({"error": "policy", "suggested_prompt": key}).encode()),
        lambda key: http(500, f"<html>{key}</html>".encode()),
        lambda key: http(413, json.dumps({"error": key, "request_id": key}).encode()),
        lambda key: http(302, b"", f"location: http://127.0.0.1/{key}"),
        lambda key: http(200, json.dumps({"error": key}).encode()),
        lambda key: http(200, json.dumps({"images": [key]}).encode()),
        lambda key: f"{key}\r\n\r\n".encode(),
        lambda key: f"HTTP/1.1 200 OK\r\nbroken {key}\r\n\r\n".encode(),
        lambda key: f"HTTP/1.1 200 OK\r\ncontent-length: {key}\r\n\r\n".encode(),
        lambda key: f"HTTP/1.1 {key}\r\n\r\n".encode(),
    ],
)
@pytest.mark.parametrize("what", ["image", "reply"])
def test_a_server_that_repeats_the_key_puts_it_nowhere(make, what, caplog):
    caplog.set_level(logging.DEBUG)
    error = failure(telltale(make), what=what)
    told = "".join(traceback.format_exception(error))
    for text in (str(error), repr(error), error.detail, error.request_id, told, caplog.text):
        assert "do-not-tell" not in text.replace(" ", "-")


@pytest.mark.parametrize("data", [http(401, b'{"error": "no"}'), http(200, b"{}"), b""])
@pytest.mark.parametrize("what", ["image", "reply", "list"])
def test_no_frame_of_a_traceback_holds_the_key(data, what):
    error = failure(says(data), what=what)
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert "do-not-tell" not in "".join(told.format())


def test_an_answer_that_repeats_the_key_is_kept_without_it():
    content = {
        "images": [
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
        ]
    }

    def make(key):
        body = json.dumps(
            {**content, "id": key, "model": key, "timing": {"total": 3, key: key}}
        ).encode()
        return http(200, body, f"x-venice-model-name: {key}", f"x-venice-enhanced-prompt: {key}")

    with server(telltale(make)) as url:
        image = Client(url, SECRET).generate_image(ORDER)
    assert "do-not-tell" not in repr(image)
    assert "Authorization" not in repr(image.request)


def test_the_client_says_nothing_of_its_key():
    client = Client("http://127.0.0.1:9", SECRET)
    assert "do-not-tell" not in repr(client)
    assert "do-not-tell" not in str(client)


@pytest.mark.parametrize("secret", ["two\r\nlines-of-key", "schlüssel-eins", "emoji-🌙-key"])
def test_a_secret_that_cannot_be_a_key_is_refused_before_it_is_sent(secret):
    with pytest.raises(errors.KeyRefused) as caught:
        Client("http://127.0.0.1:9", secret).styles()
    assert secret not in str(caught.value)


def test_without_a_secret_no_authorization_is_sent():
    seen = []

    def answer(peer):
        seen.append(peer.request().lower())
        peer.send(http(200, b"[]"))

    with server(answer) as url:
        assert Client(url, "").styles() == []
    assert b"authorization" not in seen[0]


# TLS


@pytest.fixture
def tls(tmp_path, monkeypatch) -> ssl.SSLContext:
    """A server's TLS for 127.0.0.1, trusted by the client."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "venice")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "venice.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_tls_works_and_an_unknown_certificate_is_named_as_such(tls, monkeypatch):
    with server(says(http(200, b'["Anime"]')), tls=tls) as url:
        assert Client(url, SECRET).styles() == ["Anime"]
        monkeypatch.undo()
        with pytest.raises(errors.NotTrusted, match=r"secure connection.*Nothing was charged"):
            Client(url, SECRET).styles()


@pytest.mark.parametrize("begins", [False, True])
def test_a_reply_over_tls_is_stopped_before_and_after_its_headers(tls, begins):
    reached = threading.Event()
    left = threading.Event()

    def answer(peer):
        peer.request()
        if begins:
            peer.send(SSE)
            peer.frame("Hi")
        reached.set()
        with suppress(OSError):
            peer.gone(5)
        left.set()

    cancel = Cancel()
    arrived, caught = [], []

    def ask_there(url):
        try:
            with Client(url, SECRET).stream_chat(ASK, cancel=cancel) as stream:
                arrived.extend(delta.text for delta in stream)
        except errors.VeniceError as error:
            caught.append(error)

    with server(answer, tls=tls) as url:
        thread = threading.Thread(target=ask_there, args=(url,))
        thread.start()
        assert reached.wait(5)
        cancel.set()
        thread.join(3)
        assert isinstance(caught[0], errors.Stopped)
        assert eventually(left.is_set)
