"""The pure parts of the bench: percentiles, table, JSON, and how streams are read."""

import json
import math

import pytest

from bench.figures import Figure, p50, p95, percentile, report, table
from bench.streams import Answer, studio_end, studio_words, upstream_words

FAST = Figure("First token added", 8.25, "ms", target=10, floor=2.0, p95=12.0)
SLOW = Figure("Start", 3.0, "s", target=2)
RATE = Figure("Reserve and settle", 180.0, "/s", target=200, at_least=True)
NOTHING = Figure("Gap", math.nan, "ms")


@pytest.mark.parametrize(("share", "value"), [(0.5, 5), (0.95, 10), (0.0, 1), (1.0, 10), (0.1, 1)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    assert percentile(range(10, 0, -1), share) == value


def test_percentiles_of_nothing_are_not_numbers() -> None:
    assert math.isnan(p50([]))
    assert math.isnan(p95([]))


def test_a_figure_knows_whether_it_reaches_its_target() -> None:
    assert FAST.is_reached
    assert not SLOW.is_reached
    assert not RATE.is_reached
    assert NOTHING.is_reached is None


def test_the_table_shows_target_floor_and_ratio_in_columns() -> None:
    head, _, fast, slow, rate, nothing = table([FAST, SLOW, RATE, NOTHING]).splitlines()
    assert " ".join(fast.split()) == "First token added 8.25 ms 12 ms ≤ 10 ms yes 2 ms 4.1x"
    assert " ".join(slow.split()) == "Start 3 s ≤ 2 s NO"
    assert "≥ 200/s" in rate
    assert nothing.split() == ["Gap", "-"]
    assert head.index("Floor") + len("Floor") == fast.rindex("2 ms") + len("2 ms")


def test_the_json_holds_everything_and_no_number_that_json_does_not_know() -> None:
    kept = json.loads(report([FAST, NOTHING], {"cores": 2}))
    assert kept["facts"] == {"cores": 2}
    assert kept["figures"][0]["ratio"] == 4.125
    assert kept["figures"][0]["is_reached"] is True
    assert kept["figures"][1]["measured"] is None


def test_a_chunked_answer_is_read_however_it_is_cut() -> None:
    wire = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    for cut in range(1, len(wire)):
        answer = Answer()
        body = answer.feed(wire[:cut]) + answer.feed(wire[cut:])
        assert (answer.status, body, answer.is_complete) == (200, b"hello world", True)


def test_an_answer_without_a_body_is_complete_with_its_head() -> None:
    answer = Answer()
    answer.feed(b"HTTP/1.1 200 OK\r\nHX-Redirect: /chat/7/\r\nContent-Length: 0\r\n\r\n")
    assert answer.is_complete
    assert answer.headers[b"hx-redirect"] == b"/chat/7/"


def test_only_words_of_the_reply_count_as_words() -> None:
    assert upstream_words(b'data: {"choices":[{"delta":{"content":"The"}}]}')
    assert not upstream_words(b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}')
    assert studio_words(b'event: tail\ndata: "<p>The</p>"')
    assert not studio_words(b'event: tail\ndata: ""')
    assert not studio_words(b'event: reasoning\ndata: "Let me think"')
    assert studio_words(
        b'event: reply\ndata: {"reasoning": "", "blocks": "", "tail": "<p>The</p>"}'
    )
    assert not studio_words(b'event: reply\ndata: {"reasoning": "Hm", "blocks": "", "tail": ""}')


def test_only_a_reply_that_succeeded_ends_well() -> None:
    assert studio_end(b'event: done\ndata: "<article data-status=\\"succeeded\\">"')
    assert not studio_end(b'event: done\ndata: "<article data-status=\\"failed\\">"')
