"""Times, durations and money read the same way everywhere."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from venice_site.templatetags.studio import ago, in_words, seconds, usd

NOW = datetime(2026, 3, 14, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=44), "just now"),
        (timedelta(seconds=50), "1 min ago"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(minutes=59, seconds=40), "1 h ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(hours=30), "yesterday"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=30), "12 Feb"),
        (timedelta(days=400), "7 Feb 2025"),
    ],
)
def test_a_moment_reads_as_people_say_it(passed: timedelta, words: str) -> None:
    assert in_words(NOW - passed, NOW) == words


def test_a_moment_tells_the_exact_time_on_hover() -> None:
    shown = ago(timezone.now() - timedelta(minutes=3))
    assert shown.startswith('<time datetime="')
    assert "UTC" in shown
    assert shown.endswith(">3 min ago</time>")
    assert ago(None) == ""


@pytest.mark.parametrize(
    ("micro", "words"),
    [
        (0, "$0.00"),
        (12_000, "$0.012"),
        (10_000, "$0.01"),
        (500_000, "$0.50"),
        (1_500_000, "$1.50"),
        (1_234_567_890, "$1,234.57"),
        (160, "$0.0002"),
        (7, "<$0.0001"),
        (-12_000, "-$0.012"),
        (999_990, "$1.00"),
        (None, ""),
    ],
)
def test_money_shows_as_many_digits_as_it_needs(micro: int | None, words: str) -> None:
    assert usd(micro) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (0.42, "0.4 s"),
        (12, "12 s"),
        (timedelta(seconds=59.7), "1 min"),
        (185, "3 min 5 s"),
        (7440, "2 h 4 min"),
        (3600, "1 h"),
        (None, ""),
    ],
)
def test_a_duration_reads_as_people_say_it(duration: timedelta | float | None, words: str) -> None:
    assert seconds(duration) == words
