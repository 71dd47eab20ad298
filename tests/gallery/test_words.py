"""Words and queries: what is read out of text, and that nothing a person types is an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.query import MOST_PARTS, Part, Query
from gallery.words import MOST_WORDS, forms, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A Heron, in FOG!", ["a", "heron", "in", "fog"]),
        ("Ünïcode çafé", ["unicode", "cafe"]),
        ("富士山の夕日", ["富", "士", "山", "の", "夕", "日"]),
        ("fox🦊fox", ["fox", "🦊", "fox"]),
        ("35mm f_1.8", ["35mm", "f", "1", "8"]),
        ("Ελλάδα зима", ["ελλαδα", "зима"]),
        ("'\"();:*^-{}", []),
        ("", []),
    ],
)
def test_text_falls_into_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_a_very_long_text_has_an_end() -> None:
    assert len(words("x " * 20_000)) == MOST_WORDS


@pytest.mark.parametrize(
    ("one", "other"),
    [("heron", "herons"), ("cities", "city"), ("fox", "foxes"), ("city", "cities")],
)
def test_a_word_is_known_in_its_other_number(one: str, other: str) -> None:
    assert other in forms(one)


def test_a_query_falls_into_words_phrases_and_filters() -> None:
    query = Query.parse('heron -snow "red fox" model:"Film Noir" -tag:draft rating:>=3')
    assert query.parts == (
        Part("heron"),
        Part("snow", is_negated=True),
        Part("red fox", is_quoted=True),
        Part("Film Noir", "model"),
        Part("draft", "tag", is_negated=True),
        Part(">=3", "rating"),
    )


@pytest.mark.parametrize("text", ["12:30", "http://a.b/c", "nosuch:thing"])
def test_a_colon_elsewhere_is_a_word(text: str) -> None:
    assert Query.parse(text).texts[0].value == text


def test_a_long_query_is_cut_and_says_so() -> None:
    query = Query.parse(" ".join(f"word{n}" for n in range(100)))
    assert (len(query.parts), query.is_cut) == (MOST_PARTS, True)


@given(st.text(max_size=200))
def test_any_text_is_a_query_that_reads_itself_back(text: str) -> None:
    query = Query.parse(text)
    assert Query.parse(str(query)).parts == query.parts


def test_a_part_is_taken_away_and_put_back() -> None:
    query = Query.parse("heron model:flux")
    without = query.without(Part("flux", "model"))
    assert str(without) == "heron"
    assert without.having(Part("flux", "model")) == query
