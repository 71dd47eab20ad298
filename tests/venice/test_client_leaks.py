"""The client keeps its key to itself, whatever a server does and however it fails."""

import json
import logging
import traceback
from collections.abc import Callable

import pytest

from tests.venice.wire import ORDER, SECRET, Peer, failure, http, says, server
from venice_site.venice import errors
from venice_site.venice.client import Client


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
