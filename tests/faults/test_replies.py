"""Replies through kill -9 at random moments: the question and what was kept stay, and the state is honest.

`KILLS=20` makes it long.
"""

import os
import re
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from random import Random

import pytest

from tests.faults.person import Person, rows
from tests.product import Product
from tests.waiting import eventually
from venice_site.simulator import Simulator

pytestmark = pytest.mark.long

KILLS = int(os.environ.get("KILLS", "2"))
LONGEST = 4.0  # seconds, about as long as a whole reply takes
VICTIMS = (("granian",), (), ("granian", "steady_queue"))  # () is every process


@pytest.fixture
def venice() -> Iterator[Simulator]:
    with Simulator(keys=["a-key"], first_token_ms=200, tokens_per_second=40) as simulator:
        yield simulator


@pytest.fixture
def product(tmp_path: Path, venice: Simulator) -> Iterator[Product]:
    with Product(
        tmp_path / "data", VENICE_BASE_URL=venice.url, VENICE_API_KEYS="a-key", RUN_STALE_AFTER="3"
    ) as product:
        yield product


def newest(product: Product) -> tuple[int, str, str]:
    """Return the newest reply: its number, its status and the text that is kept."""
    query = "SELECT id, status, text FROM chat_message WHERE role = 'assistant' ORDER BY id DESC LIMIT 1"
    (found,) = rows(product, query)
    return found


def has_ended(person: Person, talk: str) -> bool:
    """Look at the newest reply as an open page does; return whether it says that it has ended."""
    number, _, _ = newest(person.product)
    person.get(f"{talk}replies/{number}/", **{"HX-Request": "true"})
    return newest(person.product)[1] not in ("queued", "running")


def killed_in(product: Product, question: str, random: Random, *words: str) -> str:
    """Ask, kill at some moment, and return how the reply says that it ended."""
    person = Person(product)
    talk = person.say("/chat/", question)
    time.sleep(random.uniform(0, LONGEST))
    product.kill(*words)
    reply, _, kept = newest(product)
    if not words:
        product.start()
    eventually(product.answers, 60, "pages are served again")

    eventually(lambda: has_ended(person, talk), 40, "the reply says how it ended")
    again, status, text = newest(product)
    assert again == reply
    assert text.startswith(kept)
    assert status in ("interrupted", "succeeded")
    page = person.get(talk)
    assert question in page
    assert re.search(rf'id="message-{reply}"[^>]*data-status="{status}"', page)
    return status


def test_whenever_it_is_killed_the_question_and_the_kept_text_stay(product: Product) -> None:
    random = Random(20)
    ends = [
        killed_in(product, f"What does heron number {number} do?", random, *words)
        for number, words in enumerate(islice(cycle(VICTIMS), KILLS))
    ]
    asked = rows(product, "SELECT text FROM chat_message WHERE role = 'user' ORDER BY id")
    assert len(asked) == KILLS
    assert rows(product, "SELECT count(*) FROM venice_call WHERE state = 'reserved'") == [(0,)]
    charged = "SELECT count(*) FROM chat_message m JOIN venice_call c ON c.id = m.call_id"
    assert rows(product, f"{charged} WHERE m.role = 'assistant'") == [(KILLS,)]
    assert "interrupted" in ends, "not one kill came in time"
