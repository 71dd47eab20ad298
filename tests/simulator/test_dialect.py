"""The seed document's shapes, everywhere."""

from collections.abc import Iterator

import pytest

from venice_site.simulator import Simulator

from .conftest import Asker, frames, said


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(dialect="seed") as running:
        yield running


def test_an_image_has_seed_and_model_and_is_png(ask: Asker) -> None:
    response = ask.image(model="fluently-xl", steps=30, seed=42)

    assert set(response.json()) == {"images", "seed", "model"}
    assert response.json()["seed"] == 42
    assert response.json()["images"][0].startswith("iVBOR")
    assert not [name for name in response.headers if name.startswith("x-venice-is")]


def test_limits_are_in_seconds(ask: Asker) -> None:
    headers = ask.image().headers

    assert headers["X-RateLimit-Limit"] == "100"
    assert headers["X-RateLimit-Remaining"] == "99"
    assert len(headers["X-RateLimit-Reset"]) == 10
    assert "x-ratelimit-reset-requests" not in headers


def test_errors_are_objects(ask: Asker) -> None:
    ask.headers = {"Authorization": "Bearer sim-unauthorized"}

    response = ask.image()

    assert response.status_code == 401
    assert response.json()["error"] == {
        "message": "Authentication failed",
        "type": "authentication_error",
        "code": 401,
    }


def test_models_and_styles_are_short_objects(ask: Asker) -> None:
    assert {"id": "fluently-xl", "name": "Fluently XL", "type": "image"} in ask.get(
        "/models?type=image"
    ).json()["data"]
    assert {"id": "digital-art", "name": "Digital Art"} in ask.get("/image/styles").json()["data"]


def test_a_style_is_sent_by_its_id_as_listed(ask: Asker) -> None:
    style = ask.get("/image/styles").json()["data"][0]

    assert ask.image(style_preset=style["id"]).status_code == 200
    assert ask.image(style_preset="no-such-style").status_code == 400


def test_a_reply_is_plain(ask: Asker) -> None:
    body = ask.chat(model="mistral-31-24b", max_tokens=100).json()

    assert set(body) == {"id", "object", "created", "model", "choices", "usage"}
    assert set(body["choices"][0]["message"]) == {"role", "content"}
    assert set(body["usage"]) == {"prompt_tokens", "completion_tokens", "total_tokens"}
    assert said(frames(ask.stream(model="mistral-31-24b")))
