"""The stage of the scenarios: waits take no time, and a reply is written where it was asked for."""

import pytest

from chat import replies
from chat.replies import LiveReply, write_reply
from tests.scenarios.stage import Stage
from tests.venice.clocks import QuickClock
from venice_site.venice import service


@pytest.fixture
def clock(monkeypatch) -> QuickClock:
    """The one clock of every operation in this test."""
    clock = QuickClock()
    monkeypatch.setattr(service, "Clock", lambda: clock)
    return clock


@pytest.fixture
def stage(
    simulator,
    settings,
    alice,
    as_alice,
    clock,
    make_key,
    monkeypatch,
    django_capture_on_commit_callbacks,
) -> Stage:
    settings.VENICE_FALLBACK_TEXT_MODEL = ""
    monkeypatch.setattr(
        replies.writers,
        "start",
        lambda reply, order, venice: write_reply(LiveReply(reply, order, venice)),
    )
    commit = lambda: django_capture_on_commit_callbacks(execute=True)  # noqa: E731
    return Stage(simulator, settings, alice, as_alice, clock, make_key, commit)
