"""Each sample of the API document, run as a program against the stand-in in both shapes of its answers."""

import base64
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from venice_site.simulator import RecordedRequest, Simulator

PROGRAMS = Path(__file__).parent / "programs"
RUNNERS = {
    ".sh": "sh",
    ".py": sys.executable,
    ".mjs": "node",
    ".cjs": "node",
}
KEY = "a-key-of-mine"
IN_BOTH_SHAPES = pytest.mark.parametrize("venice", ["today", "seed"], indirect=True)
pytestmark = IN_BOTH_SHAPES


@pytest.fixture
def venice(request) -> Iterator[Simulator]:
    with Simulator(dialect=request.param) as simulator:
        yield simulator


@pytest.fixture
def run(venice: Simulator, tmp_path: Path):
    """Return a function that runs a program in an empty directory and returns what it printed."""

    def run(name: str, *arguments: str, key: str = KEY) -> bytes:
        runner = shutil.which(RUNNERS[Path(name).suffix])
        assert runner, f"{RUNNERS[Path(name).suffix]} is not installed"
        done = subprocess.run(
            [runner, str(PROGRAMS / name), *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "BASE_URL": venice.url, "API_KEY": key},
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


def the_call(venice: Simulator, method: str, path: str) -> RecordedRequest:
    """Return the one request that was made, after looking at its address, key and status."""
    (call,) = venice.requests
    assert (call.method, call.path, call.status) == (method, path, 200)
    assert call.headers["authorization"] == f"Bearer {KEY}"
    return call


def the_order(venice: Simulator, path: str) -> dict[str, Any]:
    """Return the JSON of the one request that was made."""
    call = the_call(venice, "POST", path)
    assert call.headers["content-type"] == "application/json"
    assert isinstance(call.body, dict)
    return call.body


def in_todays_shape(venice: Simulator) -> bool:
    return venice.settings.dialect == "today"


def picture_in(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def check_picture(venice: Simulator, content: bytes, size: tuple[int, int]) -> None:
    """Hold that a file is a picture; what comes when no format is asked for differs."""
    image = picture_in(content)
    assert image.size == size
    assert image.format == ("WEBP" if in_todays_shape(venice) else "PNG")


# curl


def test_curl_lists_models(run, venice) -> None:
    rows = json.loads(run("list_models.sh"))["data"]

    assert the_call(venice, "GET", "/models").query == {"type": "image"}
    assert {"fluently-xl", "stable-diffusion-3"} <= {row["id"] for row in rows}
    assert {row["type"] for row in rows} == {"image"}
    named = [row["model_spec"] if in_todays_shape(venice) else row for row in rows]
    assert "Fluently XL" in [row["name"] for row in named]


def test_curl_makes_a_picture(run, venice) -> None:
    answer = json.loads(run("make_picture.sh"))

    order = the_order(venice, "/image/generate")
    assert order.keys() == {
        "model", "prompt", "negative_prompt", "width", "height", "steps", "seed",
    }  # fmt: skip
    check_picture(venice, base64.b64decode(answer["images"][0]), (256, 192))
    told = answer["request"]["data"] if in_todays_shape(venice) else answer
    assert (told["seed"], told["model"]) == (42, "fluently-xl")


def test_curl_asks_a_question(run, venice) -> None:
    answer = json.loads(run("ask.sh"))

    order = the_order(venice, "/chat/completions")
    assert order.keys() == {"model", "messages", "temperature", "max_tokens"}
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "mistral-31-24b"
    assert answer["choices"][0]["message"]["role"] == "assistant"
    assert answer["choices"][0]["message"]["content"]
    assert answer["choices"][0]["finish_reason"] in ("stop", "length")
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert 0 < usage["completion_tokens"] <= 100


def test_curl_shows_a_picture(run, venice, tmp_path) -> None:
    Image.new("RGB", (320, 240), (200, 30, 30)).save(tmp_path / "image.jpg")

    answer = json.loads(run("look.sh"))

    (message,) = the_order(venice, "/chat/completions")["messages"]
    assert [part["type"] for part in message["content"]] == ["text", "image_url"]
    assert "320 x 240" in answer["choices"][0]["message"]["content"]


def test_curl_is_told_that_its_key_is_wrong(run, venice) -> None:
    error = json.loads(run("ask.sh", key="sim-unauthorized"))["error"]

    assert venice.requests[-1].status == 401
    if in_todays_shape(venice):
        assert error == "Authentication failed"
    else:
        assert error.keys() == {"message", "type", "code"}
        assert (error["type"], error["code"]) == ("authentication_error", 401)


# Plain HTTP


def plain(run, *request: str) -> tuple[str, dict[str, str], Any]:
    """Return the status line, the headers and the JSON of an answer."""
    head, _, body = run("plain.py", *request).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return status, {name.lower(): value for name, value in headers.items()}, json.loads(body)


def test_plain_http_lists_models(run, venice) -> None:
    status, _, body = plain(run, "GET", "/models?type=image")

    assert status == "HTTP/1.1 200 OK"
    assert the_call(venice, "GET", "/models").query == {"type": "image"}
    assert "fluently-xl" in [row["id"] for row in body["data"]]


def test_plain_http_lists_styles_that_can_be_sent_back(run, venice) -> None:
    _, _, body = plain(run, "GET", "/image/styles")
    the_call(venice, "GET", "/image/styles")
    style = body["data"][0] if in_todays_shape(venice) else body["data"][0]["id"]

    order = {"model": "fluently-xl", "prompt": "A boat", "width": 64, "height": 64}
    status, _, made = plain(
        run, "POST", "/image/generate", json.dumps({**order, "style_preset": style})
    )

    assert status == "HTTP/1.1 200 OK"
    assert picture_in(base64.b64decode(made["images"][0])).size == (64, 64)


def test_plain_http_takes_every_field_of_a_picture_and_tells_the_limits(run, venice) -> None:
    order = {
        "model": "stable-diffusion-3",
        "prompt": "A boat",
        "negative_prompt": "people",
        "width": 64,
        "height": 64,
        "steps": 50,
        "seed": 42,
        "style_preset": "Anime" if in_todays_shape(venice) else "anime",
        "hide_watermark": True,
        "safe_mode": False,
        "format": "jpeg",
        "embed_exif_metadata": True,
    }

    _, headers, body = plain(run, "POST", "/image/generate", json.dumps(order))

    assert the_order(venice, "/image/generate") == order
    assert picture_in(base64.b64decode(body["images"][0])).format == "JPEG"
    words = ("limit-requests", "remaining-requests", "reset-requests")
    names = words if in_todays_shape(venice) else ("limit", "remaining", "reset")
    limit, left, reset = (int(headers[f"x-ratelimit-{name}"]) for name in names)
    assert left == limit - 1
    assert reset > 0


def test_plain_http_takes_every_field_of_a_conversation(run, venice) -> None:
    order = {
        "model": "google-gemma-3-27b-it",
        "messages": [{"role": "user", "content": "How are you?"}],
        "temperature": 0.7,
        "max_tokens": 50,
        "top_p": 1.0,
        "frequency_penalty": 0.0,
        "presence_penalty": 0.0,
        "stream": False,
    }

    _, _, body = plain(run, "POST", "/chat/completions", json.dumps(order))

    assert the_order(venice, "/chat/completions") == order
    assert body["choices"][0]["message"]["content"]


# Python


def test_python_saves_a_picture(run, venice, tmp_path) -> None:
    run("make_picture.py")

    order = the_order(venice, "/image/generate")
    assert order.keys() == {"model", "prompt", "width", "height", "steps"}
    check_picture(venice, (tmp_path / "output.png").read_bytes(), (256, 192))


# JavaScript


def test_javascript_saves_a_picture(run, venice, tmp_path) -> None:
    run("make_picture.mjs")

    order = the_order(venice, "/image/generate")
    assert order.keys() == {"model", "prompt", "width", "height", "steps"}
    check_picture(venice, (tmp_path / "picture").read_bytes(), (256, 256))


def test_javascript_prints_a_reply(run, venice) -> None:
    printed = run("chat.mjs").decode()

    order = the_order(venice, "/chat/completions")
    assert order.keys() == {"model", "messages", "temperature", "max_tokens"}
    assert "tides" in printed.lower()


def test_node_prints_a_joke(run, venice) -> None:
    printed = run("joke.cjs").decode()

    assert the_order(venice, "/chat/completions").keys() == {"model", "messages"}
    assert "boats" in printed.lower()


def test_javascript_waits_when_there_are_too_many_requests(run, venice) -> None:
    venice.fail("rate-limited-bare", times=1)

    printed = run("retry.mjs")

    first, second = venice.requests
    assert (first.status, second.status) == (429, 200)
    assert second.started - first.started >= 1
    assert printed.strip()


def test_javascript_takes_the_next_key_when_one_is_refused_or_limited(run, venice) -> None:
    venice.fail("unauthorized", key="primary")
    venice.fail("rate-limited-bare", key="first-backup")

    printed = run("chat.mjs", key="primary,first-backup,second-backup")

    assert [(call.key, call.status) for call in venice.requests] == [
        ("primary", 401),
        ("first-backup", 429),
        ("second-backup", 200),
    ]
    assert printed.strip()
