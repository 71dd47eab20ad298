"""Fragments that are drawn once for each look and filled in for each object."""

import pytest
from django.template import Context, Template
from django.test import override_settings
from django.utils.safestring import mark_safe

from venice_site.skeletons import Gaps, Skeleton

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


@pytest.mark.parametrize("words", ["<script>", "\ue000pk\ue001", "8000000000000000000", "'\"&"])
def test_what_is_filled_in_is_text_and_nothing_else(words: str) -> None:
    draw, _ = sheet()
    plain = TEMPLATE.render(Context(told(words=words) | {"bold": False}))
    assert draw.fill(False, told(words=words)) == plain


def test_a_look_that_is_forgotten_fails() -> None:
    draw, _ = sheet()
    with pytest.raises(KeyError, match="html"):
        draw.fill(True, {"pk": 1, "words": "a"})
