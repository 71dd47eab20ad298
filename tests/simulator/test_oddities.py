"""The rare scenarios: torn answers, bombs, wrong clocks, accounts that cannot be true."""

import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from venice_site.simulator import Simulator

from .conftest import Asker, frames, said

ODDITIES = {
    "empty-200",
    "edge-timeout",
    "gzip-bomb",
    "redirect-post",
    "rate-limited-clock",
    "stream-clean-end",
    "stream-odd-usage",
    "stream-torn",
    "truncated-headers",
}


def test_an_empty_200(ask: Asker, simulator: Simulator) -> None:
    simulator.fail("empty-200")

    answer = ask.image()

    assert (answer.status_code, answer.content) == (200, b"")


def test_an_edge_that_gave_up(ask: Asker, simulator: Simulator) -> None:
    simulator.fail("edge-timeout")

    answer = ask.image()

    assert (answer.status_code, answer.headers["content-type"]) == (524, "text/html")


def test_a_bomb_is_small_on_the_way(ask: Asker, simulator: Simulator) -> None:
    simulator.fail("gzip-bomb", megabytes=3)

    answer = ask.image()

    assert int(answer.headers["content-length"]) < 10_000
    assert len(answer.content) == 3 * 1024 * 1024


def test_a_redirect_that_wants_the_body_again(ask: Asker, simulator: Simulator) -> None:
    simulator.fail("redirect-post")

    answer = ask.image()

    assert (answer.status_code, answer.headers["location"]) == (
        307,
        "http://127.0.0.1:9/elsewhere",
    )


def test_a_clock_that_is_ahead(ask: Asker, simulator: Simulator) -> None:
    simulator.fail("rate-limited-clock", ahead=600, seconds=30)

    headers = ask.image().headers

    there = parsedate_to_datetime(headers["date"]).timestamp()
    assert there > time.time() + 590
    assert 28 <= int(headers["x-ratelimit-reset-requests"]) - there <= 31


def test_a_reset_as_it_was_given(ask: Asker, simulator: Simulator) -> None:
    simulator.fail("rate-limited-clock", reset="abc")

    assert ask.image().headers["x-ratelimit-reset-requests"] == "abc"


def test_a_stream_that_ends_as_if_it_were_whole(ask: Asker, simulator: Simulator) -> None:
    simulator.fail("stream-clean-end", after=3)

    found = frames(ask.stream())

    assert said(found) == "Herons stand still "
    assert found[-1]["choices"][0]["finish_reason"] is None


def test_an_account_that_cannot_be_true(ask: Asker, simulator: Simulator) -> None:
    simulator.fail("stream-odd-usage", prompt="-5", completion="1e30", usd="-1")

    *_, account, end = frames(ask.stream())

    assert account["usage"] == {"prompt_tokens": -5, "completion_tokens": 1e30}
    assert account["cost"] == {"usd": -1, "diem": 0}
    assert end == "[DONE]"


@pytest.mark.parametrize("name", ["stream-torn", "truncated-headers"])
def test_an_answer_that_is_torn(ask: Asker, simulator: Simulator, name) -> None:
    simulator.fail(name, times=1)

    try:
        torn = ask.stream().content
    except requests.RequestException:
        torn = b""
    assert b"[DONE]" not in torn
    assert ask.image().status_code == 200
