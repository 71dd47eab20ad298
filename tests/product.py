"""The real product as its processes, for tests that start, stop and kill it."""

import contextlib
import functools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

import psutil
import requests

from tests.waiting import eventually
from venice_site.simulator import Simulator

ROOT = Path(__file__).resolve().parent.parent
NEVER_GIVEN = range(20_000, 32_000)  # below the ports that Linux gives to connections


def free_port() -> int:
    """Return a loopback port on which nothing listens, and which no connection of others is given meanwhile."""
    while True:
        port = secrets.choice(NEVER_GIVEN)
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port


SECRET_KEY = "a secret key for the journeys, as long as a secret key should be"
REFRESH = "from venice_site.venice.tasks import refresh_catalogue; refresh_catalogue.func()"
ADMINISTRATOR = {"ADMIN_USERNAME": "admin", "ADMIN_PASSWORD": "a-password-for-the-journey"}


def _surroundings(**more: str) -> dict[str, str]:
    """Return the environment of this process without what it says of Venice and the database, and more."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("VENICE_") and name != "DATABASE_URL"
    }
    return {**kept, "SECRET_KEY": SECRET_KEY, **ADMINISTRATOR, **more}


@functools.cache
def _prepared() -> Path:
    """Return data as the first start leaves them, made once in a process of the tests: it takes a while.

    The lists of the stand-in are read already, so that no list of models changes under a person's hands.
    """
    folder = Path(tempfile.mkdtemp(prefix="product-", dir=os.environ["DATA_DIR"]))
    with Simulator() as stand_in:
        for command in (["prepare"], ["shell", "--command", REFRESH]):
            subprocess.run(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=_surroundings(DATA_DIR=str(folder), VENICE_STAND_IN_URL=stand_in.url),
                check=True,
                capture_output=True,
            )
    return folder


def _kill(processes: list[psutil.Process]) -> None:
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # some end with their parent
            one.kill()


class Product:
    """`manage.py serve` with data of its own; killed at the end of the block.

    Its database is made already, unless it gets an administrator of its own.
    """

    username = ADMINISTRATOR["ADMIN_USERNAME"]
    password = ADMINISTRATOR["ADMIN_PASSWORD"]

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.stand_in = f"http://127.0.0.1:{free_port()}"
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:  # an interrupt too must leave no process behind
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(self) -> None:
        """Start every process and wait until pages are served."""
        environment = _surroundings(
            DATA_DIR=str(self.data),
            STATIC_ROOT=str(ROOT / "staticfiles"),
            HOST="127.0.0.1",
            PORT=str(self.port),
            VENICE_STAND_IN_URL=f"{self.stand_in}/api/v1",
            STOP_GRACE="3",
        )
        environment |= self.environment
        if not self.data.exists() and not ADMINISTRATOR.keys() & self.environment.keys():
            shutil.copytree(_prepared(), self.data)
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        eventually(self.answers, 60, f"the product answers\n{self.log()}")

    def answers(self) -> bool:
        """Return whether pages are served now."""
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return requests.get(f"{self.url}/healthz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def stop(self) -> int:
        """Stop as Ctrl-C does and return the exit code; whatever is left is killed."""
        assert self.process is not None
        family = self.family()
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(20)
        finally:
            self.end(family)

    def end(self, family: list[psutil.Process] | None = None) -> None:
        """Kill whatever runs, of all the product or of a family that was seen before."""
        _kill(self.family() if family is None else family)
        if self.process is not None:
            self.process.wait(5)

    def family(self) -> list[psutil.Process]:
        """Return every process of the product, the supervisor first."""
        assert self.process is not None
        try:
            supervisor = psutil.Process(self.process.pid)
            return [supervisor, *supervisor.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def members(self, word: str) -> list[psutil.Process]:
        """Return the processes whose command line has a word: "granian" or "steady_queue"."""
        found = []
        for member in self.family():
            try:
                if any(word in part for part in member.cmdline()):
                    found.append(member)
            except psutil.NoSuchProcess:
                continue
        return found

    def kill(self, *words: str) -> None:
        """Kill with SIGKILL every process of these kinds at once; without words, the whole product."""
        victims = [m for word in words for m in self.members(word)] if words else self.family()
        assert victims
        _kill(victims)
        psutil.wait_procs(victims, timeout=5)
        if not words and self.process is not None:
            self.process.wait(5)

    def log(self) -> str:
        """Return the end of what the processes printed."""
        path = self.data / "log.txt"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""
