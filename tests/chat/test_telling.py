"""Who writes a reply tells of its words, and rests while many stand in line to ask, and not otherwise."""

from types import SimpleNamespace

import pytest

from chat.models import Message
from chat.replies import live as module
from chat.replies.live import REST, REST_EVERY, LiveReply, News, Watch
from venice_site.accounts.models import User
from venice_site.venice.service import Venice
from venice_site.venice.types import ChatOrder, Delta


class Clock:
    """A clock that only moves when somebody sleeps, and knows for how long they did."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Return the seconds on the clock."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def writing() -> LiveReply:
    return LiveReply(Message(), ChatOrder("m", ()), Venice(User()))


def crowd(monkeypatch: pytest.MonkeyPatch, *, is_there: bool) -> None:
    monkeypatch.setattr(module, "line", SimpleNamespace(is_crowded=is_there))


def hear(live: LiveReply) -> None:
    """Take in a word that came alone."""
    live.take(Delta("word "))
    live.tell()


def test_nobody_rests_while_few_want_to_ask(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(monkeypatch, is_there=False)
    live = writing()
    for _ in range(10):
        hear(live)
    assert clock.slept == []


def test_in_a_crowd_words_gather_and_are_shown_in_between(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(monkeypatch, is_there=True)
    live = writing()
    for _ in range(10):  # words that came together are not parted by further rests
        hear(live)
    assert clock.slept == [REST]
    clock.now += REST_EVERY - REST
    hear(live)
    assert clock.slept == [REST, REST]


def test_nobody_rests_before_the_first_words(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(monkeypatch, is_there=True)
    live = writing()
    for _ in range(10):  # Venice is asked, its headers come
        live.tell()
    assert clock.slept == []


def test_viewers_hear_of_words_once_all_that_came_together_are_taken_in() -> None:
    live = writing()
    first, second = Watch(live), Watch(live)
    live.take(Delta("Once "))
    live.take(Delta("upon"))
    assert first._bell.locked()
    live.tell()
    assert [one.news(5).text for one in (first, second)] == ["Once upon", "Once upon"]
    live.tell()  # nothing is new
    assert first._bell.locked()
    live.take(Delta(" a time"))
    live.tell()
    live.end()
    assert first.news(5) == News(" a time", "", ended=True)
