"""One exchange: a request, who sent it, what is to happen to it, and all that endpoints share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from .catalogue import Catalogue, Model
from .failures import MARKER, Active, Failures, Subject
from .gates import Gate, Gates
from .journal import Journal, RecordedRequest
from .keys import KeyRecord, Keys
from .replies import Json, refuse
from .validation import invalid
from .wire import Connection, Request

type Dialect = Literal["today", "seed"]


@dataclass
class Settings:
    """The pace of the simulator; `tokens_per_second` 0 means as fast as the socket takes them."""

    first_token_ms: float = 150.0
    tokens_per_second: float = 60.0
    image_ms: float = 1200.0
    dialect: Dialect = "today"


@dataclass
class State:
    """Everything that lives as long as a simulator."""

    settings: Settings
    keys: Keys
    catalogue: Catalogue
    journal: Journal
    failures: Failures = field(default_factory=Failures)
    gates: Gates = field(default_factory=Gates)
    log: Callable[[RecordedRequest], None] | None = None


@dataclass
class Exchange:
    """A request on its way through an endpoint."""

    state: State
    connection: Connection
    request: Request
    path: str
    record: RecordedRequest
    subject: Subject
    key: KeyRecord
    active: list[Active] = field(default_factory=list)
    gates: dict[int, Gate] = field(default_factory=dict)
    model: Model | None = None
    extra_headers: dict[str, str] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Says whether a scenario happens to this request."""
        return any(active.scenario.name == name for active in self.active)

    def option(self, name: str, option: str) -> float:
        """Returns a numeric option of an active scenario."""
        for active in self.active:
            if active.scenario.name == name:
                return float(active.options[option])
        raise KeyError(name)

    def words(self, name: str, option: str) -> list[str]:
        """Returns an option of a scenario as the words in it; none while the scenario is not active."""
        options = [active.options for active in self.active if active.scenario.name == name]
        return [word for one in options for word in str(one[option]).split(",")]

    @property
    def seed_dialect(self) -> bool:
        return self.state.settings.dialect == "seed" or self.has("seed-shape")

    def json_body(self) -> Json:
        """Returns the JSON object that was sent; raises the 4xx for anything else."""
        if (
            self.request.headers.get("content-type", "").split(";")[0].strip().lower()
            != "application/json"
        ):
            raise refuse(415, "'Content-Type' must be 'application/json'")
        if not isinstance(self.record.body, dict):
            raise invalid(
                [
                    {
                        "code": "invalid_type",
                        "path": [],
                        "message": "Expected object, received invalid JSON",
                    }
                ]
            )
        return self.record.body

    def choose_model(self, name: str, *types: str) -> Model:
        """Returns a model of the catalogue; raises 404 or, when it is offline, 503."""
        model = self.state.catalogue.find(name, types)
        if model is None:
            raise refuse(404, f"Specified model not found: {name}")
        if model.spec.get("offline"):
            raise refuse(503, f"The model {name} is temporarily offline.")
        self.model = model
        return model

    def reserve(self, model: Model, price_usd: float) -> None:
        """Raises 402 or 429 when this key may not make a call of this price now."""
        self.state.keys.check_funds(self.key, price_usd)
        self.state.keys.check_rate(self.key, model.id)

    def charge(self, model: Model, price_usd: float, tokens: int = 0) -> None:
        """Takes the price of a call that was carried out."""
        self.state.keys.charge(self.key, model.id, price_usd, tokens)


def parse_body(request: Request) -> Any:
    """Returns the JSON of a request, or its text when it is not JSON, or None when it is empty.

    Texts may hold line breaks as they are: the seed document's sample for curl sends what `base64` prints.
    """
    if not request.body:
        return None
    if "multipart/" in request.headers.get("content-type", ""):
        return f"multipart body of {len(request.body)} bytes"
    try:
        return json.loads(request.body, strict=False)
    except (ValueError, RecursionError):
        return request.body.decode("utf-8", "replace")


def subject_of(request: Request, path: str, key: str, body: Any) -> Subject:
    """Returns what a request is about: its model and the prompt or last message of the user."""
    if not isinstance(body, dict):
        body = {}
    model = body.get("model") or body.get("modelId") or ""
    prompt = body.get("prompt") or last_user_text(body.get("messages"))
    return Subject(path, key, str(model), str(prompt), request.headers.get("x-simulator", ""))


def last_user_text(messages: Any) -> str:
    """Returns the text of the last message of a user, or an empty string."""
    if not isinstance(messages, list):
        return ""
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role") == "user":
            return text_of(message.get("content"))
    return ""


def text_of(content: Any) -> str:
    """Returns the text of a message's content, whether it is a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [
        part.get("text")
        for part in content
        if isinstance(part, dict) and part.get("type") == "text"
    ]
    return "\n".join(text for text in texts if isinstance(text, str))


def without_markers(text: str) -> str:
    """Returns a prompt without its `[[sim:…]]` markers."""
    return MARKER.sub("", text).strip()
