"""Ends what the supervisor leaves behind when it is killed; and process groups, which end as one.

Only the standard library is imported, as in the supervisor.
"""

from __future__ import annotations

import os
import signal
import time

KILL_AFTER = 2.0  # seconds past the grace period until SIGKILL
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Guardian:
    """A twin of the supervisor that ends the process groups left behind when the supervisor is killed.

    It reads a pipe whose other end only the supervisor holds: the end of the file is the death.
    """

    def __init__(self, grace: float) -> None:
        self.grace = grace
        self.groups: set[int] = set()
        self.pid = self.pipe = 0
        self._fork()

    def _fork(self) -> None:
        readable, self.pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.pipe)
            _guard(readable, self.groups, self.grace)
            os._exit(0)
        os.close(readable)

    def keep(self) -> None:
        """Replace the guardian when it died."""
        if os.waitpid(self.pid, os.WNOHANG) != (0, 0):
            os.close(self.pipe)
            self._fork()

    def watch(self, group: int) -> None:
        """Put a process group under guard."""
        self.groups.add(group)
        self._tell(group)

    def forget(self, group: int) -> None:
        """Take a process group that has ended off the list."""
        self.groups.discard(group)
        self._tell(-group)

    def _tell(self, word: int) -> None:
        try:
            os.write(self.pipe, f"{word}\n".encode())
        except BrokenPipeError:
            return  # it died; `keep` makes another, which knows the groups from the start


def _guard(lifeline: int, groups: set[int], grace: float) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    os.setsid()
    with os.fdopen(lifeline) as words:
        for word in words:
            group = int(word)
            groups = groups | {group} if group > 0 else groups - {-group}
    for group in groups:
        _ask_head(group)
    deadline = time.monotonic() + grace + KILL_AFTER
    while any(group_lives(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.1)
    for group in groups:
        signal_group(group, signal.SIGKILL)


def _ask_head(group: int) -> None:
    """Ask the process that a group is named after to stop; it passes the request on to its forks."""
    try:
        os.kill(group, signal.SIGTERM)
    except ProcessLookupError:
        return  # already gone; its forks are killed with the group


def signal_group(group: int, number: int) -> bool:
    """Signal a process group; return whether somebody was there."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says "permission" of a group of zombies
        return False
    return True


def group_lives(group: int) -> bool:
    """Return whether a process group has members, having buried those that became our orphans."""
    try:
        while os.waitpid(-group, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass
    return signal_group(group, 0)
