"""The sentences about models that leave."""

from datetime import date

import pytest

from venice_site.venice.retirement import deprecation_notice, is_retired, retirement_notice
from venice_site.venice.types import Model

TODAY = date(2026, 11, 20)


def leaving(**facts) -> Model:
    return Model("m", "text", "M", **facts)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, ""),
        ({"retires_on": "2026-12-01"}, "Leaves on 2026-12-01."),
        (
            {"retires_on": "2026-12-01", "replacement": "x"},
            "Leaves on 2026-12-01; use x then.",
        ),
        (
            {"retires_on": "2026-12-01", "replacement": "x", "replaced_by_venice": True},
            "Leaves on 2026-12-01; x answers from then on.",
        ),
        ({"retires_on": "2026-12-01", "warns_from": "2026-11-21"}, ""),
        ({"retires_on": "2026-12-01", "warns_from": "2026-11-20"}, "Leaves on 2026-12-01."),
        ({"retires_on": "2026-11-20"}, "Left on 2026-11-20."),
        ({"retires_on": "2026-11-01", "replacement": "x"}, "Left on 2026-11-01; use x instead."),
    ],
)
def test_a_model_that_leaves_says_when_and_what_to_use_then(facts, said):
    assert retirement_notice(leaving(**facts), TODAY) == said


def test_a_model_has_left_on_the_day_itself():
    assert is_retired(leaving(retires_on="2026-11-20"), TODAY)
    assert not is_retired(leaving(retires_on="2026-11-21"), TODAY)
    assert not is_retired(leaving(), TODAY)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, ""),
        ({"x-venice-model-id": "m", "cf-ray": "1"}, ""),
        ({"x-venice-deprecated": "false", "x-venice-model-id": "m"}, ""),
        ({"x-venice-deprecated": "true"}, "A model in use is about to leave."),
        (
            {
                "x-venice-model-id": "m",
                "x-venice-deprecated": "true",
                "x-venice-model-deprecation-date": "2026-12-01T00:00:00.000Z",
                "x-venice-deprecated-replacement": "x",
            },
            "m leaves on 2026-12-01; use x then.",
        ),
        (
            {"x-venice-model-id": "m", "x-venice-model-deprecation-warning": "Move on."},
            "m is about to leave. Venice says: Move on.",
        ),
    ],
)
def test_the_headers_of_an_answer_become_a_sentence(headers, said):
    assert deprecation_notice(headers) == said
