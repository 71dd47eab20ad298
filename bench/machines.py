"""The processes that are measured: the upstream, the product, and a bare relay as the floor."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

import psutil
import requests

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "a-password-for-the-bench"
THREADS = "256"


def free_port() -> int:
    """Return a loopback port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Machine(ABC):
    """A process with its children, listening on a port of its own."""

    health = "/healthz"

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.started_in = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command line."""

    def environment(self) -> dict[str, str]:
        """Return what the environment holds beyond our own."""
        return {}

    def __enter__(self) -> Self:
        began = time.monotonic()
        self._process = subprocess.Popen(
            self.command(),
            cwd=ROOT,
            env=os.environ | self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() - began > 60:
                raise RuntimeError(f"{self.command()} does not answer")
            time.sleep(0.02)
        self.started_in = time.monotonic() - began
        return self

    def __exit__(self, *_: object) -> None:
        family = self.family()
        if self._process is not None:
            self._process.terminate()
            psutil.wait_procs(family, timeout=15)
        for member in family:
            if member.is_running():
                member.kill()

    def _answers(self) -> bool:
        try:
            return requests.get(self.url + self.health, timeout=1).status_code < 500
        except requests.RequestException:
            return False

    def family(self) -> list[psutil.Process]:
        """Return the process and all its children."""
        if self._process is None:
            return []
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def processor_time(self, word: str = "granian") -> float:
        """Return the processor seconds used so far by the processes whose command has this word."""
        members = [m for m in self.family() if any(word in part for part in m.cmdline())]
        return float(sum(m.cpu_times().user + m.cpu_times().system for m in members))


class Upstream(Machine):
    """The stand-in for Venice, with a pace."""

    health = "/api/v1/models"

    def command(self) -> list[str]:
        """Return the command line."""
        module = [sys.executable, "-m", "venice_site.simulator", "--quiet"]
        return [*module, "--port", str(self.port), "--first-token-ms", "20"]

    def set_pace(self, tokens_per_second: float) -> None:
        """Set how fast replies are written from now on, with no limit on their number."""
        key = {"secret": "bench-key", "request_limit": 10**9}
        requests.post(f"{self.url}/_control/keys", json=key, timeout=5).raise_for_status()
        pace = {"tokens_per_second": tokens_per_second, "first_token_ms": 20}
        requests.post(f"{self.url}/_control/settings", json=pace, timeout=5).raise_for_status()


class Product(Machine):
    """The product as people run it, with a key that leads to the upstream."""

    def __init__(self, folder: Path, upstream: Upstream) -> None:
        super().__init__()
        self.folder = folder
        self.upstream = upstream

    def command(self) -> list[str]:
        """Return the command line."""
        return [sys.executable, "manage.py", "serve"]

    def environment(self) -> dict[str, str]:
        """Return what the environment holds beyond our own."""
        return {
            "DATA_DIR": str(self.folder / "data"),
            "PORT": str(self.port),
            "ADMIN_PASSWORD": PASSWORD,
            "VENICE_BASE_URL": f"{self.upstream.url}/api/v1",
            "VENICE_API_KEYS": "bench-key",
            "LOG_LEVEL": "ERROR",
            "STOP_GRACE": "2",
        }

    def sign_in(self) -> requests.Session:
        """Return a session that is signed in through the real form, its keys unlimited in parallel."""
        session = requests.Session()
        page = session.get(f"{self.url}/accounts/login/", timeout=10).text
        answer = session.post(
            f"{self.url}/accounts/login/",
            data={"login": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token_in(page)},
            timeout=10,
        )
        answer.raise_for_status()
        return session


class Floor(Machine):
    """A bare Django relay on the same server: no session, no row, no work of its own."""

    health = "/ready"

    def __init__(self, upstream: Upstream) -> None:
        super().__init__()
        self.upstream = upstream

    def command(self) -> list[str]:
        """Return the command line."""
        server = [sys.executable, "-m", "granian", "--interface", "wsgi", "bench.floor:application"]
        options = ["--workers", "1", "--blocking-threads", THREADS, "--http", "1", "--no-ws"]
        return [*server, "--host", "127.0.0.1", "--port", str(self.port), *options]

    def environment(self) -> dict[str, str]:
        """Return what the environment holds beyond our own."""
        return {"FLOOR_UPSTREAM": f"{self.upstream.url}/api/v1"}


def token_in(page: str) -> str:
    """Return the CSRF token of a page."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    if found is None:
        raise RuntimeError("the page has no form")
    return found[1]
