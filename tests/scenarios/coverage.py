"""Which numbers of the two lists are played by a test that needs more than a row."""

from collections.abc import Callable

CONTRACT_NUMBERS = range(1, 57)
FAULT_NUMBERS = range(1, 37)
ALSO = {  # "also worth a slot", numbered on
    37: "a redirect to another host",
    38: "a content violation with 200",
    39: "a date on which the model ends",
    40: "nothing remains, said by a 200",
    41: "a key switched off during a call",
    42: "a limit lowered below what is used",
}
FAULT_LETTERS = "abcdefghij"  # of number 36

played: dict[str, set[int | str]] = {"contract": set(), "faults": set()}


def plays[F: Callable[..., object]](sheet: str, *numbers: int | str) -> Callable[[F], F]:
    """Note that a test plays these numbers of a list."""
    played[sheet].update(numbers)
    return lambda test: test
