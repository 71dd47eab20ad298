"""Fragments that are drawn once for each look and filled in for each object."""

import pytest
from django.template import Context, Template
from django.test import override_settings
from django.utils.safestring import mark_safe

from venice_site.shell import Person
from venice_site.skeletons import FIRST_NUMBER, MARK, Gaps, Skeleton, kept

TEMPLATE = Template(
    "<p id='{{ pk }}'>{% if bold %}<b>{{ words }}</b>{% else %}{{ words }}{% endif %} {{ pk }}{{ html }}</p>"
)


def sheet() -> tuple[Skeleton[bool], list[bool]]:
    drawn: list[bool] = []

    @Skeleton
    def draw(bold: bool, gaps: Gaps) -> str:
        drawn.append(bold)
        told = {"pk": gaps.number("pk"), "words": gaps.words("words"), "html": gaps.words("html")}
        return TEMPLATE.render(Context({**told, "bold": bold}))

    return draw, drawn


def told(**more: object) -> dict[str, object]:
    return {"pk": 7, "words": "a", "html": mark_safe("<i>b</i>"), **more}


def test_every_gap_is_filled_wherever_it_stands() -> None:
    draw, _ = sheet()
    assert draw.fill(False, told()) == "<p id='7'>a 7<i>b</i></p>"
    assert draw.fill(True, told(pk=123)) == "<p id='123'><b>a</b> 123<i>b</i></p>"


def test_a_look_is_drawn_once() -> None:
    draw, drawn = sheet()
    for pk in range(5):
        draw.fill(pk % 2 == 0, told(pk=pk))
    assert sorted(drawn) == [False, True]


@override_settings(DEBUG=True)
def test_a_look_is_drawn_anew_while_its_template_is_written() -> None:
    draw, drawn = sheet()
    draw.fill(True, told())
    draw.fill(True, told())
    assert drawn == [True, True]


@pytest.mark.parametrize(
    "words",
    ["<script>", f"{MARK}pk\ue001", str(FIRST_NUMBER), "'\"&"],
    ids=["markup", "mark", "number", "quotes"],
)
def test_what_is_filled_in_is_text_and_nothing_else(words: str) -> None:
    draw, _ = sheet()
    plain = TEMPLATE.render(Context(told(words=words) | {"bold": False}))
    assert draw.fill(False, told(words=words)) == plain


def test_a_look_that_is_forgotten_fails() -> None:
    draw, _ = sheet()
    with pytest.raises(KeyError, match="html"):
        draw.fill(True, {"pk": 1, "words": "a"})


BESIDE = "chat/beside_choice.html"


def test_a_fragment_is_drawn_once_for_the_same_values() -> None:
    def choice(**more: object) -> str:
        told = {"label": "Ask <these>", "models": (("a", "A & B"),), "chosen": (), "is_open": False}
        return kept(BESIDE, **{**told, **more})

    assert "Ask &lt;these&gt;" in choice()
    assert "A &amp; B" in choice()
    assert choice() == choice()
    assert "checked" in choice(chosen=("a",))
    assert "checked" not in choice(chosen=("b",))


def test_the_token_of_a_form_in_a_fragment_is_the_page_s() -> None:
    told = {"room": "chat", "person": Person("Alice", "alice", False), "tightest": None}
    for token in ("one", "another"):
        assert f'name="csrfmiddlewaretoken" value="{token}"' in kept("rail.html", token, **told)


def test_a_fragment_refuses_what_could_be_taken_for_something_else() -> None:
    with pytest.raises(TypeError, match="escaped already"):
        kept(BESIDE, label=mark_safe("<b>"))
    with pytest.raises(TypeError, match="unhashable"):
        kept(BESIDE, models=["a"])
