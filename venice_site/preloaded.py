"""The first web server and worker: forks of `manage.py serve`, which has loaded everything anyway.

Loaded anew they would serve the first page a second later. They load what is left while the database is
prepared, and wait for the word to begin. What dies is started again by its own command.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import sys
import traceback
from collections.abc import Iterable, Sequence
from typing import NoReturn

from django.db import connections
from django.urls import get_resolver
from setproctitle import setproctitle

from venice_site.supervisor import MOST_ARENAS, Program

GO = b"!"
M_ARENA_MAX = -8  # of mallopt, in glibc's malloc.h


class Preloaded:
    """Processes that wait, loaded, for the word to begin; they end when nobody can give it any more."""

    def __init__(self, programs: Iterable[Program]) -> None:
        connections.close_all()  # SQLite breaks a database that a fork goes on with
        ear, self._mouth = os.pipe()
        self.pids = {program.name: self._fork(program, ear) for program in programs}
        os.close(ear)

    def begin(self) -> None:
        """Let every one of them do its work."""
        os.write(self._mouth, GO * len(self.pids))
        os.close(self._mouth)

    def _fork(self, program: Program, ear: int) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if not pid:
            os.close(self._mouth)
            _become(program, ear)
        return pid


def _become(program: Program, ear: int) -> NoReturn:
    """Be the interpreter that was asked to run a script, or a module with -m."""
    code, command = 1, program.command[1:]
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _spare_memory()
        if program.name == "web server":
            get_resolver().url_patterns  # noqa: B018  loads every page
        if os.read(ear, 1) == GO:
            setproctitle(" ".join((sys.executable, *command)))
            _run(command)
            code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else bool(end.code)
    except BaseException:  # a fork must never go on with what its parent is at
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(command: Sequence[str]) -> None:
    if command[0] == "-m":
        sys.argv = list(command[1:])
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(command)
        runpy.run_path(command[0], run_name="__main__")


def _spare_memory() -> None:
    """Do what `MALLOC_ARENA_MAX` does for a process that is started with it; other C libraries have no arenas."""
    if hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(M_ARENA_MAX, MOST_ARENAS)
