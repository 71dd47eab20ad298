"""Who writes a reply rests while many stand in line to ask, and not otherwise."""

from types import SimpleNamespace

import pytest

from chat.models import Message
from chat.replies import live as module
from chat.replies.live import REST, REST_EVERY, LiveReply
from venice_site.accounts.models import User
from venice_site.venice.service import Venice
from venice_site.venice.types import ChatOrder


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


def test_nobody_rests_while_few_want_to_ask(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(monkeypatch, is_there=False)
    live = writing()
    for _ in range(10):
        live.give_way()
    assert clock.slept == []


def test_in_a_crowd_words_gather_and_are_shown_in_between(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(monkeypatch, is_there=True)
    live = writing()
    for _ in range(10):  # words that came together are not parted by further rests
        live.give_way()
    assert clock.slept == [REST]
    clock.now += REST_EVERY - REST
    live.give_way()
    assert clock.slept == [REST, REST]
