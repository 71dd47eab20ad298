"""The processes that are measured: started, weighed, and stopped whatever happens."""

from __future__ import annotations

import http.client
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
STARTS_WITHIN = 60.0  # seconds
STOPS_WITHIN = 15.0
MEGABYTE = 1024 * 1024


class DidNotStart(Exception):
    """A process that is to be measured did not come up; the message holds the end of its log."""


@dataclass(frozen=True)
class Program:
    """A running program with all its children, which listens on a loopback port."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    began: float

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port."""
        return "127.0.0.1", self.port

    @property
    def url(self) -> str:
        """Return the address of its root, without a slash."""
        return f"http://127.0.0.1:{self.port}"

    def family(self, word: str = "") -> list[psutil.Process]:
        """Return its processes that are or descend from one with a word in its command line."""
        root = psutil.Process(self.process.pid)
        everyone = [root, *root.children(recursive=True)]
        chosen = [one for one in everyone if word in " ".join(_command(one))]
        found = {one.pid: one for one in chosen}
        for one in chosen:
            found |= {child.pid: child for child in _children(one)}
        return list(found.values())

    def wait_for(self, path: str) -> float:
        """Return after how many seconds from its start a page was served. Raises `DidNotStart`."""
        while time.perf_counter() < self.began + STARTS_WITHIN:
            if self.process.poll() is not None:
                break
            if _status(self.port, path) == 200:
                return time.perf_counter() - self.began
            time.sleep(0.01)
        raise DidNotStart(f"{path} was not served\n{self.log.read_text()[-2000:]}")


@contextmanager
def running(
    command: tuple[str, ...], port: int, log: Path, **environment: str
) -> Iterator[Program]:
    """Run a command for the length of a block, with an environment free of the caller's settings."""
    with log.open("ab") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment() | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    program = Program(process, port, log, began)
    try:
        yield program
    finally:
        _stop(program)


def clean_environment() -> dict[str, str]:
    """Return this environment without what would change the product's settings."""
    foreign = ("VENICE_", "ADMIN_", "DATABASE_", "WEB_THREADS", "STREAM_LIMIT", "DEBUG", "PUBLIC_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def python(*arguments: str) -> tuple[str, ...]:
    """Return the command line of this Python with arguments."""
    return (sys.executable, *arguments)


def free_port() -> int:
    """Return a loopback port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def cpu_seconds(family: list[psutil.Process]) -> float:
    """Return the processor time that some processes have used, in seconds."""
    times = [one.cpu_times() for one in family if one.is_running()]
    return float(sum(used.user + used.system for used in times))


def megabytes(family: list[psutil.Process]) -> float:
    """Return the memory of some processes, each shared page counted once among its sharers (PSS)."""
    return sum(_pss(one.pid) for one in family) / MEGABYTE


class Meter:
    """Notes the processor time of some processes as it grows, twice a second, during a block."""

    def __init__(self, family: list[psutil.Process]) -> None:
        self._family = family
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.notes: list[tuple[float, float]] = []

    def __enter__(self) -> Meter:
        self._note()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._note()

    @property
    def used(self) -> float:
        """Return the processor time of the whole block, in seconds."""
        return self.notes[-1][1] - self.notes[0][1]

    def share(self, since: float, until: float) -> float:
        """Return which share of one core was used between two moments of the block, in seconds.

        Not a number when the block ended before.
        """
        start = self.notes[0][0]
        inside = [note for note in self.notes if since <= note[0] - start <= until]
        if len(inside) < 2:
            return math.nan
        (began, before), (ended, after) = inside[0], inside[-1]
        return (after - before) / (ended - began)

    def _watch(self) -> None:
        while not self._done.wait(0.5):
            self._note()

    def _note(self) -> None:
        self.notes.append((time.perf_counter(), cpu_seconds(self._family)))


def _pss(pid: int) -> int:
    """Return the proportional set size of a process in bytes; of its resident set where unknown."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except FileNotFoundError:  # not Linux
        return int(psutil.Process(pid).memory_info().rss)
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def _stop(program: Program) -> None:
    """Ask to stop, wait, and kill what is left of exactly the processes that were started here."""
    try:
        family = program.family()
    except psutil.NoSuchProcess:
        family = []
    if program.process.poll() is None:
        program.process.send_signal(signal.SIGINT)
    _, alive = psutil.wait_procs(family, timeout=STOPS_WITHIN)
    for one in alive:
        one.kill()
    program.process.wait(5)
