"""Keeps the threads that answer requests on one core, for the interpreter lets but one of them run at a time.

Measured in turn, fifty replies at a time take a sixth less processor time so. What computes without the interpreter,
like Pillow or the hashing of a password, may use every core meanwhile. When others keep our core busy, we move.

Only the standard library is imported. Where the system knows no affinity, or there is one core, nothing is done.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import wraps
from pathlib import Path

log = logging.getLogger("studio.cores")

LOOK_EVERY = 2.0  # seconds
WORTH_MOVING = 0.1  # of a core: so much less must others take of another one
STAT = Path("/proc/stat")
TASKS = Path("/proc/self/task")
COUNTED = slice(0, 8)  # fields of /proc/stat; those behind are counted in these once already
IDLE = slice(3, 5)  # those in which a core does nothing

_lock = threading.Lock()
_every: frozenset[int] = frozenset()  # the cores that this process may use
_ours: int | None = None  # the one that its threads are kept on


def on_one_core[**P, R](
    answer: Callable[P, R], *, look_every: float = LOOK_EVERY
) -> Callable[P, R]:
    """Keep on one core whatever thread answers, and the threads it starts; for one function of a process."""
    global _every, _ours
    _every = _usable()
    if len(_every) < 2:
        return answer
    _ours = random.choice(sorted(_every))
    here = threading.local()
    threading.Thread(target=_watch, args=(look_every,), name="cores", daemon=True).start()

    @wraps(answer)
    def joining(*args: P.args, **kwargs: P.kwargs) -> R:
        if not hasattr(here, "has_joined"):
            here.has_joined = True
            _stay()
        return answer(*args, **kwargs)

    return joining


def on_every_core[**P, R](work: Callable[P, R]) -> Callable[P, R]:
    """Let work that needs the interpreter little use any core while it lasts."""

    @wraps(work)
    def freely(*args: P.args, **kwargs: P.kwargs) -> R:
        if _ours is None or os.sched_getaffinity(0) == _every:
            return work(*args, **kwargs)
        _keep(0, _every)
        try:
            return work(*args, **kwargs)
        finally:
            _stay()

    return freely


def better(ours: int, busy: dict[int, float], own: float) -> int | None:
    """Return the core that others leave more of, None where we are well off.

    `busy` is the share of each core that was used, `own` the share of one core that we used on ours.
    """
    others = busy[ours] - own
    calmest = min(busy.keys() - {ours}, key=lambda core: busy[core])
    return calmest if busy[calmest] < others - WORTH_MOVING else None


def _usable() -> frozenset[int]:
    """Return the cores that this process may use, none where it cannot choose or its threads run side by side."""
    if not hasattr(os, "sched_setaffinity") or not sys._is_gil_enabled():
        return frozenset()
    return frozenset(os.sched_getaffinity(0) & _busy().keys())


def _stay() -> None:
    with _lock:
        assert _ours is not None
        _keep(0, {_ours})


def _watch(every: float) -> None:
    """Move when others keep our core busy and leave another one alone; who is not bound makes room by itself."""
    while _ours is not None:
        began, before, used = time.monotonic(), _busy(), time.process_time()
        time.sleep(every)
        passed = time.monotonic() - began
        after, own = _busy(), (time.process_time() - used) / passed
        if not after.keys() >= _every <= before.keys():
            continue  # a core was switched off
        share = {core: (after[core] - before[core]) / passed for core in _every}
        if (core := better(_ours, share, own)) is not None:
            log.info("core=%s others=%.2f", core, share[_ours] - own)
            _move(core)


def _move(core: int) -> None:
    global _ours
    with _lock:
        before, _ours = {_ours}, core
        for thread in (int(task.name) for task in TASKS.iterdir()):
            with suppress(ProcessLookupError):  # it has just ended
                if os.sched_getaffinity(thread) == before:
                    _keep(thread, {core})


def _keep(thread: int, cores: Collection[int]) -> None:
    """Keep a thread (0: this one) on some cores; it stays where it is when none of them is ours any more."""
    with suppress(OSError):
        os.sched_setaffinity(thread, cores)


def _busy() -> dict[int, float]:
    """Return the seconds for which each core has been busy; none where the system does not tell."""
    try:
        lines = [line.split() for line in STAT.read_text().splitlines() if line.startswith("cpu")]
    except OSError:
        return {}
    ticks = os.sysconf("SC_CLK_TCK")
    told = {name: list(map(int, fields)) for name, *fields in lines if name != "cpu"}
    return {
        int(name.removeprefix("cpu")): (sum(fields[COUNTED]) - sum(fields[IDLE])) / ticks
        for name, fields in told.items()
    }
