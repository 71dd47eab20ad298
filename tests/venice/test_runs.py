"""The one lifecycle: guarded transitions, the fence, and the end of the call that belongs to a run."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import Conversation, Message
from venice_site.venice import quotas, runs
from venice_site.venice.errors import InvalidOrder, RateLimited, Stopped, TimedOut
from venice_site.venice.models import CallKind, Quota, QuotaBucket
from venice_site.venice.quotas import Estimate
from venice_site.venice.types import Usage

USED = Usage(tokens_in=10, tokens_out=30, cost=500)


@pytest.fixture
def run(alice) -> Message:
    Quota.objects.create(metric="tokens", limit=1000)
    call = quotas.reserve(alice, CallKind.REPLY, "m", Estimate(tokens=100, cost=1000))
    conversation = Conversation.objects.create(owner=alice, title="t", model="m")
    return Message.objects.create(conversation=conversation, role="assistant", call=call)


def again(run: Message) -> Message:
    """The same run as another process sees it."""
    return Message.objects.select_related("call").get(pk=run.pk)


def counters() -> tuple[int, int]:
    bucket = QuotaBucket.objects.get()
    return bucket.used, bucket.reserved


def test_a_run_goes_from_the_queue_to_its_good_end(run):
    assert run.begin()
    assert run.checkpoint(text="so far")
    assert run.succeed(USED, served_by="other", text="all")
    assert (again(run).status, again(run).text) == ("succeeded", "all")
    assert again(run).call.state == "settled"
    assert again(run).served_by == "other"
    assert counters() == (40, 0)


def test_only_one_worker_begins_a_run(run):
    other = again(run)
    assert run.begin()
    assert not other.begin()


def test_a_worker_whose_claim_is_old_changes_nothing(run):
    run.begin()
    old = again(run)
    run.postpone(timezone.now())
    assert again(run).begin()
    assert not old.checkpoint(text="stale")
    assert not old.beat()
    assert not old.succeed(USED)
    assert not old.fail(InvalidOrder())
    assert not old.postpone(timezone.now())
    assert again(run).status == "running"
    assert again(run).call.state == "reserved"


def test_a_bad_end_before_anything_was_used_gives_the_quota_back(run):
    run.begin()
    assert run.fail(InvalidOrder("Too many steps."))
    found = again(run)
    assert (found.status, found.error, found.error_kind) == ("failed", "Too many steps.", "invalid")
    assert (found.call.state, counters()) == ("released", (0, 0))


def test_a_bad_end_after_something_was_used_settles_it(run):
    run.begin()
    run.fail(InvalidOrder(), usage=USED)
    assert counters() == (40, 0)


def test_an_end_without_an_answer_may_be_charged(run):
    run.begin()
    quotas.dispatch(run.call_id)
    run.fail(TimedOut(may_be_charged=True))
    assert again(run).call.may_be_charged
    assert counters() == (100, 0)


def test_a_postponed_run_keeps_its_reservation_and_waits(run):
    run.begin()
    quotas.dispatch(run.call_id)
    later = timezone.now() + timedelta(minutes=1)
    assert run.postpone(later)
    found = again(run)
    assert (found.status, found.run_after) == ("queued", later)
    assert found.call.dispatched_at is None
    assert counters() == (0, 100)
    assert not Message.objects.due(timezone.now()).exists()
    assert Message.objects.due(later).exists()


def test_a_cancelled_queued_run_gives_its_quota_back_at_once(run):
    assert again(run).cancel()
    assert counters() == (0, 0)
    assert not run.begin()


def test_a_cancelled_running_run_leaves_the_settling_to_its_worker(run):
    run.begin()
    assert again(run).cancel()
    assert counters() == (0, 100)
    assert not run.checkpoint(text="more")
    run.close_cancelled(USED)
    assert again(run).status == "cancelled"
    assert counters() == (40, 0)


def test_a_failure_after_a_cancel_leaves_it_cancelled_and_ends_the_call(run):
    run.begin()
    again(run).cancel()
    assert not run.fail(InvalidOrder())
    assert again(run).status == "cancelled"
    assert again(run).call.state == "released"
    assert counters() == (0, 0)


def test_a_run_without_a_heart_is_interrupted_and_may_be_charged(run, settings):
    run.begin()
    quotas.dispatch(run.call_id)
    assert not again(run).interrupt_if_stale()
    later = timezone.now() + timedelta(seconds=settings.RUN_STALE_AFTER + 1)
    assert again(run).interrupt_if_stale(later)
    assert again(run).status == "interrupted"
    assert again(run).call.may_be_charged
    assert counters() == (100, 0)


def test_a_beating_heart_keeps_a_run_alive(run, settings):
    run.begin()
    Message.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert run.beat()
    assert not again(run).interrupt_if_stale()


def test_a_worker_that_was_given_up_and_comes_back_with_the_answer_wins(run):
    run.begin()
    quotas.dispatch(run.call_id)
    again(run).interrupt()
    assert run.succeed(USED, text="late")
    found = again(run)
    assert (found.status, found.text) == ("succeeded", "late")
    assert not found.call.may_be_charged
    assert counters() == (40, 0)


@pytest.mark.parametrize("end", ["succeed", "fail", "cancel", "interrupt"])
def test_an_end_is_final(end, run):
    run.begin()
    run.succeed(USED)
    arguments = {"succeed": (Usage(),), "fail": (InvalidOrder(),)}.get(end, ())
    assert not getattr(again(run), end)(*arguments)
    assert again(run).status == "succeeded"
    assert counters() == (40, 0)


# --- carrying out -----------------------------------------------------------------------------


def raising(error):
    def work(run, lost):
        raise error

    return work


def test_a_refusal_that_names_a_later_moment_sends_a_young_run_back(run):
    run.begin()
    later = timezone.now() + timedelta(seconds=30)
    runs.carry_out(run, raising(RateLimited(retry_at=later)))
    assert (again(run).status, again(run).run_after) == ("queued", later)


@pytest.mark.parametrize(
    ("facts", "names_a_moment", "age"),
    [({}, False, 0), ({"may_be_charged": True}, True, 0), ({}, True, 20)],
)
def test_what_may_not_wait_any_longer_fails(facts, names_a_moment, age, run):
    Message.objects.update(created_at=timezone.now() - timedelta(minutes=age))
    run = again(run)
    run.begin()
    retry_at = timezone.now() if names_a_moment else None
    runs.carry_out(run, raising(RateLimited(retry_at=retry_at, **facts)))
    assert again(run).status == "failed"


def test_a_stop_ends_the_call_of_a_cancelled_run(run):
    run.begin()
    again(run).cancel()
    runs.carry_out(run, raising(Stopped()))
    assert again(run).call.state == "released"


def test_our_own_fault_is_said_and_logged(run, caplog):
    run.begin()
    runs.carry_out(run, raising(ZeroDivisionError("secret prompt")))
    assert "internal error (ZeroDivisionError)" in again(run).error
    assert "state=crashed" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_worker_hears_that_its_run_was_cancelled(run, settings):
    settings.RUN_STALE_AFTER = 0.2
    run.begin()

    def work(run, lost: threading.Event):
        again(run).cancel()
        assert lost.wait(5)
        raise Stopped

    runs.carry_out(run, work)
    assert again(run).status == "cancelled"
