"""One stand-in for all examples, as good as new for each."""

from collections.abc import Iterator

import pytest

from venice_site.simulator import Simulator


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def venice(running: Simulator) -> Simulator:
    running.clear()
    return running
