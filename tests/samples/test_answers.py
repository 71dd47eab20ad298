"""The answers that the API document shows, as they stand there, read by the client."""

import base64
import json
import time
from typing import Any

import pytest

from tests.examples.example import picture
from tests.examples.scripted import answering
from venice_site.venice import errors
from venice_site.venice.client import Client
from venice_site.venice.entries import read_model
from venice_site.venice.types import ChatMessage, ChatOrder, ImageOrder, Usage

ORDER = ImageOrder("fluently-xl", "a harbour", seed=7)
ASK = ChatOrder("mistral-31-24b", (ChatMessage("user", "Why?"),))
IN_AN_HOUR = int(time.time()) + 3600
LIMITS = {
    "X-RateLimit-Limit": "100",
    "X-RateLimit-Remaining": "87",
    "X-RateLimit-Reset": str(IN_AN_HOUR),
}
REPLY = {
    "id": "chatcmpl-123",
    "object": "chat.completion",
    "created": 1677652288,
    "model": "mistral-31-24b",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Because."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 56, "completion_tokens": 31, "total_tokens": 87},
}


def answered(ask, body: Any, status: int = 200, **headers: str) -> Any:
    """Return what the client makes of an answer."""
    facts = {"content-type": "application/json", **headers}
    with answering(status, facts, json.dumps(body).encode()) as script:
        return ask(Client(script.url, "a-key", timeout=5, deadline=10))


def test_a_picture_with_its_seed_and_model() -> None:
    file = picture()
    body = {
        "images": [base64.b64encode(file).decode()],
        "seed": 123456789,
        "model": "fluently-xl",
    }

    made = answered(lambda client: client.generate_image(ORDER), body, **LIMITS)

    assert (made.content, made.seed, made.model) == (file, 123456789, "fluently-xl")
    assert (made.rate.limit, made.rate.remaining) == (100, 87)
    assert made.rate.reset_at == pytest.approx(IN_AN_HOUR, abs=5)
    assert made.rate.failures_left is None


def test_a_reply() -> None:
    def ask(client: Client) -> tuple[str, Usage | None]:
        with client.stream_chat(ASK) as stream:
            return "".join(delta.text for delta in stream), stream.usage

    assert answered(ask, REPLY) == ("Because.", Usage(tokens_in=56, tokens_out=31))


def test_models_with_a_name() -> None:
    rows = [
        {"id": "fluently-xl", "name": "Fluently XL", "type": "image"},
        {"id": "stable-diffusion-3", "name": "Stable Diffusion 3", "type": "image"},
    ]

    models = map(read_model, answered(lambda client: client.models("image"), {"data": rows}))

    assert [(model.id, model.name, model.kind) for model in models if model] == [
        ("fluently-xl", "Fluently XL", "image"),
        ("stable-diffusion-3", "Stable Diffusion 3", "image"),
    ]


def test_styles_with_ids_that_are_sent_back() -> None:
    rows = [{"id": "anime", "name": "Anime"}, {"id": "digital-art", "name": "Digital Art"}]

    assert answered(lambda client: client.styles(), {"data": rows}) == ["anime", "digital-art"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidOrder),
        (401, errors.KeyRefused),
        (402, errors.OutOfCredit),
        (429, errors.RateLimited),
        (500, errors.ServerFault),
    ],
)
def test_each_status_with_the_error_as_an_object(status: int, kind: type[Exception]) -> None:
    body = {"error": {"message": "No.", "type": "some_error", "code": status}}

    with pytest.raises(kind) as caught:
        answered(lambda client: client.generate_image(ORDER), body, status)

    assert type(caught.value) is kind


def test_a_used_up_limit_says_when_there_is_room_again() -> None:
    body = {"error": {"message": "Rate limited", "type": "rate_limit_error", "code": 429}}
    soon = int(time.time()) + 90

    with pytest.raises(errors.RateLimited) as caught:
        answered(
            lambda client: client.generate_image(ORDER),
            body,
            429,
            **{**LIMITS, "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(soon)},
        )

    assert caught.value.retry_at.timestamp() == pytest.approx(soon, abs=5)
