"""Migrated databases of both engines for real processes, each a copy of one that was migrated once."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import Postgres
from tests.product import ROOT

type Environment = dict[str, str]

ENGINES = ("sqlite", "postgresql")


@contextmanager
def databases(engine: str, folder: Path) -> Iterator[Callable[[], Environment]]:
    """Yield a function: it makes a new database and returns the environment of processes that use it."""
    numbers = itertools.count(1)
    original = environment(folder / "original")
    if engine == "sqlite":
        _migrate(original)

        def copy() -> Environment:
            data = folder / f"copy{next(numbers)}"
            shutil.copytree(folder / "original", data)
            return environment(data)

        yield copy
        return
    with Postgres() as server:
        original["DATABASE_URL"] = server.create()
        _migrate(original)

        def clone() -> Environment:
            made = environment(folder / f"copy{next(numbers)}")
            return {**made, "DATABASE_URL": server.create(original["DATABASE_URL"])}

        yield clone


def environment(data: Path) -> Environment:
    """Return the environment of a product that keeps its data in a folder; never somebody's own."""
    data.mkdir(parents=True, exist_ok=True)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("VENICE_") and name not in {"DATABASE_URL", "ENCRYPTION_KEYS"}
    }
    return {
        **inherited,
        "DATA_DIR": str(data),
        "DJANGO_SETTINGS_MODULE": "venice_site.settings",
        "SECRET_KEY": "a secret key that only the tests know, long enough to be one",
        "DATABASE_POOL": "30",
        "LOG_LEVEL": "ERROR",
    }


def _migrate(where: Environment) -> None:
    """Make the tables of the Venice service, and what they lean on."""
    command = [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity=0", "venice"]
    subprocess.run(command, cwd=ROOT, env=where, check=True)
