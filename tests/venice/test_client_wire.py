"""The client on a bad road: silence, drips and cuts."""

import socket
import time

import pytest

from tests.venice.wire import ASK, ORDER, SECRET, SSE, failure, says, server
from venice_site.venice import errors
from venice_site.venice.client import Client


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
