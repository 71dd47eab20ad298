"""The three sides of a run, asked for the same replies: the upstream itself, the floor, the product."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import psutil
import requests

from bench.processes import ROOT, Program, clean_environment, free_port, python, running
from bench.rows import MODEL, PASSWORD
from bench.streams import (
    Answer,
    Outcome,
    Script,
    studio_end,
    studio_words,
    upstream_end,
    upstream_words,
)
from venice_site import supervisor
from venice_site.simulator.tokens import pieces

QUESTION = "What is a tide? [[tokens:{}]]"
BASE = "/api/v1"
KEYS = [f"bench-key-{number}" for number in range(8)]  # each carries as many requests as a team's
NO_LIMIT = 10**9  # requests a minute, so that the upstream never asks the product to wait
FIRST_PAGE = "/accounts/login/"
CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
STREAM = re.compile(rb'data-stream="([^"]+)"')
ADDRESS = re.compile(r"/chat/(\d+)/replies/(\d+)/stream")


class Side(Protocol):
    """Something that streams replies."""

    @property
    def name(self) -> str:
        """Return what the table calls it."""

    def script(self, tokens: int, starts: float = 0.0) -> Script:
        """Return how a person asks here for a reply of so many tokens."""

    def web(self) -> list[psutil.Process]:
        """Return the processes that serve it."""

    def check(self, outcomes: list[Outcome], tokens: int) -> list[str]:
        """Return what went wrong with replies that were played, empty when none was lost."""


@dataclass(frozen=True)
class Upstream:
    """The stand-in for Venice, asked straight."""

    program: Program
    name: str = "upstream"

    @classmethod
    def start(cls, stack: ExitStack, folder: Path, first_token_ms: int, rate: int) -> Upstream:
        """Start it with its pace: milliseconds to the first token, then tokens a second."""
        port = free_port()
        pace = ("--first-token-ms", str(first_token_ms), "--tokens-per-second", str(rate))
        command = python("-m", "venice_site.simulator", "--quiet", "--port", str(port), *pace)
        program = stack.enter_context(running(command, port, folder / "upstream.log"))
        program.wait_for("/_control/settings")
        for key in KEYS:
            unlimited = {"secret": key, "request_limit": NO_LIMIT}
            requests.post(
                f"{program.url}/_control/keys", json=unlimited, timeout=5
            ).raise_for_status()
        return cls(program)

    @property
    def base_url(self) -> str:
        """Return the address that clients of Venice are given."""
        return f"{self.program.url}{BASE}"

    def script(self, tokens: int, starts: float = 0.0) -> Script:
        """Return how a client of Venice asks."""
        return _relayed(self.program, f"{BASE}/chat/completions", tokens, starts)

    def web(self) -> list[psutil.Process]:
        """Return the processes that serve it."""
        return self.program.family()

    def check(self, outcomes: list[Outcome], tokens: int) -> list[str]:
        """Return what went wrong."""
        return [one.trouble for one in outcomes if one.trouble]


@dataclass(frozen=True)
class Floor:
    """The bare relay."""

    program: Program
    starts_in: float
    name: str = "floor"

    @classmethod
    def start(cls, stack: ExitStack, folder: Path, upstream: str) -> Floor:
        """Start it on the product's web server with the product's options."""
        port = free_port()
        environment = {
            **supervisor.CHILD_ENVIRONMENT,
            "FLOOR_UPSTREAM": f"{upstream}/chat/completions",
        }
        log = folder / "floor.log"
        program = stack.enter_context(running(_web_server(port), port, log, **environment))
        return cls(program, program.wait_for("/page"))

    def script(self, tokens: int, starts: float = 0.0) -> Script:
        """Return how a client asks the relay."""
        return _relayed(self.program, "/relay", tokens, starts)

    def web(self) -> list[psutil.Process]:
        """Return the processes that serve it."""
        return self.program.family()

    def check(self, outcomes: list[Outcome], tokens: int) -> list[str]:
        """Return what went wrong."""
        return [one.trouble for one in outcomes if one.trouble]


def _web_server(port: int) -> tuple[str, ...]:
    """Return the product's own command line of its web server, with the floor as its application."""
    options = supervisor.parser().parse_args(["--run", "web server", "--port", str(port)])
    command = supervisor._web(options).command
    return tuple(
        "bench.floor:application" if part.endswith(":application") else part for part in command
    )


def _relayed(program: Program, path: str, tokens: int, starts: float) -> Script:
    question = {"role": "user", "content": QUESTION.format(tokens)}
    body = json.dumps({"model": MODEL, "messages": [question], "stream": True}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer bench"}
    return Script(
        program.address,
        request("POST", path, program, headers, body),
        upstream_words,
        upstream_end,
        starts=starts,
        tokens=tokens,
    )


@dataclass(frozen=True)
class Visitor:
    """A person who has signed in at the sign-in page."""

    session: requests.Session
    headers: dict[str, str]

    @classmethod
    def sign_in(cls, program: Program, username: str) -> Visitor:
        """Fill in the sign-in form and send it."""
        session = requests.Session()
        session.trust_env = False
        page = session.get(f"{program.url}{FIRST_PAGE}", timeout=30)
        form = {"login": username, "password": PASSWORD, **_token(page)}
        page = session.post(f"{program.url}{FIRST_PAGE}", data=form, timeout=30)
        if page.url.endswith(FIRST_PAGE):
            raise RuntimeError(f"{username} could not sign in: status {page.status_code}")
        cookies = "; ".join(f"{one.name}={one.value}" for one in session.cookies)
        token = _token(session.get(f"{program.url}/chat/", timeout=30))["csrfmiddlewaretoken"]
        return cls(session, {"Cookie": cookies, "X-CSRFToken": token})


@dataclass
class Studio:
    """The product, as `manage.py serve` runs it, with people in it."""

    program: Program
    settings: dict[str, str]
    starts_in: float
    visitors: dict[str, Visitor]
    owners: dict[int, str]
    talks: Iterator[int]
    long: list[int]
    gallery: dict[str, str]
    name: str = "product"

    @classmethod
    def start(
        cls, stack: ExitStack, data: Path, upstream: str, *, conversations: int, images: int
    ) -> Studio:
        """Fill a database, start the product on it and let everybody sign in."""
        settings = studio_settings(data, upstream)
        sizes = ("--conversations", str(conversations), "--images", str(images))
        patience = 120 + images / 500
        made = run_module("bench.rows", *sizes, settings=settings, patience=patience)
        program = serve(stack, settings)
        starts_in = program.wait_for(FIRST_PAGE)
        visitors = {name: Visitor.sign_in(program, name) for name in made["people"]}
        owners = {int(pk): str(owner) for owner, pk in made["talks"]}
        long = [int(pk) for pk in made["long"]]
        talks = iter(owners)
        return cls(program, settings, starts_in, visitors, owners, talks, long, made["gallery"])

    @property
    def visitor(self) -> Visitor:
        """Return the person with the most conversations."""
        return next(iter(self.visitors.values()))

    def script(self, tokens: int, starts: float = 0.0) -> Script:
        """Return how the page of a conversation sends the next message and reads the reply."""
        conversation = next(self.talks)
        headers = self.visitors[self.owners[conversation]].headers
        path = f"/chat/{conversation}/"
        return self._asked(path, headers, tokens, starts, self._open_stream(headers))

    def first_message(self, tokens: int) -> Script:
        """Return how the empty page begins a conversation, which then opens as a page of its own."""
        headers = self.visitor.headers

        def open_page(answer: Answer) -> bytes:
            path = answer.headers[b"hx-redirect"].decode()
            return request("GET", path, self.program, headers)

        follows = (open_page, *self._open_stream(headers))
        return self._asked("/chat/", headers, tokens, 0.0, follows)

    def web(self) -> list[psutil.Process]:
        """Return the processes that serve it."""
        return self.program.family("granian")

    def check(self, outcomes: list[Outcome], tokens: int) -> list[str]:
        """Return what went wrong, having read every reply again as it was kept."""
        return [trouble for one in outcomes if (trouble := one.trouble or self._lost(one, tokens))]

    def _asked(
        self, path: str, headers: dict[str, str], tokens: int, starts: float, follows: Any
    ) -> Script:
        fields = {"text": QUESTION.format(tokens), "model": MODEL, "request_id": str(uuid.uuid4())}
        kind = "application/x-www-form-urlencoded"
        sent = headers | {"Content-Type": kind, "HX-Request": "true"}
        whole = request("POST", path, self.program, sent, urlencode(fields).encode())
        return Script(
            self.program.address, whole, studio_words, studio_end, follows=follows, starts=starts
        )

    def _open_stream(self, headers: dict[str, str]) -> tuple[Any]:
        def open_stream(answer: Answer) -> bytes:
            found = STREAM.search(answer.body)
            if found is None:
                raise LookupError("no stream in the answer")
            return request("GET", found[1].decode(), self.program, headers)

        return (open_stream,)

    def _lost(self, outcome: Outcome, tokens: int) -> str:
        """Return how much of a reply its row lacks."""
        found = ADDRESS.search(outcome.stream)
        if found is None:
            return "no reply"
        owner = self.owners.get(int(found[1]))
        visitor = self.visitors[owner] if owner else self.visitor
        path = f"/chat/{found[1]}/messages/{found[2]}/source"
        answer = visitor.session.get(f"{self.program.url}{path}", timeout=30)
        answer.encoding = "utf-8"
        kept = len(pieces(answer.text)) if answer.ok else 0
        return "" if kept == tokens else f"{kept} of {tokens} tokens were kept"


def serve(stack: ExitStack, settings: dict[str, str]) -> Program:
    """Start the product."""
    log = Path(settings["DATA_DIR"]).with_suffix(".log")
    command = python("manage.py", "serve")
    return stack.enter_context(running(command, int(settings["PORT"]), log, **settings))


def studio_settings(data: Path, upstream: str) -> dict[str, str]:
    """Return the settings of a product with keys, whose Venice is the upstream."""
    database = os.environ.get("DATABASE_URL")
    return ({"DATABASE_URL": database} if database else {}) | {
        "DATA_DIR": str(data),
        "STATIC_ROOT": str(ROOT / "staticfiles"),
        "PORT": str(free_port()),
        "SECRET_KEY": "the bench signs with this, and it is long enough for that",
        "ADMIN_PASSWORD": PASSWORD,
        "VENICE_BASE_URL": upstream,
        "VENICE_API_KEYS": ",".join(KEYS),
        "LOG_LEVEL": "WARNING",
    }


def run_module(name: str, *arguments: str, settings: dict[str, str], patience: float = 120) -> Any:
    """Run a module of the bench with the product's settings and return what it prints, as JSON.

    It may take so many seconds.
    """
    done = subprocess.run(
        python("-m", name, *arguments),
        cwd=ROOT,
        env=clean_environment() | settings,
        stdout=subprocess.PIPE,
        check=True,
        timeout=patience,
    )
    return json.loads(done.stdout.splitlines()[-1])


def request(
    method: str, path: str, program: Program, headers: dict[str, str], body: bytes = b""
) -> bytes:
    """Return the bytes of a request."""
    host = {"Host": f"127.0.0.1:{program.port}", "Content-Length": str(len(body))}
    lines = itertools.starmap("{}: {}".format, (host | headers).items())
    return "\r\n".join((f"{method} {path} HTTP/1.1", *lines, "", "")).encode() + body


def _token(page: requests.Response) -> dict[str, str]:
    found = CSRF_FIELD.search(page.text)
    if found is None:
        raise RuntimeError(f"no form at {page.url}: status {page.status_code}")
    return {"csrfmiddlewaretoken": found[1]}
