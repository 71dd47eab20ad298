"""Reserve and settle on one hot bucket; run as a process with the settings of the product.

`python -m bench.buckets --seconds 3` prints the operations per second of the product and of bare SQLite.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

THREADS = 4
TABLES = """
PRAGMA journal_mode=WAL;
CREATE TABLE bucket (id INTEGER PRIMARY KEY, used INTEGER, reserved INTEGER, most INTEGER);
CREATE TABLE call (id INTEGER PRIMARY KEY, state TEXT, tokens INTEGER);
INSERT INTO bucket VALUES (1, 0, 0, 1000000000000);
"""


def main() -> None:
    """Measure both and print them as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.buckets")
    parser.add_argument("--seconds", type=float, default=3.0)
    seconds = parser.parse_args().seconds
    print(json.dumps({"floor": bare_rate(seconds), "product": product_rate(seconds)}))


def product_rate(seconds: float) -> float:
    """Return how often a second the product reserves and settles, all threads together."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "venice_site.settings")
    django.setup()
    from django.db import connection

    from venice_site.accounts.models import User
    from venice_site.venice import quotas
    from venice_site.venice.models import CallKind
    from venice_site.venice.quotas import Estimate
    from venice_site.venice.types import Usage

    people = list(User.objects.order_by("pk")[:THREADS])
    connection.close()

    def work(number: int) -> Callable[[], None]:
        person = people[number % len(people)]

        def once() -> None:
            call = quotas.reserve(person, CallKind.REPLY, "a-model", Estimate(tokens=1000))
            quotas.settle(call.pk, Usage(tokens_in=100, tokens_out=400))

        return once

    return rate(work, seconds)


def bare_rate(seconds: float) -> float:
    """Return how often a second bare SQLite does the least that a reservation and its settling need."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "bare.sqlite3"
        with sqlite3.connect(path) as made:
            made.executescript(TABLES)
        made.close()
        return rate(lambda _: _bare_work(path), seconds)


def _bare_work(path: Path) -> Callable[[], None]:
    connection = sqlite3.connect(path, timeout=20, isolation_level=None)
    connection.execute("PRAGMA synchronous=NORMAL")

    def once() -> None:
        run = connection.execute
        run("BEGIN IMMEDIATE")
        call = run("INSERT INTO call (state, tokens) VALUES ('reserved', 1000)").lastrowid
        run("UPDATE bucket SET reserved = reserved + 1000 WHERE used + reserved + 1000 <= most")
        run("COMMIT")
        run("BEGIN IMMEDIATE")
        run("UPDATE call SET state = 'settled', tokens = 500 WHERE id = ?", (call,))
        run("UPDATE bucket SET used = used + 500, reserved = reserved - 1000")
        run("COMMIT")

    return once


def rate(work: Callable[[int], Callable[[], None]], seconds: float) -> float:
    """Return how often a second some threads together do their work."""
    counts = [0] * THREADS
    ready = threading.Barrier(THREADS + 1)
    over = threading.Event()

    def loop(number: int) -> None:
        once = work(number)
        once()
        ready.wait()
        while not over.is_set():
            once()
            counts[number] += 1

    threads = [threading.Thread(target=loop, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    over.wait(seconds)
    over.set()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
