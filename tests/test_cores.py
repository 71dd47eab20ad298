"""The web process keeps to one core, leaves it when others need it, and computes on all of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import eventually
from venice_site import cores
from venice_site.cores import better

ROOT = Path(__file__).resolve().parent.parent
EVERY = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()

several = pytest.mark.skipif(len(EVERY) < 2, reason="there is but one core")

# Answers in its main thread and starts another one there; a third has nothing to do with it. Tells their
# numbers; computes from one line that it reads to the next.
CHILD = """
    import json, sys, threading
    from pathlib import Path
    from venice_site import cores

    def begun():
        thread = threading.Thread(target=threading.Event().wait, daemon=True)
        thread.start()
        return thread.native_id

    def answer():
        return threading.get_native_id()

    @cores.on_every_core
    def compute():
        within()
        print("computing", flush=True)
        sys.stdin.readline()

    @cores.on_every_core
    def within():
        pass

    cores.STAT = Path(sys.argv[1])
    answer = cores.on_one_core(answer, look_every=0.02)
    apart, main = begun(), answer()
    print(json.dumps([apart, main, begun()]), flush=True)
    for line in sys.stdin:
        answer()
        compute()
        print("done", flush=True)
"""


class Child:
    """A process that keeps to one core; how busy each of them is it believes from us."""

    def __init__(self, folder: Path) -> None:
        self.stat = folder / "stat"
        self.ticks = dict.fromkeys(EVERY, 0)
        self.busy()
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(CHILD), str(self.stat)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.apart, self.main, self.other = json.loads(self.read())

    def read(self) -> str:
        """Return the next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def go_on(self) -> str:
        """Let it compute, or stop; return what it says then."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.read()

    def busy(self, *busy: int) -> None:
        """Let these cores have been busy for another ten seconds."""
        for core in busy:
            self.ticks[core] += 10 * os.sysconf("SC_CLK_TCK")
        lines = [f"cpu{core} {ticks} 0 0 777 88 0 0 0 55 0" for core, ticks in self.ticks.items()]
        draft = self.stat.with_name("draft")
        draft.write_text("\n".join(["cpu 1 2 3 4 5 6 7 8 9 10", *lines, "intr 12", ""]))
        draft.replace(self.stat)

    def core(self) -> int:
        """Return the one core on which the threads are kept that answer."""
        main, other = os.sched_getaffinity(self.main), os.sched_getaffinity(self.other)
        assert main == other
        (core,) = main
        return core

    def let_move(self) -> None:
        """Keep the core of the other thread busy until it is on another one."""
        first = os.sched_getaffinity(self.other)

        def moved() -> bool:
            self.busy(*first)
            return os.sched_getaffinity(self.other) != first

        eventually(moved, 20, "the thread has moved")


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    begun = Child(tmp_path)
    yield begun
    begun.process.kill()
    begun.process.communicate()


@several
def test_whoever_answers_is_kept_on_one_core(child: Child) -> None:
    assert child.core() in EVERY
    assert os.sched_getaffinity(child.apart) == EVERY


@several
def test_a_core_that_others_keep_busy_is_left(child: Child) -> None:
    first = child.core()

    child.let_move()

    eventually(lambda: os.sched_getaffinity(child.main) != {first}, 20)
    assert child.core() != first
    assert os.sched_getaffinity(child.apart) == EVERY


@several
def test_where_every_core_is_busy_nothing_moves(child: Child) -> None:
    first = child.core()

    until = time.monotonic() + 0.5  # in which it looks two dozen times
    while time.monotonic() < until:
        child.busy(*EVERY)
        assert child.core() == first
    child.let_move()  # it was looking


@several
def test_what_computes_uses_every_core_and_comes_back_to_where_the_others_are(child: Child) -> None:
    assert child.go_on() == "computing\n"
    assert os.sched_getaffinity(child.main) == EVERY
    child.let_move()
    assert os.sched_getaffinity(child.main) == EVERY
    assert child.go_on() == "done\n"

    assert child.core() in EVERY


@several
def test_a_core_that_was_taken_away_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = os.cpu_count() or 0
    monkeypatch.setattr(cores, "_ours", gone + 1000)
    monkeypatch.setattr(cores, "_every", frozenset({gone + 1000}))

    assert cores.on_every_core(lambda: "computed")() == "computed"
    assert os.sched_getaffinity(0) == EVERY


@pytest.mark.parametrize(
    ("busy", "own", "found"),
    [
        ({0: 0.9, 1: 0.0, 2: 0.0}, 0.9, None),  # it is all ours
        ({0: 1.0, 1: 0.2, 2: 0.1}, 0.5, 2),
        ({0: 1.0, 1: 1.0, 2: 1.0}, 0.5, None),
        ({0: 0.6, 1: 0.45, 2: 0.5}, 0.1, None),  # hardly better
        ({0: 0.8, 1: 0.3, 2: 0.6}, 1.2, None),  # some of ours was computed elsewhere
    ],
)
def test_it_moves_where_others_leave_more(
    busy: dict[int, float], own: float, found: int | None
) -> None:
    assert better(0, busy, own) == found
