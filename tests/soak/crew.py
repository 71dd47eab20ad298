"""The worker processes of a soak: fed with numbers, one of them killed in the middle and replaced."""

import json
import selectors
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.product import ROOT

PATIENCE = 120  # seconds without any news; only something that hangs takes so long


@dataclass
class Told:
    """What the workers told: the call of each number, how each ended, whose end nobody knows."""

    calls: dict[int, int] = field(default_factory=dict)
    outcomes: dict[int, str] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)


class Worker:
    """One worker process, and the numbers that it has not finished."""

    def __init__(self, arguments: list[str]) -> None:
        self.unfinished: set[int] = set()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.worker", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._rest = b""

    def give(self, number: int) -> None:
        """Let it carry out one more call."""
        assert self.process.stdin is not None
        self.unfinished.add(number)
        self.process.stdin.write(b"%d\n" % number)

    def no_more(self) -> None:
        """Tell it that there are no more numbers."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def news(self) -> list[dict[str, Any]] | None:
        """Return what it said since the last look, waiting for something; None at its end."""
        assert self.process.stdout is not None
        piece = self.process.stdout.read(65536)
        if not piece:
            return None
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return [json.loads(line) for line in lines]


class Crew:
    """Several workers that share the numbers of a soak."""

    def __init__(self, *, seed: int, calls: int, processes: int, threads: int) -> None:
        self._arguments = [str(seed), str(calls), str(threads)]
        self._threads = threads
        self._numbers: Iterator[int] = iter(range(calls))
        self._death_at = calls // 2
        self._workers = selectors.DefaultSelector()
        self._processes = processes
        self.told = Told()

    def carry_out(self) -> Told:
        """Have all calls carried out; half way one worker is killed. Return what was told."""
        for _ in range(self._processes):
            self._hire()
        killed = False
        while self._workers.get_map():
            ready = self._workers.select(PATIENCE)
            assert ready, "the workers hang"
            for key, _ in ready:
                self._listen(key.data)
            if not killed and len(self.told.outcomes) >= self._death_at:
                killed = True
                self._kill_one()
        return self.told

    def _hire(self) -> None:
        worker = Worker(self._arguments)
        self._workers.register(worker.process.stdout or 0, selectors.EVENT_READ, worker)
        for _ in range(self._threads + 2):
            self._feed(worker)

    def _feed(self, worker: Worker) -> None:
        stdin = worker.process.stdin
        if stdin is None or stdin.closed or worker.process.returncode is not None:
            return
        number = next(self._numbers, None)
        if number is None:
            worker.no_more()
        else:
            worker.give(number)

    def _listen(self, worker: Worker) -> None:
        news = worker.news()
        if news is None:
            self._let_go(worker)
            return
        for line in news:
            number = line["number"]
            if "call" in line:
                self.told.calls[number] = line["call"]
            else:
                self.told.outcomes[number] = line["outcome"]
                worker.unfinished.discard(number)
                self._feed(worker)

    def _let_go(self, worker: Worker) -> None:
        self._workers.unregister(worker.process.stdout or 0)
        worker.process.wait()
        self.told.lost |= worker.unfinished
        for pipe in (worker.process.stdin, worker.process.stdout):
            if pipe is not None:
                pipe.close()

    def _kill_one(self) -> None:
        """Kill a worker as the kernel does, and hire another one."""
        victim: Worker = next(iter(self._workers.get_map().values())).data
        victim.process.kill()
        victim.process.wait()
        self._hire()
