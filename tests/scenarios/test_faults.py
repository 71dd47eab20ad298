"""The fault injections of other gateways, played row by row."""

import pytest

from tests.scenarios.faults import FAULTS
from tests.scenarios.stage import Row, Stage


@pytest.mark.parametrize("row", FAULTS, ids=str)
def test_the_faults(row: Row, stage: Stage) -> None:
    stage.play(row)
