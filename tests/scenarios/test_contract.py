"""The checklist of the contract sheet, played row by row."""

import pytest

from tests.scenarios.contract import CONTRACT
from tests.scenarios.stage import Row, Stage


@pytest.mark.parametrize("row", CONTRACT, ids=str)
def test_the_contract(row: Row, stage: Stage) -> None:
    stage.play(row)
