"""Every number of both lists is played: by a row or by a test."""

from collections.abc import Iterable

from tests.scenarios import (
    contract,
    faults,
    test_crashes,
    test_hard_cases,
    test_lists,
    test_pool,
    test_road,
)
from tests.scenarios.coverage import (
    ALSO,
    CONTRACT_NUMBERS,
    FAULT_LETTERS,
    FAULT_NUMBERS,
    played,
)
from tests.scenarios.stage import Row

WITH_TESTS_OF_THEIR_OWN = (
    test_crashes,
    test_hard_cases,
    test_lists,
    test_pool,
    test_road,
)  # they note on import


def numbers(sheet: str, *tables: Iterable[Row]) -> set[int | str]:
    return {row.number for table in tables for row in table} | played[sheet]


def test_all_of_the_contract_is_played() -> None:
    assert numbers("contract", contract.CONTRACT) == set(CONTRACT_NUMBERS)


def test_all_faults_of_other_gateways_are_played() -> None:
    wanted = {*FAULT_NUMBERS, *ALSO, *FAULT_LETTERS}
    assert numbers("faults", faults.FAULTS) == wanted


def test_no_row_is_written_twice() -> None:
    tables = (contract.CONTRACT, faults.FAULTS)
    for table in tables:
        assert len({str(row) for row in table}) == len(table)
