"""What must follow and does not yet. Not collected: a row or test moves to its table once it holds.

`python -m pytest tests/scenarios/pending.py` plays them.
"""

import sqlite3
import threading
from contextlib import closing

import pytest
from django.db import DatabaseError, connection

from gallery.tasks import make_next_image
from gallery.tasks import sweep as gallery_sweep
from tests.scenarios.coverage import plays
from tests.scenarios.stage import (
    ANSWERED,
    CHEAP,
    CHEAP_WRITER,
    DEAR,
    DONE,
    EXACT,
    FAILED,
    FAILURES_AT_MOST,
    NOTHING,
    PICTURE,
    REPLY,
    SUSPECTED,
    WRITER,
    Row,
    Stage,
    fail,
    no_action_makes_too_many_calls,
)
from tests.scenarios.test_road import Impostor, impostor  # noqa: F401  a fixture
from venice_site.venice.models import Attempt, Call, QuotaBucket

FALLS_BACK = {"VENICE_FALLBACK_TEXT_MODEL": CHEAP_WRITER}

# fmt: off
CONTRACT = (
    # the model that answered is lost between Run.succeed and the row: the note says "Answered by  instead of"
    Row(16, "402: the reply knows who answered", REPLY, [fail("payment-balance", model=WRITER)], DONE, "credit does not cover", "out-of-credit ok", EXACT, 2, settings=FALLS_BACK, rests=("account:main out-of-credit",), also=lambda m: m.served_by == CHEAP_WRITER),
    # a picture that was made and paid for, and came damaged, is released as if it had cost nothing
    Row(7, "an image that is no base64", PICTURE, [fail("invalid-base64")], FAILED, "may have been charged", "bad-answer", SUSPECTED, 1),
    # the suggested prompt reaches the administrator's detail only
    Row(38, "422 with a suggested prompt", PICTURE, [fail("content-policy-suggestion")], FAILED, "A quiet harbour at dawn", "blocked", NOTHING, 1, waits=[]),
    # the person is told that the model they chose is gone; what is missing is credit
    Row(19, "404 of the cheaper model", PICTURE, [fail("payment-balance", model=DEAR), fail("model-not-found", model=CHEAP)], FAILED, "credit is used up", "out-of-credit model-gone", NOTHING, 2, model=DEAR, states="out-of-credit", rests=("account:main out-of-credit",)),
)
FAULTS = (
    # with a Retry-After of 30 s a picture goes back to the queue six times and never falls back
    Row(8, "429 of an overloaded model with the usual Retry-After", PICTURE, [fail("rate-limited-retry-after", model=DEAR, seconds=30)], DONE, "was overloaded", "overloaded ok", EXACT, 2, model=DEAR, rests=("everyone overloaded",), also=lambda i: i.model_used == CHEAP),
    # "in a moment" may be ten minutes: the sentence of a reply does not say when
    Row(6, "429 on all keys, and when it ends", REPLY, [fail("rate-limited-ms", seconds=300)], FAILED, r"again (at|in) \d", "rate-limited", NOTHING, 1, waits=[], rests=("account:main rate-limited",)),
    # a whole 200 that cannot be read is released as if it had cost nothing
    Row(19, "JSON that ends half way", PICTURE, [fail("broken-json")], FAILED, "may have been charged", "bad-answer", SUSPECTED, 1),
    Row(19, "JSON that ends half way", REPLY, [fail("broken-json")], FAILED, "may have been charged", "bad-answer", SUSPECTED, 1),
    Row(20, "an empty 200", PICTURE, [fail("empty-200")], FAILED, "may have been charged", "bad-answer", SUSPECTED, 1),
    Row(29, "bytes that are no picture", PICTURE, [fail("not-an-image")], FAILED, "may have been charged", "bad-answer", SUSPECTED, 1),
    Row(29, "half of a picture", PICTURE, [fail("truncated-image")], FAILED, "may have been charged", "bad-answer", SUSPECTED, 1),
    Row(30, "a gigantic body", PICTURE, [fail("endless-body", megabytes=80)], FAILED, "too large.*may have been charged", "bad-answer", SUSPECTED, 1),
    Row(30, "a bomb", PICTURE, [fail("gzip-bomb")], FAILED, "too large.*may have been charged", "bad-answer", SUSPECTED, 1),
    Row(30, "a picture with far too many pixels", PICTURE, [fail("oversized-image")], FAILED, "too many pixels.*may have been charged", "bad-answer", SUSPECTED, 1),
    # below zero beside a DIEM of 0 counts as free
    Row(34, "a cost below zero", REPLY, [fail("stream-odd-usage", prompt="20", completion="7", usd="-3")], DONE, "", "ok", ANSWERED, 1, also=lambda m: (m.cost_source, m.tokens_out) == ("catalogue", 7)),
)
# fmt: on


@pytest.mark.parametrize("row", [*CONTRACT, *FAULTS], ids=str)
def test_what_must_follow(row: Row, stage: Stage) -> None:
    stage.play(row)


# an attempt may hold three requests, and the next attempt asks in the old words again
def test_rewording_counts_among_the_seven_calls(stage: Stage) -> None:
    stage.make_key("one")
    for _ in range(5):
        stage.simulator.fail("bad-request-array", times=1)
        stage.simulator.fail("rate-limited-bare", times=1)
    stage.have(REPLY)
    no_action_makes_too_many_calls(len(stage.simulator.requests))


# each reply to a server that does not know a word of ours begins with a failure that nobody counts
def test_a_dialect_is_learned_once_and_not_with_a_failure_for_each_reply(stage: Stage) -> None:
    stage.make_key("one")
    for _ in range(25):
        stage.simulator.fail("bad-request-array", times=1)
        stage.simulator.fail("normal", times=1)
    for _ in range(25):
        reply, _ = stage.have(REPLY)
        assert reply.status == DONE
    failures = [request for request in stage.simulator.requests if request.status >= 400]
    assert len(failures) <= FAILURES_AT_MOST


# a request that was never sent eats the key's day: four units of a hundred for one outage
@plays("faults", 23)
def test_what_was_never_sent_is_given_back_to_the_keys_day(stage: Stage, settings) -> None:
    stage.make_key("one", daily_limit=100)
    settings.VENICE_BASE_URL = "http://127.0.0.1:9/api/v1"
    stage.have(PICTURE)
    assert QuotaBucket.objects.get(subject__startswith="key:").used == 0


# a certificate that nobody vouches for is tried four times and called "cannot be reached"
@plays("faults", 25)
def test_an_impostor_is_asked_once_and_named(stage: Stage, settings, impostor: Impostor) -> None:  # noqa: F811
    stage.make_key("one")
    settings.VENICE_BASE_URL = impostor.url
    image, _ = stage.have(PICTURE)
    assert "secure connection" in image.error
    assert "Nothing was charged" in image.error
    assert Attempt.objects.count() == 1


# the person reads a reply that stops in mid-sentence and nothing says why
@plays("contract", 49)
def test_an_answer_that_the_filter_ended_says_so(stage: Stage) -> None:
    stage.make_key("one")
    stage.simulator.fail("stream-content-filter", after=5)
    reply, _ = stage.have(REPLY)
    assert reply.finish_reason == "content_filter"
    assert "content policy" in stage.page_of(reply)


# a picture that was made and paid for is lost when the database does not answer at that moment
@plays("faults", 36, "h")
@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_locked_at_the_settling_loses_no_picture(stage: Stage, settings) -> None:
    stage.make_key("one")
    image = stage.submit()
    gate = stage.simulator.hold(path="/image/generate")

    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
        try:
            make_next_image.func()
        except DatabaseError:
            pass  # the queue marks the task as failed; what became of the picture is the question
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    assert gate.wait_for(1)
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        gate.open()
        worker.join(1.5)
        other.execute("ROLLBACK")
    worker.join()
    settings.RUN_STALE_AFTER = 0
    gallery_sweep.func()
    make_next_image.func()
    image.refresh_from_db()
    call = Call.objects.get()
    assert image.status == DONE
    assert image.file
    assert (call.state, call.cost, call.may_be_charged) == ("settled", 10_000, False)
    assert len(stage.simulator.requests) == 1
