"""A team of processes on each engine, which all races of a run share."""

from collections.abc import Iterator

import pytest

from tests.databases import ENGINES, databases
from tests.races.team import Team

PROCESSES = 4
THREADS = 25

pytest.register_assert_rewrite("tests.races.races")


@pytest.fixture(scope="session", params=ENGINES)
def team(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("races")
    with (
        databases(request.param, folder) as fresh,
        Team(fresh(), processes=PROCESSES, threads=THREADS) as team,
    ):
        yield team
