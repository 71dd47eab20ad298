"""A short soak: the long one is `make soak`."""

import subprocess
import sys

import pytest

from tests.product import ROOT

pytestmark = pytest.mark.long


def test_after_many_calls_and_faults_the_books_are_in_order() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--calls", "120", "--engine", "sqlite"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "The books are in order." in done.stdout
