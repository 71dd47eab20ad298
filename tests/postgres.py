"""A PostgreSQL of its own for a test: in a temporary folder, on a Unix socket alone, gone afterwards.

`python -m tests.postgres COMMAND …` carries out a command with one, as `DATABASE_URL`.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

OWNER = "postgres"  # who runs the server when the tests run as root, which it refuses
# Nothing of it outlives the test, so nothing must outlive a crash of the machine either.
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 300
shared_buffers = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
deadlock_timeout = 200ms
"""


class Postgres:
    """A running server; every database in it is reached by the address that `create` returns."""

    def __init__(self) -> None:
        self._programs = programs()
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path has 107 bytes
        self._count = 0

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self._folder, OWNER, OWNER)
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "--no-sync", "-A", "trust", "-U", "studio", "-E", "UTF8")
        with (self._folder / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write(SETTINGS.format(folder=self._folder))
        self._run("pg_ctl", "-D", data, "-l", str(self._folder / "log"), "-w", "start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            data = str(self._folder / "data")
            self._run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def create(self, like: str = "template1") -> str:
        """Make a database, empty or a copy of another one that nobody is connected to; return its address."""
        self._count += 1
        name = f"studio{self._count}"
        host = str(self._folder)
        like = like.rpartition("/")[2]
        self._run("createdb", "-h", host, "-U", "studio", "-T", like, "--strategy=file_copy", name)
        return f"postgresql://studio@{quote(host, safe='')}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            person = pwd.getpwnam(OWNER)
            owner = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
        subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            **owner,
        )


def programs() -> Path:
    """Return the folder of PostgreSQL's programs: Debian's newest, or where the shell finds them."""
    if debian := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version):
        return debian[-1].parent
    found = shutil.which("initdb")
    if found is None:
        raise FileNotFoundError(
            "PostgreSQL is not installed. On Debian: apt-get install postgresql"
        )
    return Path(found).resolve().parent


def _version(program: Path) -> int:
    return int(program.parent.parent.name)


if __name__ == "__main__":
    with Postgres() as server:
        surroundings = {**os.environ, "DATABASE_URL": server.create()}
        sys.exit(subprocess.run(sys.argv[1:], env=surroundings).returncode)
