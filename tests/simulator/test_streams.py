"""Streams: their frames, their pace, gates in the middle, and clients that leave."""

import socket
import threading
from urllib.parse import urlsplit

import pytest

from venice_site.simulator import Simulator

from .conftest import Asker, frames, said


def test_a_stream_has_the_frames_of_venice(ask: Asker) -> None:
    response = ask.stream()
    found = frames(response)

    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["transfer-encoding"] == "chunked"
    assert found[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert found[-1] == "[DONE]"
    assert found[-2]["choices"] == []
    assert found[-2]["usage"]["completion_tokens"] > 20
    assert found[-2]["cost"]["usd"] > 0
    assert found[-3]["choices"][0]["finish_reason"] == "stop"
    assert len({frame["id"] for frame in found[:-1]}) == 1


def test_a_stream_says_the_same_as_a_whole_reply(ask: Asker) -> None:
    whole = ask.chat("Why?").json()

    streamed = frames(ask.stream("Why?"))

    assert said(streamed) == whole["choices"][0]["message"]["content"]
    assert streamed[-2]["usage"] == whole["usage"]


def test_reasoning_comes_before_the_answer(ask: Asker) -> None:
    found = frames(ask.stream(model="kimi-k3"))

    fields = [key for frame in found[1:-3] for key in frame["choices"][0]["delta"]]
    assert fields == sorted(fields, reverse=True)
    assert said(found, "reasoning_content").startswith("The question")
    assert found[-2]["usage"]["completion_tokens_details"]["reasoning_tokens"] > 10


def test_the_connection_is_kept_after_a_stream(ask: Asker) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(ask.simulator.url).port or 0)) as sock:
        body = b'{"model":"llama-3.3-70b","stream":true,"messages":[{"role":"user","content":"x"}]}'
        request = (
            b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        for _ in range(2):
            sock.sendall(request)
            received = b""
            while not received.endswith(b"0\r\n\r\n"):
                received += sock.recv(65536)
            assert received.startswith(b"HTTP/1.1 200 OK")

    assert len(ask.simulator.requests) == 2


def test_a_gate_holds_a_stream_after_so_many_tokens(ask: Asker, simulator: Simulator) -> None:
    gate = simulator.hold(after_tokens=5)
    response = ask.stream()

    assert gate.reached.wait(5)
    record = simulator.requests[0]
    assert record.tokens_sent == 5
    assert not record.finished.is_set()
    gate.open()
    assert frames(response)[-1] == "[DONE]"
    assert record.finished.wait(5)
    assert record.tokens_sent > 20
    assert not record.closed_by_client


def test_a_client_that_leaves_at_a_gate_is_noticed(ask: Asker, simulator: Simulator) -> None:
    gate = simulator.hold(after_tokens=3)
    response = ask.stream()
    assert gate.reached.wait(5)

    response.close()

    record = simulator.requests[0]
    assert record.finished.wait(5)
    assert record.closed_by_client
    assert record.tokens_sent == 3


def test_a_client_that_leaves_a_paced_stream_is_noticed() -> None:
    with Simulator(tokens_per_second=200) as simulator:
        response = Asker(simulator).stream("Go on [[tokens:5000]]")
        next(response.iter_content(None))

        response.close()

        record = simulator.requests[0]
        assert record.finished.wait(5)
        assert record.closed_by_client
        assert 0 < record.tokens_sent < 5000


def test_a_gate_holds_an_image_before_its_answer(ask: Asker, simulator: Simulator) -> None:
    answers = []
    with simulator.hold(path="/image/generate") as gate:
        thread = threading.Thread(target=lambda: answers.append(ask.image()))
        thread.start()
        assert gate.reached.wait(5)
        assert gate.waiting == 1
        assert not answers
    thread.join(5)

    assert answers[0].status_code == 200


def test_a_client_that_leaves_before_an_image_is_noticed(simulator: Simulator) -> None:
    gate = simulator.hold()
    with socket.create_connection(("127.0.0.1", urlsplit(simulator.url).port or 0)) as sock:
        body = b'{"model":"z-image-turbo","prompt":"x"}'
        sock.sendall(
            b"POST /api/v1/image/generate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        assert gate.reached.wait(5)

    record = simulator.requests[0]
    assert record.finished.wait(5)
    assert record.closed_by_client


def test_a_gate_concerns_only_what_matches_and_only_so_often(
    ask: Asker, simulator: Simulator
) -> None:
    gate = simulator.hold(prompt_contains="special", after_tokens=1)

    assert ask.stream("something else").content.endswith(b"[DONE]\n\n")
    assert not gate.reached.is_set()
    gate.open()
    assert ask.stream("special").content.endswith(b"[DONE]\n\n")
    assert gate.reached.is_set()


def test_stopping_ends_held_streams_at_once(simulator: Simulator) -> None:
    held = Simulator().start()
    gate = held.hold(after_tokens=2)
    response = Asker(held).stream()
    assert gate.reached.wait(5)

    held.stop()

    assert held.requests[0].finished.wait(5)
    response.close()


def test_many_streams_at_once_each_get_all_their_tokens(simulator: Simulator) -> None:
    gate = simulator.hold(after_tokens=10, times=None)
    answers: list[bytes] = []
    threads = [
        threading.Thread(
            target=lambda n=n: answers.append(Asker(simulator).stream(f"Number {n}").content)
        )
        for n in range(60)
    ]
    for thread in threads:
        thread.start()

    assert gate.wait_for(60, timeout=10)
    gate.open()
    for thread in threads:
        thread.join(10)

    assert len(answers) == 60
    assert all(answer.endswith(b"data: [DONE]\n\n") for answer in answers)


@pytest.mark.parametrize("question", ["x", "Tell me [[tokens:3000]]"])
def test_tokens_sent_is_what_usage_says(ask: Asker, simulator: Simulator, question) -> None:
    found = frames(ask.stream(question))

    assert simulator.requests[0].finished.wait(5)
    assert simulator.requests[0].tokens_sent == found[-2]["usage"]["completion_tokens"]
