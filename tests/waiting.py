"""Waiting for something that other threads or processes bring about."""

import threading
import time
from collections.abc import Callable


def eventually[T](condition: Callable[[], T], timeout: float = 10.0, what: str = "") -> T:
    """Return the condition's first true value; fail when it stays false for `timeout` seconds."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"still not true after {timeout} s: {what or condition}")
        pause.wait(0.02)
