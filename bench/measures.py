"""What is measured, each at the product and at the floor in the same run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from bench.figures import Figure, percentile
from bench.load import Seen, Viewer, straight, through_floor, together
from bench.machines import ROOT, Floor, Product, Upstream

MEGABYTE = 1024 * 1024
SHORT = 30  # tokens of a reply of which only the beginning matters

__all__ = ["Figure", "first_token", "held_streams", "ledger_speed", "memory", "start"]


def start(product: Product) -> Figure:
    """Return how long the product took until it served, its database made on the way."""
    return Figure("first start to the first page, database made", "s", product.started_in, 8)


def memory(product: Product) -> list[Figure]:
    """Return the proportional memory of web, and of web and worker together, when idle."""
    web = worker = 0.0
    for member in product.family():
        line = " ".join(member.cmdline())
        size = member.memory_full_info().pss / MEGABYTE
        web += size if "granian" in line else 0
        worker += size if "steady_queue" in line else 0
    return [
        Figure("idle memory, web", "MB", web, 120),
        Figure("idle memory, web and worker", "MB", web + worker, 250),
    ]


def first_token(product: Product, floor: Floor, upstream: Upstream, rounds: int) -> list[Figure]:
    """Return the first token added to the upstream's own: alone, 50 one after another, 50 at once."""
    viewers = _people(product, upstream, 50)
    through_floor(floor, SHORT)
    own = median(straight(upstream, SHORT).first for _ in range(rounds))
    figures = []
    alone = [viewers[n % 50].ask(SHORT).first for n in range(rounds)]
    alone_floor = [through_floor(floor, SHORT).first for _ in range(rounds)]
    figures.append(_added("first token added, 1 stream", alone, alone_floor, own, 10))
    for name, apart, reach in (("one after another", 0.05, 20), ("at once", 0.0, 250)):
        asks: list[Callable[[], Seen]] = [partial(viewer.ask, SHORT) for viewer in viewers]
        bare: list[Callable[[], Seen]] = [partial(through_floor, floor, SHORT)] * 50
        here = [seen.first for seen in together(asks, apart)]
        there = [seen.first for seen in together(bare, apart)]
        figures.append(_added(f"first token added, 50 streams {name}", here, there, own, reach))
    return figures


def _people(product: Product, upstream: Upstream, number: int) -> list[Viewer]:
    """Return people with a conversation each, the upstream writing 50 tokens a second from now on."""
    upstream.set_pace(0)
    session = product.sign_in()
    people = [Viewer(product, session) for _ in range(number)]
    upstream.set_pace(50)
    return people


def _added(name: str, here: list[float], there: list[float], own: float, reach: float) -> Figure:
    value, floor = (1000 * (median(values) - own) for values in (here, there))
    return Figure(f"{name}, median", "ms", value, reach, max(floor, 0.1))


def held_streams(
    product: Product, floor: Floor, upstream: Upstream, streams: int, tokens: int
) -> list[Figure]:
    """Return processor time, gaps and first token of streams at 50 tokens/s, all of them whole."""
    viewers = _people(product, upstream, streams)
    spent, seen = _spent(product, [partial(viewer.ask, tokens) for viewer in viewers])
    bare, seen_bare = _spent(floor, [partial(through_floor, floor, tokens)] * streams)
    kilo = streams * tokens / 1000
    lost = sum(not one.whole for one in seen)
    return [
        Figure(f"replies not whole, of {streams}", "replies", lost, 0),
        Figure(
            f"processor per 1,000 tokens, {streams} streams", "s", spent / kilo, 0.25, bare / kilo
        ),
        Figure(
            f"gap between frames, {streams} streams, p95", "ms", _gap(seen), 80, _gap(seen_bare)
        ),
        Figure(
            f"first token, {streams} streams at once, p95",
            "ms",
            1000 * percentile([one.first for one in seen], 0.95),
            1000,
            1000 * percentile([one.first for one in seen_bare], 0.95),
        ),
    ]


def _spent(machine: Product | Floor, people: list[Callable[[], Seen]]) -> tuple[float, list[Seen]]:
    before = machine.processor_time()
    seen = together(people)
    return machine.processor_time() - before, seen


def _gap(seen: list[Seen]) -> float:
    return 1000 * percentile([gap for one in seen for gap in one.gaps], 0.95)


def ledger_speed(folder: Path, rounds: int) -> Figure:
    """Return how many calls a second one hot quota takes: reserved and settled, on a file of SQLite."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.ledger", str(rounds)],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(folder / "ledger"), "LOG_LEVEL": "ERROR"},
        check=True,
        capture_output=True,
        text=True,
    )
    speed = float(done.stdout.split()[-1])
    return Figure("reserve and settle, one hot bucket", "/s", speed, 200, more_is_better=True)
