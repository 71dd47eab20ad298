"""Each documented error: the stand-in answers it, and a person hears in a sentence what happened."""

import json
import time
from dataclasses import replace

import pytest
import requests

from tests.examples.example import EVENTS, differences
from tests.examples.refusals import REFUSALS, Refused
from tests.examples.scripted import answering, frames_of, stream_of
from venice_site.simulator import Simulator
from venice_site.venice.client import Client
from venice_site.venice.errors import VeniceError
from venice_site.venice.types import ChatMessage, ChatOrder, ImageOrder

EACH = pytest.mark.parametrize("refused", REFUSALS, ids=lambda refused: refused.name)
PICTURE = {"model": "z-image-turbo", "prompt": "a harbour"}
REPLY = {
    "model": "llama-3.3-70b",
    "messages": [{"role": "user", "content": "Why?"}],
    "stream": True,
}
CALLS = {
    "picture": ("/image/generate", PICTURE),
    "reply": ("/chat/completions", REPLY),
    "limited reply": ("/chat/completions", {**REPLY, "max_completion_tokens": 8192}),
    "balance": ("/billing/balance", None),
    "usage": ("/billing/usage", None),
}
ORDER = ChatOrder(REPLY["model"], (ChatMessage("user", "Why?"),))


def call(venice: Simulator, refused: Refused) -> requests.Response:
    path, sent = CALLS[refused.asked]
    if refused.scenario:
        venice.fail(refused.scenario)
    key = {"Authorization": f"Bearer {refused.key}"} if refused.key else {}
    with requests.Session() as session:
        session.trust_env = False
        method = "GET" if sent is None else "POST"
        return session.request(method, venice.url + path, json=sent, headers=key, timeout=10)


@EACH
def test_the_stand_in_refuses_as_it_is_documented(venice: Simulator, refused: Refused) -> None:
    response = call(venice, refused)

    assert response.status_code == refused.status
    assert response.headers["content-type"].partition(";")[0] == refused.media_type
    assert {name.lower() for name in refused.headers} <= {name.lower() for name in response.headers}
    if refused.media_type == EVENTS:
        error = next(frame for frame in frames_of(response.text) if "error" in frame)
        assert differences(refused.body[0], error) == []
        assert frames_of(response.text)[-1] == refused.body[-1]
    elif isinstance(refused.body, str):
        assert response.text.lstrip().startswith("<html")
    else:
        assert differences(refused.body, response.json()) == []


def body_of(refused: Refused) -> bytes:
    if refused.media_type == EVENTS:
        return stream_of(refused.body)
    if isinstance(refused.body, str):
        return refused.body.encode()
    return json.dumps(refused.body).encode()


def ask(client: Client, what: str) -> None:
    """Ask as the product does; usage as it was is no more asked for than by any other list."""
    if what == "picture":
        client.generate_image(ImageOrder(PICTURE["model"], PICTURE["prompt"], seed=7))
    elif what in ("balance", "usage"):
        client.balance()
    else:
        with client.stream_chat(ORDER) as stream:
            list(stream)


@EACH
def test_a_person_hears_what_happened(refused: Refused) -> None:
    headers = {"content-type": refused.media_type, **refused.headers}
    with (
        answering(refused.status, headers, body_of(refused)) as script,
        pytest.raises(VeniceError) as caught,
    ):
        ask(Client(script.url, refused.key, timeout=5, deadline=10), refused.asked)

    error = caught.value
    assert type(error) is refused.kind
    assert error.status == refused.status
    assert error.may_be_charged == refused.charged
    assert refused.detail in error.detail
    assert error.request_id == refused.request_id
    assert waits(error) == pytest.approx(refused.waits, abs=5)
    assert refused.says in str(error)
    assert is_a_sentence(str(error))


def waits(error: VeniceError) -> float | None:
    return None if error.retry_at is None else error.retry_at.timestamp() - time.time()


def is_a_sentence(text: str) -> bool:
    whole = text[:1].isupper() and text.count("“") == text.count("”")
    return whole and len(text) > 20 and not set(text) & set("{}<>[]\n")


def test_a_word_that_is_not_known_is_left_out_by_itself(venice: Simulator) -> None:
    venice.fail("bad-request-array", times=1)

    ask(Client(venice.url, "a-key", timeout=5), "reply")

    assert [asked.status for asked in venice.requests] == [400, 200]


def test_a_limit_that_is_too_high_is_lowered_by_itself(venice: Simulator) -> None:
    order = replace(ORDER, max_tokens=8192)

    with Client(venice.url, "a-key", timeout=5).stream_chat(order) as stream:
        assert "".join(delta.text for delta in stream)

    limits = [asked.body["max_completion_tokens"] for asked in venice.requests]
    assert limits == [8192, 4096]
