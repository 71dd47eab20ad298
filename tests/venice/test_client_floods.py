"""The client and floods and false servers: bodies, headers and events without an end."""

import gzip
import json
import threading
import tracemalloc
from types import SimpleNamespace

import pytest

from tests.venice.wire import ASK, SECRET, SSE, ask, failure, http, says, server
from venice_site.venice import exchange as exchanges
from venice_site.venice import streams
from venice_site.venice.client import Client
from venice_site.venice.exchange import Cancel, Exchange
from venice_site.venice.types import ChatOrder


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


def says_hi(connections):
    """Return what answers every request of a connection, which it notes."""

    def answer(peer):
        connections.append(peer)
        while peer.request():
            peer.send(SSE)
            peer.frame("Hi")
            peer.send(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    return answer


def test_a_connection_is_used_again_by_another_thread():
    connections = []
    with server(says_hi(connections)) as url:
        client = Client(url, SECRET)
        for _ in range(3):
            thread = threading.Thread(target=ask, args=(client, "reply"))
            thread.start()
            thread.join()
    assert len(connections) == 1


def test_words_gather_between_two_reads(monkeypatch):
    now, slept = [100.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=sleep)
    monkeypatch.setattr(exchanges, "time", clock)
    exchange = Exchange(Cancel(), idle=60, deadline=60, paid=True)
    exchange.gather()  # nothing has come yet: what comes first is read at once
    exchange.every = 1.0
    exchange.gather()
    exchange.gather()
    now[0] += 0.25
    exchange.gather()
    now[0] += 5
    exchange.gather()
    assert slept == [1.0, 0.75]


def test_a_stream_gathers_words_once_there_are_some():
    def answer(peer):
        peer.request()
        peer.send(SSE)
        for number in range(8):
            peer.frame(f"{number} ")
        peer.send(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    with server(answer) as url, Client(url, SECRET).stream_chat(ASK) as stream:
        exchange = stream._reply.exchange
        assert exchange.every == 0
        assert [delta.text for delta in stream] == [f"{number} " for number in range(8)]
        assert exchange.every == streams.READ_EVERY


def test_a_connection_is_used_again_after_a_whole_stream():
    connections = []
    with server(says_hi(connections)) as url:
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
