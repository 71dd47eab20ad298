"""Messages that wait through kill -9 of every process: none is lost, none is asked twice."""

import re
import sqlite3
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.product import Product
from tests.waiting import eventually
from venice_site.simulator import Simulator

WAITING = [f"Waiting number {n}" for n in range(4)]
MODEL = "google-gemma-3-27b-it"


@pytest.fixture
def venice() -> Iterator[Simulator]:
    with Simulator(keys=["a-key"], first_token_ms=0, tokens_per_second=0) as simulator:
        yield simulator


@pytest.fixture
def product(tmp_path: Path, venice: Simulator) -> Iterator[Product]:
    with Product(
        tmp_path / "data", VENICE_BASE_URL=venice.url, VENICE_API_KEYS="a-key", RUN_STALE_AFTER="3"
    ) as product:
        yield product


class Person:
    """The administrator, by plain requests."""

    def __init__(self, product: Product) -> None:
        self.product, self.session = product, requests.Session()
        self.post("/accounts/login/", login=product.username, password=product.password)

    def post(self, path: str, **fields: object) -> requests.Response:
        """Send a form as a browser without scripts does."""
        page = self.session.get(f"{self.product.url}/accounts/login/", timeout=30)
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        token = found.group(1) if found else self.session.cookies["csrftoken"]
        answer = self.session.post(
            f"{self.product.url}{path}", {"csrfmiddlewaretoken": token, **fields}, timeout=60
        )
        assert answer.status_code == 200, answer.text[:500]
        return answer

    def say(self, path: str, text: str) -> requests.Response:
        return self.post(path, text=text, model=MODEL, request_id=str(uuid.uuid4()))


def rows(product: Product, query: str) -> list[str]:
    path = f"file:{product.data / 'studio.sqlite3'}?mode=ro"
    with closing(sqlite3.connect(path, uri=True, timeout=20)) as database:
        return [value for (value,) in database.execute(query).fetchall()]


def replies(product: Product) -> list[str]:
    return rows(product, "SELECT status FROM chat_message WHERE role = 'assistant' ORDER BY id")


def given_up(person: Person, talk: str) -> bool:
    """Look at the newest reply, which finds out that its process is gone; return whether it was."""
    (newest,) = rows(person.product, "SELECT max(id) FROM chat_message WHERE role = 'assistant'")
    address = f"{person.product.url}{talk}replies/{newest}/"
    person.session.get(address, headers={"HX-Request": "true"}, timeout=30)
    return replies(person.product)[-1] == "interrupted"


def questions(product: Product) -> list[str]:
    return rows(product, "SELECT text FROM chat_message WHERE role = 'user' ORDER BY id")


def waiting(product: Product) -> list[str]:
    return rows(product, "SELECT text FROM chat_queuedmessage ORDER BY place, id")


def sent(venice: Simulator) -> Counter[str]:
    """Return how often each question was the last one of a request for a reply."""
    asked = (r.body["messages"] for r in venice.requests if r.path.endswith("/chat/completions"))
    ours = ("First", *WAITING)
    return Counter(m[-1]["content"] for m in asked if m[-1]["content"] in ours)


def test_what_waits_survives_kill_9_and_is_asked_once(product: Product, venice: Simulator) -> None:
    person = Person(product)
    gate = venice.hold(path="/chat/completions")
    talk = re.sub(r"^.*?(/chat/\d+/).*$", r"\1", person.say("/chat/", "First").url)
    assert gate.wait_for(1, 15)
    for text in WAITING:
        person.say(talk, text)
    assert waiting(product) == WAITING

    product.kill()
    gate.open()
    product.start()

    eventually(lambda: given_up(person, talk), 40, "the reply is given up")
    assert waiting(product) == WAITING
    assert questions(product) == ["First"]
    page = person.session.get(f"{product.url}{talk}", timeout=30).text
    assert "The reply before was interrupted" in page

    gate = venice.hold(after_tokens=2, path="/chat/completions")
    person.post(f"{talk}queue/go-on")
    assert gate.wait_for(1, 15)
    product.kill("granian")  # in the middle of the first that waited
    gate.open()
    eventually(product.answers, 40)
    eventually(lambda: given_up(person, talk), 40, "that one is given up")
    assert waiting(product) == WAITING[1:]

    person.post(f"{talk}queue/go-on")
    eventually(
        lambda: replies(product)[2:] == ["succeeded"] * 3, 40, "the rest were asked and answered"
    )
    assert waiting(product) == []
    assert questions(product) == ["First", *WAITING]
    assert sent(venice) == dict.fromkeys(["First", *WAITING], 1)


def test_a_turn_that_came_in_the_moment_of_a_kill_is_taken_by_the_worker(
    product: Product, venice: Simulator
) -> None:
    person = Person(product)
    gate = venice.hold(path="/chat/completions")
    talk = re.sub(r"^.*?(/chat/\d+/).*$", r"\1", person.say("/chat/", "First").url)
    assert gate.wait_for(1, 15)
    person.say(talk, WAITING[0])
    product.kill()
    gate.open()
    with (
        closing(sqlite3.connect(product.data / "studio.sqlite3", timeout=20)) as database,
        database,
    ):
        # The reply ended well; its process was killed before it could ask what waits.
        database.create_function("chat_words", 1, str, deterministic=True)
        database.execute("UPDATE chat_message SET status = 'succeeded' WHERE role = 'assistant'")

    product.start()

    eventually(lambda: replies(product) == ["succeeded"] * 2, 40, "nobody looked, and it was asked")
    assert waiting(product) == []
    assert sent(venice)[WAITING[0]] == 1
