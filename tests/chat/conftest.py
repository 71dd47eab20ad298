"""What the tests of the chat have in common: sending through the page, and reading a stream."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from chat.models import Conversation, Message
from chat.replies import writers
from tests.waiting import eventually
from venice_site.simulator import Simulator

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _no_writer_left(request) -> Iterator[None]:
    """Let every writer end before the next test empties the database under it."""
    yield
    if "simulator" in request.fixturenames:
        request.getfixturevalue("running_simulator").release()
    eventually(every_writer_rests, what="every writer has ended")


def every_writer_rests() -> bool:
    """Stop what is being written, also what a reply begins as it ends; return whether no thread works."""
    for live in list(writers._live.values()):
        live.stop()
    return no_writer_works()


def no_writer_works() -> bool:
    """Return whether every reply has ended, and what follows its end as well."""
    threads = writers._threads
    return not writers._live and threads._idle_semaphore._value >= len(threads._threads)


@dataclass
class Chat:
    """A person's browser at the chat."""

    client: Client

    def begin(self, text: str = "What is a heron?", *, htmx: bool = True, **fields: Any):
        """Send the first message of a new conversation."""
        return self._post("/chat/", text, htmx, fields)

    def send(self, conversation: Conversation, text: str, *, htmx: bool = True, **fields: Any):
        """Send a further message."""
        return self._post(f"/chat/{conversation.pk}/", text, htmx, fields)

    def begun(self, text: str = "What is a heron?", **fields: Any) -> Message:
        """Begin a conversation and return its reply as it is just then."""
        response = self.begin(text, **fields)
        assert response.status_code == 200, response.content.decode()
        return newest_reply()

    def answered(self, text: str = "What is a heron?", **fields: Any) -> Message:
        """Begin a conversation and return its finished reply."""
        return ended(self.begun(text, **fields))

    def act(self, reply: Message, verb: str, *, htmx: bool = True, **fields: Any):
        """Press a button under a reply."""
        path = f"/chat/{reply.conversation_id}/replies/{reply.pk}/{verb}"
        return self.client.post(path, fields, headers=HTMX if htmx else {})

    def stop(self, reply: Message):
        return self.client.post(f"/chat/{reply.conversation_id}/stop", headers=HTMX)

    def stream(self, reply: Message) -> Iterator[tuple[str, Any]]:
        """Open a stream and yield its events."""
        path = f"/chat/{reply.conversation_id}/replies/{reply.pk}/stream"
        response = self.client.get(path)
        assert response.status_code == 200
        assert response["Content-Type"] == "text/event-stream"
        return events(response)

    def _post(self, path: str, text: str, htmx: bool, fields: dict[str, Any]):
        form = {"text": text, "model": "", "request_id": str(uuid.uuid4())} | fields
        form["model"] = form["model"] or default_model()
        return self.client.post(path, form, headers=HTMX if htmx else {})


def default_model(*, thinks: bool = False, sees: bool = True) -> str:
    """Return a model that thinks first or not, and reads pictures or not."""
    from venice_site.venice.catalogue import current

    return next(
        model.id
        for model in current(simulated=True).offered("text")
        if model.supports_reasoning == thinks and model.supports_vision == sees
    )


def events(response) -> Iterator[tuple[str, Any]]:
    """Yield the events of a stream; who looks at no more of them leaves it, as a browser does."""
    with closing(response):
        for frame in response.streaming_content:
            for part in frame.decode().split("\n\n"):
                if part.startswith("event: "):
                    name, data = part.split("\n", 1)
                    yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def newest_reply() -> Message:
    return Message.objects.replies().latest("pk")


def ended(reply: Message) -> Message:
    """Wait until a reply has ended and its writer has gone; return the row."""
    eventually(lambda: writers.watch(reply.pk) is None, what="the writer has ended")
    reply.refresh_from_db()
    assert not reply.is_active
    return reply


def requests_for_replies(simulator: Simulator) -> list[Any]:
    return [r for r in simulator.requests if r.path.endswith("/chat/completions")]


@pytest.fixture
def alice_chats(simulator: Simulator, as_alice: Client) -> Chat:
    return Chat(as_alice)


@pytest.fixture
def bob_chats(simulator: Simulator, as_bob: Client) -> Chat:
    return Chat(as_bob)


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Return a function that makes the bytes of a picture."""
    from io import BytesIO

    from PIL import Image

    def make(form: str = "PNG", size: tuple[int, int] = (200, 120), **options: Any) -> bytes:
        target = BytesIO()
        Image.new("RGB", size, "teal").save(target, form, **options)
        return target.getvalue()

    return make
