"""A long queue through kill -9 of every process: every picture, no seed twice, nothing asked for twice unseen.

`PICTURES=500` makes it as long as a night's work.
"""

import os
from collections import Counter
from collections.abc import Iterator
from itertools import batched
from pathlib import Path

import pytest

from tests.faults.person import Person, rows
from tests.product import Product
from tests.waiting import eventually
from venice_site.simulator import KeyRecord, Simulator

pytestmark = pytest.mark.long

PICTURES = int(os.environ.get("PICTURES", "24"))
AT_ONCE = 20
PATIENCE = 60 + PICTURES  # seconds


@pytest.fixture
def venice() -> Iterator[Simulator]:
    with Simulator(keys=["a-key"], image_ms=150) as simulator:
        simulator.keys["a-key"] = KeyRecord("a-key", request_limit=10**6)  # else twenty a minute
        yield simulator


@pytest.fixture
def product(tmp_path: Path, venice: Simulator) -> Iterator[Product]:
    with Product(
        tmp_path / "data", VENICE_BASE_URL=venice.url, VENICE_API_KEYS="a-key", RUN_STALE_AFTER="3"
    ) as product:
        yield product


def states(product: Product) -> Counter[str]:
    return Counter(state for (state,) in rows(product, "SELECT status FROM gallery_image"))


def made(product: Product) -> int:
    return states(product)["succeeded"]


def nothing_is_left(product: Product) -> bool:
    return not states(product).keys() & {"queued", "running"}


def test_every_picture_is_made_once_though_every_process_is_killed(
    product: Product, venice: Simulator
) -> None:
    person = Person(product)
    for seeds in batched(range(1, PICTURES + 1), AT_ONCE, strict=False):
        person.post(
            "/gallery/",
            prompt="A heron in fog",
            model="z-image-turbo",
            width=128,
            height=128,
            seed=seeds[0],
            seed_mode="count",
            variants=len(seeds),
        )
    assert states(product).total() == PICTURES

    eventually(lambda: made(product) >= PICTURES // 4, PATIENCE, "a quarter is made")
    product.kill("steady_queue")
    eventually(lambda: made(product) >= PICTURES // 2, PATIENCE, "half is made")
    product.kill()
    product.start()
    eventually(lambda: nothing_is_left(product), PATIENCE, "the queue is empty")

    doubtful = {seed for (seed,) in rows(product, INTERRUPTED)}
    person = Person(product)
    person.post("/gallery/queue/again", which="doubtful")
    eventually(lambda: made(product) == PICTURES, PATIENCE, "every picture is made")

    seeds = [seed for (seed,) in rows(product, "SELECT seed FROM gallery_image WHERE file != ''")]
    assert sorted(seeds) == list(range(1, PICTURES + 1))
    asked = Counter(r.body["seed"] for r in venice.requests if r.path.endswith("/image/generate"))
    assert {seed for seed, times in asked.items() if times > 1} <= doubtful
    assert max(asked.values()) <= 2
    assert rows(product, CHARGED_TWICE) == []
    assert rows(product, "SELECT count(*) FROM venice_call WHERE state = 'reserved'") == [(0,)]


INTERRUPTED = "SELECT seed FROM gallery_image WHERE status = 'interrupted'"
CHARGED_TWICE = """
SELECT seed FROM gallery_image AS image JOIN venice_call AS call ON call.id = image.call_id
WHERE call.state = 'settled' AND NOT call.may_be_charged GROUP BY seed HAVING count(*) > 1
"""
