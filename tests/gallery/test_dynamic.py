"""One prompt that stands for many."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.dynamic import Misspelt, lists_named, read

LISTS = {"animal": ["heron", "otter", "fox"]}


def every(text: str) -> list[str]:
    return list(read(text, LISTS).every())


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        ("a heron", ["a heron"]),
        ("a {red|blue} fox", ["a red fox", "a blue fox"]),
        ("{a|b} {1|2}", ["a 1", "a 2", "b 1", "b 2"]),
        ("{2$$a|b|c}", ["a, b", "a, c", "b, c"]),
        ("{1-2$$ and $$a|b}", ["a", "b", "a and b"]),
        ("{0-1$$a}!", ["!", "a!"]),
        ("an {old {red|blue}|new} boat", ["an old red boat", "an old blue boat", "an new boat"]),
        ("a {|very }cold day", ["a cold day", "a very cold day"]),
        ("one __animal__", ["one heron", "one otter", "one fox"]),
        ("{__animal__|a boat}", ["heron", "otter", "fox", "a boat"]),
        (r"\{a|b\} and \__animal__", ["{a|b} and __animal__"]),
        ('{"subject": {"name": "fox"}}', ['{"subject": {"name": "fox"}}']),
        ("{a | b", ["{a | b"]),
        ("a | b}", ["a | b}"]),
        (r"C:\new", [r"C:\new"]),
    ],
)
def test_a_prompt_stands_for_these(text: str, prompts: list[str]) -> None:
    assert every(text) == prompts
    assert read(text, LISTS).count() == len(prompts)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a __plant__", "There is no word list called plant"),
        ("{3$$a|b}", "cannot choose from 2 options"),
        ("{2-1$$a|b|c}", "cannot choose from 3 options"),
        ("{a|" * 9 + "b" + "}" * 9, "too deep"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, sentence: str) -> None:
    with pytest.raises(Misspelt, match=sentence):
        read(text, LISTS)


def test_the_names_of_lists_are_found_whatever_their_case() -> None:
    assert lists_named("__Animal__ and __night-sky__ but not __ this __") == {"animal", "night-sky"}


def test_millions_of_prompts_are_counted_without_being_written() -> None:
    assert read("{a|b|c|d|e|f|g|h|i|j}" * 9, LISTS).count() == 10**9
    assert read("{20$$" + "|".join("ab" * 20) + "}", LISTS).count() == 137846528820


def test_braces_without_end_are_read_in_one_pass() -> None:
    assert read("{" * 30_000, LISTS).count() == 1


def test_one_at_random_is_one_of_all() -> None:
    phrase = read("a {2$$red|blue|green} __animal__", LISTS)
    found = {phrase.one(Random(seed)) for seed in range(200)}
    assert found == set(phrase.every())


@given(st.text(alphabet="{}|$12ab_\\ ", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        phrase = read(text, LISTS)
    except Misspelt:
        return
    if phrase.count() <= 200:
        assert len(list(phrase.every())) == phrase.count()
