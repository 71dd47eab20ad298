"""The processes of a race, and how they start together, are killed and are judged."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Self

from tests.databases import Environment
from tests.product import ROOT
from tests.waiting import eventually

PATIENCE = 120  # seconds for one answer; only something that hangs takes so long


class Racer:
    """One process of a race."""

    def __init__(self, address: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(address))
        self._answers = self._socket.makefile("r")
        self._process = self.answer()

    def get_ready(self, verb: str, threads: int, **facts: Any) -> None:
        """Let it make its threads, which then wait for the start."""
        self.say(json.dumps({"verb": verb, "threads": threads, **facts}))
        assert self.answer() == "ready"

    def say(self, line: str) -> None:
        """Send a line."""
        self._socket.sendall(f"{line}\n".encode())

    def answer(self) -> Any:
        """Return its next answer."""
        line = self._answers.readline()
        assert line, "a racer died"
        return json.loads(line)

    def do(self, verb: str, **facts: Any) -> Any:
        """Let it do something alone, at once; it must not fail."""
        self.get_ready(verb, 1, **facts)
        self.say("go")
        (word,) = self.answer()
        assert not isinstance(word, str) or word == "done", word
        return word

    def kill(self) -> None:
        """Kill it as the kernel does, in the middle of whatever it is at."""
        os.kill(self._process, signal.SIGKILL)
        while self._answers.readline():
            pass  # what it still said before
        self._answers.close()
        self._socket.close()


class Team:
    """Processes on one database: the racers, who start together, and the referee."""

    def __init__(self, environment: Environment, *, processes: int, threads: int) -> None:
        self._environment = environment
        self._processes = processes
        self.threads = threads

    def __enter__(self) -> Self:
        self._address = Path(self._environment["DATA_DIR"], "racers")
        command = [sys.executable, "-m", "tests.races.racer", str(self._address)]
        self._origin = subprocess.Popen(command, cwd=ROOT, env=self._environment)
        eventually(self._address.exists, PATIENCE, "the origin of the racers listens")
        self.racers = [Racer(self._address) for _ in range(self._processes)]
        self.referee = Racer(self._address)
        return self

    def __exit__(self, *_: object) -> None:
        for racer in (*self.racers, self.referee):
            racer.kill()
        self._origin.kill()
        self._origin.wait(PATIENCE)

    def run(self, verb: str, **facts: Any) -> Counter[str]:
        """Let every thread of every racer do one thing at once; return what they said."""
        self._line_up(self.racers, verb, facts)
        self._start(self.racers)
        return Counter(word for racer in self.racers for word in racer.answer())

    def run_with_a_death(
        self, verb: str, *, sweepers: int, busy_after: int, **facts: Any
    ) -> Counter[str]:
        """Let the last racer sweep against the others, kill the first when it is busy; return what they said.

        `busy_after` is how many turns the victim has done by then; it never comes to an end by itself.
        A new racer takes its place.
        """
        victim, *crowd, sweeper = self.racers
        endless = {**facts, "turns": 10**6, "busy_after": busy_after}
        victim.get_ready(verb, self.threads, name="victim", **endless)
        self._line_up(crowd, verb, facts)
        sweeper.get_ready("sweep", sweepers, until_stopped=True)
        self._start(self.racers)
        assert victim.answer() == "busy"
        victim.kill()
        words = Counter(word for racer in crowd for word in racer.answer())
        sweeper.say("stop")
        self.racers[0] = Racer(self._address)
        return words + Counter(sweeper.answer())

    def _line_up(self, racers: list[Racer], verb: str, facts: dict[str, Any]) -> None:
        for number, racer in enumerate(racers):
            racer.get_ready(verb, self.threads, name=f"racer {number}", **facts)

    def _start(self, racers: list[Racer]) -> None:
        for racer in racers:
            racer.say("go")
