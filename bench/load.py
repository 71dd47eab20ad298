"""People at the product and at the floor: who asks, and when the words of the reply arrive."""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from bench.machines import Floor, Product, Upstream, token_in

MODEL = "mistral-small-3-2-24b-instruct"
FIRST_WORDS = re.compile(rb'"(?:content|reasoning_content)":\s*"[^"]')


@dataclass(slots=True)
class Seen:
    """What one viewer saw: seconds to the first words, seconds between frames, and whether it ended."""

    first: float = 0.0
    gaps: list[float] = field(default_factory=list)
    whole: bool = False


def body(tokens: int) -> dict[str, object]:
    """Return the request of a reply of so many tokens."""
    text = f"Tell me about the sea. [[tokens:{tokens}]]"
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], "stream": True}


def straight(upstream: Upstream, tokens: int) -> Seen:
    """Ask the upstream itself."""
    return _read_relay(f"{upstream.url}/api/v1/chat/completions", tokens)


def through_floor(floor: Floor, tokens: int) -> Seen:
    """Ask through the bare relay."""
    return _read_relay(f"{floor.url}/relay", tokens)


def _read_relay(url: str, tokens: int) -> Seen:
    seen, began = Seen(), time.monotonic()
    with requests.post(
        url, json=body(tokens), headers={"Authorization": "Bearer b"}, stream=True, timeout=60
    ) as response:
        last = began
        while piece := response.raw.read1(65536):
            now = time.monotonic()
            if not seen.first and FIRST_WORDS.search(piece):
                seen.first = now - began
            elif seen.first:
                seen.gaps.append(now - last)
            last = now
            seen.whole = seen.whole or b"[DONE]" in piece
    return seen


class Viewer:
    """One person at the product: signed in, with the page of a conversation open."""

    def __init__(self, product: Product, session: requests.Session) -> None:
        self.url = product.url
        self.session = requests.Session()
        self.session.cookies.update(session.cookies)
        page = self.session.get(f"{self.url}/chat/", timeout=30).text
        self.form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        self.form["csrfmiddlewaretoken"] = token_in(page)
        options = re.findall(r'<option value="([^"]+)"', page)
        self.form["model"] = MODEL if MODEL in options else options[0]
        self.path = "/chat/"
        self.ask(5)

    def ask(self, tokens: int) -> Seen:
        """Send a message as the page does and read its reply to the end."""
        form = self.form | {
            "text": f"Tell me about the sea. [[tokens:{tokens}]]",
            "request_id": str(uuid.uuid4()),
        }
        seen, began = Seen(), time.monotonic()
        answer = self.session.post(
            self.url + self.path, data=form, headers={"HX-Request": "true"}, timeout=60
        )
        page = answer.text or self._follow(answer)
        stream = re.search(r'data-stream="([^"]+)"', page)
        if stream is None:
            if 'data-status="succeeded"' not in page:
                raise RuntimeError(f"no reply was begun: {answer.status_code} {page[:300]}")
            seen.first, seen.whole = time.monotonic() - began, True
            return seen
        with self.session.get(self.url + stream[1], stream=True, timeout=60) as response:
            self._read(response, seen, began)
        return seen

    def _follow(self, answer: requests.Response) -> str:
        """Return the page that the answer leads to, as the browser opens it."""
        address = answer.headers.get("HX-Redirect") or answer.headers.get("HX-Location") or "/chat/"
        self.path = json.loads(address)["path"] if address.startswith("{") else address
        path = self.path
        return self.session.get(self.url + path, timeout=30).text

    def _read(self, response: requests.Response, seen: Seen, began: float) -> None:
        last = began
        while piece := response.raw.read1(65536):
            now = time.monotonic()
            if not seen.first and _has_words(piece):
                seen.first = now - began
            elif seen.first:
                seen.gaps.append(now - last)
            last = now
            seen.whole = seen.whole or b"event: done" in piece


def _has_words(piece: bytes) -> bool:
    for event in piece.split(b"\n\n"):
        name, _, data = event.partition(b"\ndata: ")
        if name == b"event: reply":
            so_far = json.loads(data)
            if so_far["tail"] or so_far["blocks"] or so_far["reasoning"]:
                return True
        elif data:
            return True
    return False


def together(people: list[Callable[[], Seen]], apart: float = 0.0) -> list[Seen]:
    """Let people ask, all at once or `apart` seconds after one another; return what each saw."""
    seen: list[Seen] = []
    threads = [threading.Thread(target=lambda ask=ask: seen.append(ask())) for ask in people]
    for thread in threads:
        thread.start()
        time.sleep(apart)
    for thread in threads:
        thread.join()
    if len(seen) < len(people):
        raise RuntimeError(f"{len(people) - len(seen)} replies failed")
    return seen
