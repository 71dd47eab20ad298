"""What no row can tell: servers of another dialect, impostors, a database that is busy when it matters."""

import sqlite3
import threading
import uuid
from contextlib import closing, suppress

import pytest
from django.db import DatabaseError, connection

from chat.models import Message
from gallery.tasks import make_next_image
from gallery.tasks import sweep as gallery_sweep
from tests.scenarios.coverage import plays
from tests.scenarios.stage import (
    DONE,
    FAILURES_AT_MOST,
    PICTURE,
    REPLY,
    Stage,
    impatient,
    no_action_makes_too_many_calls,
    on_sqlite,
)
from tests.scenarios.test_road import Impostor, impostor  # noqa: F401  a fixture
from venice_site.venice.models import Attempt, Call, QuotaBucket


def test_rewording_counts_among_the_seven_calls(stage: Stage) -> None:
    stage.make_key("one")
    for _ in range(5):
        stage.simulator.fail("bad-request-array", times=1)
        stage.simulator.fail("rate-limited-bare", times=1)
    stage.have(REPLY)
    no_action_makes_too_many_calls(len(stage.simulator.requests))


def test_a_dialect_is_learned_once_and_not_with_a_failure_for_each_reply(stage: Stage) -> None:
    stage.make_key("one")
    for _ in range(25):
        stage.simulator.fail("unknown-word", words="stream_options", times=1)
    for _ in range(25):
        reply, _ = stage.have(REPLY)
        assert reply.status == DONE
    failures = [request for request in stage.simulator.requests if request.status >= 400]
    assert len(failures) <= FAILURES_AT_MOST


@plays("faults", 23)
def test_what_was_never_sent_is_given_back_to_the_keys_day(stage: Stage, settings) -> None:
    stage.make_key("one", daily_limit=100)
    settings.VENICE_BASE_URL = "http://127.0.0.1:9/api/v1"
    stage.have(PICTURE)
    assert QuotaBucket.objects.get(subject__startswith="key:").used == 0


@plays("faults", 25)
def test_an_impostor_is_asked_once_and_named(stage: Stage, settings, impostor: Impostor) -> None:  # noqa: F811
    stage.make_key("one")
    settings.VENICE_BASE_URL = impostor.url
    image, _ = stage.have(PICTURE)
    assert "secure connection" in image.error
    assert "Nothing was charged" in image.error
    assert Attempt.objects.count() == 1


def a_long_talk(stage: Stage) -> Message:
    """Three questions and their replies; return the last reply."""
    reply, _ = stage.have(REPLY)
    for _ in range(2):
        reply = go_on_talking(stage, reply)
    stage.simulator.clear()
    return reply


def go_on_talking(stage: Stage, reply: Message) -> Message:
    form = {"text": "And then?", "model": reply.model, "request_id": str(uuid.uuid4())}
    form["after"] = str(reply.pk)
    with stage.commit():
        answer = stage.client.post(f"/chat/{reply.conversation_id}/", form)
    assert answer.status_code in {200, 302}
    return Message.objects.replies().latest("pk")


@plays("contract", 33)
def test_the_oldest_turns_of_a_long_talk_go_as_a_summary_and_it_is_said(stage: Stage) -> None:
    stage.make_key("one")
    last = a_long_talk(stage)
    stage.simulator.fail("context-length", times=1)
    reply = go_on_talking(stage, last)
    whole, *summaries, shorter = (request.body["messages"] for request in stage.simulator.requests)
    assert (len(whole), len(shorter)) == (7, 2)
    assert all("Summarise" in asked[0]["content"] for asked in summaries)
    assert shorter[0]["content"].startswith("Summary of the first 6 messages")
    assert shorter[-1] == whole[-1]
    assert reply.status == DONE
    assert "The first 6 messages are summarised for the model" in stage.page_of(reply)
    assert "left out" not in stage.page_of(reply)
    assert "instead of" not in stage.page_of(reply)
    attempts = Attempt.objects.filter(call=reply.call_id).values_list("outcome", flat=True)
    assert list(attempts) == ["too-long", "ok"]
    stage.laws()


@plays("contract", 33)
def test_a_talk_that_is_still_too_long_ends_with_what_to_do(stage: Stage) -> None:
    stage.make_key("one")
    last = a_long_talk(stage)
    stage.simulator.fail("context-length")
    reply = go_on_talking(stage, last)
    assert (reply.status, reply.error_kind) == ("failed", "summary")
    assert "reads 128,000 tokens at once. Shorten the message" in stage.page_of(reply)
    assert len(stage.simulator.requests) == 2
    assert Call.objects.get(pk=reply.call_id).state == "released"
    stage.laws()


@plays("contract", 49)
def test_an_answer_that_the_filter_ended_says_so(stage: Stage) -> None:
    stage.make_key("one")
    stage.simulator.fail("stream-content-filter", after=5)
    reply, _ = stage.have(REPLY)
    assert reply.finish_reason == "content_filter"
    assert "content policy" in stage.page_of(reply)


@on_sqlite
@plays("faults", 36, "h")
@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_locked_at_the_settling_loses_no_picture(stage: Stage, settings) -> None:
    stage.make_key("one")
    image = stage.submit()
    gate = stage.simulator.hold(path="/image/generate")

    def work() -> None:
        # The queue marks the task as failed; what became of the picture is the question.
        with impatient(), suppress(DatabaseError):
            make_next_image.func()

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
