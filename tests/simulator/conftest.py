"""A simulator of one's own for every test, and somebody who asks it things."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from venice_site.simulator import Simulator


class Asker:
    """Sends requests the way a client of Venice does."""

    def __init__(self, simulator: Simulator, key: str = "a-key") -> None:
        self.simulator = simulator
        self.headers = {"Authorization": f"Bearer {key}"}
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(
            self.simulator.url + path,
            headers=self.headers | more.pop("headers", {}),
            timeout=10,
            **more,
        )

    def post(self, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self.session.post(
            self.simulator.url + path,
            json=body,
            headers=self.headers | more.pop("headers", {}),
            timeout=10,
            allow_redirects=False,
            **more,
        )

    def image(self, prompt: str = "a hill", **fields: Any) -> requests.Response:
        headers = fields.pop("headers", {})
        body = {"model": "z-image-turbo", "width": 64, "height": 64, "seed": 7} | fields
        body = {name: value for name, value in body.items() if value is not ...}
        return self.post("/image/generate", body | {"prompt": prompt}, headers=headers)

    def chat(self, question: Any = "Why is the sky blue?", **fields: Any) -> requests.Response:
        headers, streamed = fields.pop("headers", {}), fields.get("stream", False)
        body = {"model": "llama-3.3-70b", "messages": [{"role": "user", "content": question}]}
        return self.post("/chat/completions", body | fields, headers=headers, stream=streamed)

    def stream(self, question: Any = "Why is the sky blue?", **fields: Any) -> requests.Response:
        return self.chat(question, stream=True, **fields)


def frames(response: requests.Response) -> list[Any]:
    """Returns the JSON of every frame; "[DONE]" as it is."""
    found: list[Any] = []
    for line in response.content.decode().splitlines():
        if line.startswith("data: "):
            data = line.removeprefix("data: ")
            found.append(data if data == "[DONE]" else json.loads(data))
    return found


def said(all_frames: list[Any], field: str = "content") -> str:
    """Returns the text of all deltas."""
    choices = [
        frame["choices"][0] for frame in all_frames if frame != "[DONE]" and frame.get("choices")
    ]
    return "".join(choice["delta"].get(field) or "" for choice in choices)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def ask(simulator: Simulator) -> Iterator[Asker]:
    asker = Asker(simulator)
    with asker.session:
        yield asker
