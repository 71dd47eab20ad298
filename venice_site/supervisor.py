"""Runs the processes of the product as one: starts them, starts again what dies, stops all cleanly.

Only the standard library is imported, so that this process starts at once and stays small.
`manage.py serve` becomes this process; it hands over everything it read from the settings.
"""

from __future__ import annotations

import argparse
import math
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

from venice_site.guardian import KILL_AFTER, STOP_SIGNALS, Guardian, group_lives, signal_group

STEADY_AFTER = 60.0  # seconds a process must live for its next death to count as the first one
LONGEST_PAUSE = 30.0  # seconds at the most between a death and the next start

# glibc gives threads arenas of their own and hardly returns them: a limit keeps the memory of a process
# with hundreds of threads from growing with each rush.
MOST_ARENAS = 2
CHILD_ENVIRONMENT = {"MALLOC_ARENA_MAX": str(MOST_ARENAS)}


@dataclass(frozen=True)
class Program:
    """A process of the product: its name as said in a sentence and its command line.

    `remind`: its forks miss a request to stop that comes while they start, so all are asked again.
    """

    name: str
    command: tuple[str, ...]
    silent: bool = False
    remind: bool = False


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal asks to stop; return the exit code."""
    options = parser().parse_args(arguments)
    return Supervisor(chosen(options), options).run()


def chosen(options: argparse.Namespace) -> list[Program]:
    """Return the programs that are to run."""
    programs = [_web(options), _worker(), _stand_in(options)]
    return [program for program in programs if program.name in options.run]


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m venice_site.supervisor", description=__doc__)
    parser.add_argument("--run", action="append", required=True, help="name of a process to run")
    parser.add_argument(
        "--adopt", action="append", default=[], help="NAME=PID of a process to run that was begun"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--threads", type=int, default=256, help="of the web server")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds to finish work in")
    parser.add_argument("--address", default="", help="to announce once pages are served")
    parser.add_argument("--stand-in-port", type=int, default=8809)
    return parser


def _web(options: argparse.Namespace) -> Program:
    command = (
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "venice_site.wsgi:application"),
        *("--host", options.host, "--port", str(options.port)),
        *("--http", "1", "--no-ws", "--no-access-log", "--log-level", "error"),
        *("--workers", "1", "--respawn-failed-workers", "--respawn-interval", "0.2"),
        *("--blocking-threads", str(options.threads)),
        *("--backpressure", str(max(1024, options.threads))),
        *("--workers-kill-timeout", str(math.ceil(options.grace) + 1)),
    )
    return Program("web server", command)


def _worker() -> Program:
    return Program("worker", (sys.executable, "manage.py", "steady_queue"), remind=True)


def _stand_in(options: argparse.Namespace) -> Program:
    port = str(options.stand_in_port)
    command = (sys.executable, "-m", "venice_site.simulator", "--quiet", "--port", port)
    return Program("stand-in for Venice", command, silent=True)


class Supervisor:
    """The parent of all processes of the product; everything happens in its one thread."""

    def __init__(self, programs: Iterable[Program], options: argparse.Namespace) -> None:
        self.children = [Child(program) for program in programs]
        self.begun = {name: int(pid) for name, pid in (one.split("=") for one in options.adopt)}
        self.grace: float = options.grace
        self.host: str = options.host
        self.port: int = options.port
        self.to_announce: str = options.address
        self.stopping = False

    def run(self) -> int:
        """Start everything, watch over it until a signal arrives, stop everything."""
        wake = self._listen_to_signals()
        guardian = Guardian(self.grace)
        for child in self.children:
            child.begin(guardian, self.begun.get(child.program.name))
        while not self.stopping:
            _sleep(wake, self._tick(guardian))
        self._stop(wake, guardian)
        return 0

    def _listen_to_signals(self) -> int:
        """Return the end of a pipe that becomes readable with every signal."""
        readable, writable = os.pipe()
        os.set_blocking(readable, False)
        os.set_blocking(writable, False)
        signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in STOP_SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._ask_to_stop)
        return readable

    def _ask_to_stop(self, *_: object) -> None:
        if self.stopping:
            self.grace = 0  # asked twice: no more patience
        self.stopping = True

    def _tick(self, guardian: Guardian) -> float:
        """Look after everything once; return for how many seconds nothing needs to be done."""
        guardian.keep()
        for child in self.children:
            child.keep(guardian)
        if self.to_announce and _answers(self.host, self.port):
            _say(f"Venice Studio is ready: {self.to_announce}")
            self.to_announce = ""
        return 0.05 if self.to_announce else 1.0

    def _stop(self, wake: int, guardian: Guardian) -> None:
        """Stop the web server and the worker together, and the stand-in after them."""
        stand_ins = [child for child in self.children if child.program.name.startswith("stand-in")]
        for group in ([c for c in self.children if c not in stand_ins], stand_ins):
            asked = time.monotonic()
            for child in group:
                child.ask_to_stop()
            while any(child.is_there() for child in group):
                if time.monotonic() > asked + self.grace + KILL_AFTER:
                    break
                _sleep(wake, 0.1)
                for child in group:
                    child.remind_to_stop()
            for child in group:
                child.finish(guardian)


@dataclass
class Child:
    """One process with all its forks: they share a process group, which ends with it."""

    program: Program
    process: subprocess.Popen[bytes] | Adopted | None = None
    started: float = 0.0
    deaths: int = 0
    start_at: float = 0.0
    reminded: float = 0.0

    def begin(self, guardian: Guardian, begun: int | None = None) -> None:
        """Start the process in a session of its own, out of reach of the terminal's Ctrl-C, or take in a begun one."""
        if begun is not None:
            self.process = Adopted(begun)
        else:
            self.process = subprocess.Popen(
                self.program.command,
                env=os.environ | CHILD_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if self.program.silent else None,
                start_new_session=True,
            )
        self.started = time.monotonic()
        guardian.watch(self.process.pid)

    def keep(self, guardian: Guardian) -> None:
        """Start the process again, after a pause that grows, when it died."""
        if self.process is None:
            if time.monotonic() >= self.start_at:
                self.begin(guardian)
        elif self.process.poll() is not None:
            self._bury(self.process, guardian)

    def _bury(self, process: subprocess.Popen[bytes] | Adopted, guardian: Guardian) -> None:
        now = time.monotonic()
        self.deaths = 0 if now - self.started > STEADY_AFTER else self.deaths
        pause = min(LONGEST_PAUSE, 0.25 * 2**self.deaths)
        self.deaths += 1
        self.finish(guardian)
        self.start_at = now + pause
        cause = _cause(process.returncode or 0)
        _say(f"The {self.program.name} stopped ({cause}); it starts again in {pause:g} s.")

    def ask_to_stop(self) -> None:
        """Ask the process to stop; it passes the request on to its forks."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
        self.reminded = time.monotonic()

    def remind_to_stop(self) -> None:
        """Ask the forks too, once a second; never those of the web server, which would cut replies off."""
        if self.process is None or not self.program.remind:
            return
        if time.monotonic() - self.reminded > 1:
            signal_group(self.process.pid, signal.SIGTERM)
            self.reminded = time.monotonic()

    def is_there(self) -> bool:
        """Return whether the process or one of its forks is alive."""
        if self.process is None:
            return False
        return self.process.poll() is None or group_lives(self.process.pid)

    def finish(self, guardian: Guardian) -> None:
        """Kill what is left of the process and its forks."""
        if self.process is None:
            return
        signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()
        guardian.forget(self.process.pid)
        self.process = None


@dataclass
class Adopted:
    """A process that this one had begun before it became the supervisor, to be asked as a `Popen` is."""

    pid: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, None while it lives."""
        if self.returncode is None:
            self._bury(os.WNOHANG)
        return self.returncode

    def wait(self) -> None:
        """Wait for its end."""
        if self.returncode is None:
            self._bury(0)

    def terminate(self) -> None:
        """Ask it to stop."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def _bury(self, how: int) -> None:
        try:
            pid, status = os.waitpid(self.pid, how)
        except ChildProcessError:  # buried with its group
            self.returncode = 0
        else:
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None


def _answers(host: str, port: int) -> bool:
    """Return whether the product says that it is able to serve."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((reachable, port), timeout=1) as connection:
            connection.sendall(request)
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def _sleep(wake: int, seconds: float) -> None:
    """Wait for a signal, at the most so long."""
    if select.select([wake], [], [], seconds)[0]:
        os.read(wake, 1024)


def _cause(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
