"""Every scenario of the registry, each at least once, over a real socket."""

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from PIL import Image

from venice_site.simulator import SCENARIOS, Simulator, UnknownScenario

from .conftest import Asker, frames, said
from .test_oddities import ODDITIES

type Check = Callable[[requests.Response], Any]


def image_of(response: requests.Response) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(response.json()["images"][0])))


def finish_of(found: list[Any]) -> Any:
    ends = [
        frame["choices"][0]["finish_reason"]
        for frame in found
        if frame != "[DONE]" and frame.get("choices")
    ]
    return ends[-1]


def plain(status: int, says: str) -> Check:
    return lambda r: r.status_code == status and says in r.json()["error"]


REFUSALS: dict[str, Check] = {
    "unauthorized": plain(401, "Authentication failed"),
    "unauthorized-once": plain(401, "Authentication failed"),
    "unauthorized-inactive": plain(401, "inactive"),
    "unauthorized-pro-only": plain(401, "Pro users"),
    "unauthorized-admin-required": plain(401, "Admin API key required"),
    "unauthorized-seed-shape": lambda r: r.status_code == 401 and r.json()["error"]["code"] == 401,
    "payment-balance": plain(402, "Insufficient USD or Diem balance"),
    "payment-spend-limit": plain(402, "spend limit exceeded"),
    "payment-no-auth": lambda r: r.status_code == 402 and r.json()["x402Version"] == 2,
    "payment-seed-shape": lambda r: (
        r.status_code == 402 and "subscription" in r.json()["error"]["message"]
    ),
    "rate-limited-ms": lambda r: (
        r.status_code == 429 and len(r.headers["x-ratelimit-reset-requests"]) == 13
    ),
    "rate-limited-seconds": lambda r: (
        r.status_code == 429 and len(r.headers["X-RateLimit-Reset"]) == 10
    ),
    "rate-limited-retry-after": lambda r: r.status_code == 429 and r.headers["Retry-After"] == "30",
    "rate-limited-bare": plain(429, "Rate limit exceeded"),
    "error-budget": lambda r: (
        plain(429, "Too many failed attempts")(r) and r.headers["x-ratelimit-remaining"] == "0"
    ),
    "server-error": plain(500, "Inference processing failed"),
    "server-error-twice": plain(500, "Inference processing failed"),
    "at-capacity": plain(503, "at capacity"),
    "model-offline": plain(503, "offline"),
    "gateway-timeout": plain(504, "timed-out"),
    "html-502": lambda r: r.status_code == 502 and r.text.startswith("<html>"),
    "empty-503": lambda r: r.status_code == 503 and not r.content,
    "html-200": lambda r: r.status_code == 200 and r.text.startswith("<html>"),
    "broken-json": lambda r: r.status_code == 200 and r.text.endswith("iVBOR"),
    "array-200": lambda r: r.json() == ["unexpected"],
    "redirect": lambda r: r.status_code == 302 and r.headers["location"].endswith("/elsewhere"),
    "bad-request-issues": lambda r: r.status_code == 400 and r.json()["issues"],
    "bad-request-array": lambda r: r.status_code == 400 and isinstance(r.json()["error"], list),
    "bad-request-details": lambda r: r.status_code == 400 and isinstance(r.json()["details"], str),
    "bad-request-upstream": lambda r: r.status_code == 400 and r.json()["request_id"],
    "context-length": lambda r: r.json()["error"]["code"] == "context_length_exceeded",
    "max-tokens": plain(400, "(8192) exceeds the maximum allowed"),
    "model-not-found": plain(404, "Specified model not found"),
    "gone": lambda r: r.status_code == 410 and r.headers["Sunset"],
    "payload-too-large": lambda r: r.status_code == 413 and r.json()["code"] == "PAYLOAD_TOO_LARGE",
    "unsupported-media-type": plain(415, "Content-Type"),
    "content-policy": plain(422, "content policy"),
    "content-policy-suggestion": lambda r: r.status_code == 422 and r.json()["suggested_prompt"],
    "content-policy-provider": lambda r: r.json()["error"]["type"] == "provider_content_policy",
    "forbidden": plain(403, "disabled"),
    "forbidden-privacy": plain(403, "Anonymous model"),
    "forbidden-region": plain(403, "region"),
    "needs-consent": lambda r: (
        r.status_code == 409 and r.json()["error"]["code"] == "needs_consent"
    ),
}

BROKEN: dict[str, dict[str, Any]] = {
    "connection-reset": {},
    "connection-closed": {},
    "truncated-body": {},
    "not-http": {},
    "read-timeout": {"seconds": 0.01},
    "slow-drip": {"seconds": 0.02, "interval": 0.01},
}

IMAGES: dict[str, Check] = {
    "normal": lambda r: set(r.json()) == {"id", "images", "request", "timing"},
    "seed-shape": lambda r: set(r.json()) == {"images", "seed", "model"} and r.json()["seed"] == 7,
    "binary": lambda r: (
        r.headers["content-type"] == "image/png" and r.content.startswith(b"\x89PNG")
    ),
    "webp-instead": lambda r: image_of(r).format == "WEBP",
    "data-uri": lambda r: r.json()["images"][0].startswith("data:image/png;base64,"),
    "empty-images": lambda r: r.json()["images"] == [],
    "invalid-base64": lambda r: "*" in r.json()["images"][0],
    "content-violation": lambda r: (
        r.headers["x-venice-is-content-violation"] == "true"
        and image_of(r).getextrema() == ((0, 0),) * 3
    ),
    "blurred": lambda r: r.headers["x-venice-is-blurred"] == "true",
    "extra-variants": lambda r: len(r.json()["images"]) == 3,
    "contains-minor": lambda r: r.headers["x-venice-contains-minor"] == "true",
    "not-an-image": lambda r: base64.b64decode(r.json()["images"][0]).startswith(b"%PDF"),
    "truncated-image": lambda r: b"IEND" not in base64.b64decode(r.json()["images"][0]),
    "oversized-image": lambda r: (
        base64.b64decode(r.json()["images"][0])[16:20] == (60_000).to_bytes(4)
    ),
    "no-request-echo": lambda r: r.json()["request"] is None and "timing" not in r.json(),
    "wrong-size": lambda r: image_of(r).size == (512, 512),
    "substituted-seed": lambda r: r.json()["request"]["data"]["seed"] == 424242,
    "enhanced-prompt": lambda r: r.headers["x-venice-enhanced-prompt"],
    "deprecation-headers": lambda r: (
        r.headers["x-venice-deprecated"] == "true" and r.headers["x-venice-deprecated-replacement"]
    ),
    "no-balance-headers": lambda r: not any("balance" in name for name in r.headers),
    "no-rate-headers": lambda r: not any("ratelimit" in name.lower() for name in r.headers),
    "gzip": lambda r: r.headers["content-encoding"] == "gzip" and r.json()["images"],
    "endless-body": lambda r: len(r.content) == 1024 * 1024,
}

WHOLE: dict[str, Check] = {
    "null-content": lambda r: r.json()["choices"][0]["message"]["content"] is None,
    "script-injection": lambda r: "<script>" in r.json()["choices"][0]["message"]["content"],
    "length": lambda r: r.json()["choices"][0]["finish_reason"] == "length",
}

STREAMS: dict[str, Check] = {
    "stream-usage-without-choices": lambda r: [
        f for f in frames(r) if "usage" in f and "choices" not in f
    ],
    "stream-crlf": lambda r: b"\r\n\r\n" in r.content and b"\n\n" not in r.content,
    "stream-error": lambda r: (
        frames(r)[-2]["error"]["code"] == "model_overloaded" and said(frames(r)[:-2])
    ),
    "stream-error-first": lambda r: frames(r)[1]["error"]["retry_after"] == 30,
    "stream-reasoning": lambda r: said(frames(r), "reasoning_content"),
    "stream-split-think": lambda r: (
        said(frames(r)).startswith("<think>two plus two</think>\n") and b"<think>" not in r.content
    ),
    "stream-open-think": lambda r: (
        "<think>" in said(frames(r)) and "</think>" not in said(frames(r))
    ),
    "stream-tool-calls": lambda r: (
        finish_of(frames(r)) == "tool_calls"
        and json.loads(
            "".join(
                f["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"]
                for f in frames(r)[1:-3]
            )
        )
    ),
    "stream-utf8-split": lambda r: said(frames(r)).startswith("Grüße aus Zürich, 東京の夜"),
    "stream-comments": lambda r: b": keep-alive\n\n" in r.content and said(frames(r)),
    "stream-content-filter": lambda r: finish_of(frames(r)) == "content_filter",
    "stream-empty": lambda r: said(frames(r)) == "" and finish_of(frames(r)) == "stop",
    "stream-stall": lambda r: frames(r)[-1] == "[DONE]",
    "stream-no-usage": lambda r: not [f for f in frames(r) if "usage" in f],
    "stream-no-done": lambda r: frames(r)[-1]["usage"],
    "stream-unterminated": lambda r: frames(r)[-1]["usage"] and not r.content.endswith(b"\n"),
    "stream-garbage": lambda r: b'{"con\n\n' in r.content,
    "stream-empty-finish": lambda r: b'"finish_reason":""' in r.content,
    "stream-one-chunk": lambda r: len(list(r.raw.read_chunked())) == 1,
    "stream-close-delimited": lambda r: "transfer-encoding" not in r.headers and said(frames(r)),
    "stream-gzip": lambda r: r.headers["content-encoding"] == "gzip" and said(frames(r)),
    "stream-citations-first": lambda r: frames(r)[1]["venice_parameters"]["web_search_citations"],
    "stream-ignored": lambda r: r.json()["object"] == "chat.completion",
}

CUT = ("stream-cut", "stream-reset")

MODELS: dict[str, Check] = {
    "models-seed-shape": lambda r: set(r.json()["data"][0]) == {"id", "name", "type"},
    "models-unknown-type": lambda r: r.json()["data"][-1]["type"] == "decision",
    "models-empty": lambda r: r.json()["data"] == [],
}

STYLES: dict[str, Check] = {
    "styles-strings": lambda r: isinstance(r.json()["data"][0], str),
    "styles-objects": lambda r: {"id": "anime", "name": "Anime"} in r.json()["data"],
    "styles-bare": lambda r: "Anime" in r.json(),
}

OPTIONS: dict[str, dict[str, Any]] = {
    "endless-body": {"megabytes": 1},
    "stream-stall": {"seconds": 0.01},
}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("kind", ["image", "stream"])
def test_refusals(ask: Asker, simulator: Simulator, name, kind) -> None:
    simulator.fail(name, times=1)

    assert REFUSALS[name](ask.image() if kind == "image" else ask.stream())
    assert ask.image().status_code == 200
    assert [record.scenario for record in simulator.requests] == [name, None]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_connections(ask: Asker, simulator: Simulator, name) -> None:
    simulator.fail(name, times=1, **BROKEN[name])

    with pytest.raises(requests.RequestException):
        ask.image()
    assert ask.image().status_code == 200


def test_a_client_that_waits_no_longer_ends_the_silence(ask: Asker, simulator: Simulator) -> None:
    simulator.fail("read-timeout")

    with pytest.raises(requests.ReadTimeout):
        ask.session.post(
            simulator.url + "/image/generate", json={}, headers=ask.headers, timeout=0.05
        )

    assert simulator.requests[0].finished.wait(5)
    assert simulator.requests[0].closed_by_client


@pytest.mark.parametrize("name", IMAGES)
def test_pictures(ask: Asker, simulator: Simulator, name) -> None:
    simulator.fail(name, **OPTIONS.get(name, {}))

    response = ask.image(format="png")

    assert response.status_code == 200
    assert IMAGES[name](response)


@pytest.mark.parametrize("name", WHOLE)
def test_whole_replies(ask: Asker, simulator: Simulator, name) -> None:
    simulator.fail(name)

    assert WHOLE[name](ask.chat())


@pytest.mark.parametrize("name", STREAMS)
def test_streams(ask: Asker, simulator: Simulator, name) -> None:
    simulator.fail(name, **OPTIONS.get(name, {}))

    response = ask.stream()

    assert response.status_code == 200
    assert STREAMS[name](response)


@pytest.mark.parametrize("name", CUT)
def test_streams_that_end_early(ask: Asker, simulator: Simulator, name) -> None:
    simulator.fail(name)
    response = ask.stream()

    with pytest.raises(requests.RequestException):
        response.content  # noqa: B018  reading is what breaks
    assert simulator.requests[0].tokens_sent == 5
    assert not simulator.requests[0].closed_by_client


@pytest.mark.parametrize("name", MODELS)
def test_model_lists(ask: Asker, simulator: Simulator, name) -> None:
    simulator.fail(name)

    assert MODELS[name](ask.get("/models?type=image"))


@pytest.mark.parametrize("name", STYLES)
def test_style_lists(ask: Asker, simulator: Simulator, name) -> None:
    simulator.fail(name)

    assert STYLES[name](ask.get("/image/styles"))


EDITS: dict[str, Check] = {
    "image-json": lambda r: image_of(r).size == (256, 256),
    "octet-stream": lambda r: (
        r.headers["content-type"] == "application/octet-stream"
        and Image.open(io.BytesIO(r.content)).size == (256, 256)
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_edits(ask: Asker, simulator: Simulator, name: str) -> None:
    simulator.fail(name)
    out = io.BytesIO()
    Image.new("RGB", (256, 256), "green").save(out, "PNG")
    image = base64.b64encode(out.getvalue()).decode()
    assert EDITS[name](ask.post("/image/edit", {"image": image, "prompt": "night"}))


def test_an_unknown_word_is_refused_and_the_rest_is_answered(
    ask: Asker, simulator: Simulator
) -> None:
    simulator.fail("unknown-word", words="top_p,disable_thinking")
    assert ask.chat(top_p=0.5).json()["error"][0]["keys"] == ["top_p"]
    assert ask.chat(venice_parameters={"disable_thinking": True}).status_code == 400
    assert ask.chat(temperature=0.5).status_code == 200


def test_every_scenario_is_exercised_here() -> None:
    tables = (
        {"unknown-word"},
        REFUSALS,
        BROKEN,
        IMAGES,
        WHOLE,
        STREAMS,
        CUT,
        MODELS,
        STYLES,
        EDITS,
        ODDITIES,
    )

    assert {name for table in tables for name in table} == {one.name for one in SCENARIOS}


def test_every_number_of_the_checklist_has_a_scenario() -> None:
    assert {number for one in SCENARIOS for number in one.checklist} >= set(range(1, 57))


def test_an_unknown_scenario_is_refused(ask: Asker, simulator: Simulator) -> None:
    with pytest.raises(UnknownScenario):
        simulator.fail("no-such-thing")
    assert ask.image("[[sim:no-such-thing]]").status_code == 400
    assert ask.image(headers={"X-Simulator": "no-such-thing"}).status_code == 400


def test_a_header_chooses_a_scenario(ask: Asker) -> None:
    assert ask.image(headers={"X-Simulator": "at-capacity"}).status_code == 503
    assert ask.image().status_code == 200


def test_a_marker_in_the_prompt_chooses_a_scenario_so_often(ask: Asker) -> None:
    prompt = "a hill [[sim:server-error;times=2]]"

    assert [ask.image(prompt).status_code for _ in range(4)] == [500, 500, 200, 200]
    assert ask.image(prompt + " again").status_code == 500


def test_a_marker_in_the_last_message_chooses_a_scenario_with_options(ask: Asker) -> None:
    found = frames(ask.stream([{"type": "text", "text": "hello [[sim:stream-error;after=2]]"}]))

    assert len(found) == 5
    assert "error" in found[3]


def test_a_key_may_be_a_scenario(simulator: Simulator) -> None:
    assert Asker(simulator, "sim-unauthorized").image().status_code == 401
    assert (
        Asker(simulator, "sim-unauthorized-pro-only")
        .image()
        .json()["error"]
        .startswith("This model")
    )
    assert Asker(simulator, "sim-payment-balance-second").image().status_code == 402
    once = Asker(simulator, "sim-unauthorized-once")
    assert [once.image().status_code for _ in range(2)] == [401, 200]


@pytest.mark.parametrize(
    ("match", "statuses"),
    [
        ({"key": "a-key"}, [500, 500, 500]),
        ({"key": "another"}, [200, 200, 200]),
        ({"path": "/image/generate"}, [500, 500, 200]),
        ({"model": "chroma"}, [200, 500, 200]),
        ({"prompt_contains": "sky"}, [200, 200, 500]),
        ({"times": 1}, [500, 200, 200]),
    ],
)
def test_a_failure_concerns_what_matches(ask: Asker, simulator: Simulator, match, statuses) -> None:
    simulator.fail("server-error", **match)

    answers = [ask.image(), ask.image(model="chroma"), ask.chat("the sky")]

    assert [answer.status_code for answer in answers] == statuses


def test_failures_come_in_the_order_they_were_armed(ask: Asker, simulator: Simulator) -> None:
    simulator.fail("unauthorized", times=1)
    simulator.fail("server-error-twice")
    simulator.fail("payment-balance", times=1)

    assert [ask.image().status_code for _ in range(5)] == [401, 500, 500, 402, 200]


def test_clearing_disarms(ask: Asker, simulator: Simulator) -> None:
    simulator.fail("server-error")
    simulator.clear()

    assert ask.image().status_code == 200
    assert len(simulator.requests) == 1
