"""Messages that wait through kill -9 of every process: none is lost, none is asked twice."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.person import Person, rows
from tests.product import Product
from tests.waiting import eventually
from venice_site.simulator import Simulator

pytestmark = pytest.mark.long

WAITING = [f"Waiting number {n}" for n in range(4)]


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


def values(product: Product, query: str) -> list[str]:
    return [value for (value,) in rows(product, query)]


def replies(product: Product) -> list[str]:
    return values(product, "SELECT status FROM chat_message WHERE role = 'assistant' ORDER BY id")


def given_up(person: Person, talk: str) -> bool:
    """Look at the newest reply, which finds out that its process is gone; return whether it was."""
    (newest,) = values(person.product, "SELECT max(id) FROM chat_message WHERE role = 'assistant'")
    person.get(f"{talk}replies/{newest}/", **{"HX-Request": "true"})
    return replies(person.product)[-1] == "interrupted"


def questions(product: Product) -> list[str]:
    return values(product, "SELECT text FROM chat_message WHERE role = 'user' ORDER BY id")


def waiting(product: Product) -> list[str]:
    return values(product, "SELECT text FROM chat_queuedmessage ORDER BY place, id")


def sent(venice: Simulator) -> Counter[str]:
    """Return how often each question was the last one of a request for a reply."""
    asked = (r.body["messages"] for r in venice.requests if r.path.endswith("/chat/completions"))
    ours = ("First", *WAITING)
    return Counter(m[-1]["content"] for m in asked if m[-1]["content"] in ours)


def test_what_waits_survives_kill_9_and_is_asked_once(product: Product, venice: Simulator) -> None:
    person = Person(product)
    gate = venice.hold(path="/chat/completions")
    talk = person.say("/chat/", "First")
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
    page = person.get(talk)
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
    talk = person.say("/chat/", "First")
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
