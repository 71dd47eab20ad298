"""Several processes with many threads each, on one database file."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.product import ROOT
from tests.waiting import eventually

PROCESSES = 3
THREADS = 20
PREPARE = """
import django; django.setup()
from venice_site.accounts.models import User
from venice_site.venice.models import ApiKey, Quota
for name in ("alice", "bob", "charlie"): User.objects.create_user(name)
key = ApiKey(name="one", max_in_flight=3); key.put_secret("key-one"); key.save()
Quota.objects.create(metric="images", limit=%d)
Quota.objects.create(metric="cost", limit=1_000_000, who="each")
"""
COUNT = """
import django; django.setup()
from django.db.models import Sum
from venice_site.venice.models import Call, QuotaBucket
for metric in ("images", "cost"):
    buckets = QuotaBucket.objects.filter(quota__metric=metric)
    print(*buckets.aggregate(Sum("used"), Sum("reserved")).values())
    for state in ("settled", "reserved"):
        print(Call.objects.filter(state=state).aggregate(n=Sum(metric, default=0))["n"])
"""


class Race:
    """A database file of its own, and processes that start together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.environment = {
            **inherited,  # never the database that somebody works with
            "DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "venice_site.settings",
        }

    def python(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Python in the project."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def done(self, process: subprocess.Popen[str]) -> list[str]:
        """Return what a process printed; it must end well."""
        said, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
        return said.split()

    def run(self, verb: str) -> Counter[str]:
        """Let every thread of every process do one thing at once; return what they said."""
        start = self.folder / "start"
        team = [
            self.python("-m", "tests.races.team", verb, str(THREADS), str(start))
            for _ in range(PROCESSES)
        ]
        ready = lambda: len(list(self.folder.glob("start.*"))) == PROCESSES  # noqa: E731
        eventually(ready, 30, "all processes are ready")
        start.touch()
        return Counter(word for process in team for word in self.done(process))


@pytest.fixture
def race(tmp_path) -> Race:
    race = Race(tmp_path)
    race.done(race.python("manage.py", "migrate", "-v0"))
    return race


def test_sixty_at_once_get_exactly_the_thirty_seven_there_are(race):
    race.done(race.python("-c", PREPARE % 37))
    assert race.run("reserve") == {"granted": 37, "refused": 23}
    assert race.done(race.python("-c", COUNT)) == ["0", "37", "0", "37", "0", "185", "0", "185"]


def test_the_counters_equal_the_ledger_after_a_crowd(race):
    race.done(race.python("-c", PREPARE % 100_000))
    assert race.run("churn") == {"done": PROCESSES * THREADS}
    images, held, settled, reserved, cost, held_cost, settled_cost, reserved_cost = race.done(
        race.python("-c", COUNT)
    )
    assert (images, held) == (settled, reserved)
    assert (cost, held_cost) == (settled_cost, reserved_cost)
    assert held == held_cost == "0"
    assert int(images) > 0


def test_no_more_requests_at_once_than_a_key_has_places(race):
    race.done(race.python("-c", PREPARE % 100_000))
    seen = race.run("claim")
    assert set(seen) <= {"0", "1", "2", "3"}, seen
    assert sum(seen.values()) == PROCESSES * THREADS
    assert set(seen) != {"0"}
