"""The door: orders in, pictures and replies out, whatever Venice answers."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.venice.clocks import QuickClock
from tests.waiting import eventually
from venice_site.venice import errors, quotas
from venice_site.venice.models import (
    ApiKey,
    Attempt,
    Call,
    CallState,
    Cooldown,
    Notice,
    Quota,
    QuotaBucket,
)
from venice_site.venice.service import Venice, check_key, on_stand_in
from venice_site.venice.types import ChatMessage, ChatOrder, ImageOrder

DEAR = "nano-banana-pro"
CHEAP = "z-image-turbo"
WRITER = "zai-org-glm-5-2"


def image_order(model=CHEAP, **facts) -> ImageOrder:
    given = {"prompt": "a lighthouse", "seed": 7, "width": 64, "height": 64}
    return ImageOrder(model, **{**given, **facts})


def chat_order(model=WRITER, text="Say hello.", **facts) -> ChatOrder:
    return ChatOrder(model, (ChatMessage("user", text),), **facts)


@pytest.fixture
def clock():
    return QuickClock()


@pytest.fixture
def venice(alice, clock, simulator):
    return Venice(alice, clock)


def make_picture(venice, order=None, stopped=lambda: False):
    order = order or image_order()
    call = venice.reserve_image(order)
    return venice.generate_image(order, call.pk, stopped=stopped), call


def read(venice, order=None):
    order = order or chat_order()
    call = venice.reserve_reply(order)
    with venice.stream_reply(order, call.pk) as stream:
        return "".join(delta.text for delta in stream), stream, call


def asked(simulator) -> list[str]:
    return [request.key for request in simulator.requests]


def outcomes() -> list[str]:
    return list(Attempt.objects.order_by("pk").values_list("outcome", flat=True))


# --- plain good answers -----------------------------------------------------------------------


def test_without_a_key_the_stand_in_answers_and_the_ledger_says_so(venice, simulator):
    assert on_stand_in()
    image, call = make_picture(venice)
    call.refresh_from_db()
    assert image.content.startswith(b"\x89PNG")
    assert (image.seed, image.model) == (7, CHEAP)
    assert image.usage.cost == 10_000
    assert call.simulated
    assert call.served_by == CHEAP
    assert call.request_id
    attempt = Attempt.objects.get()
    assert (attempt.key, attempt.outcome, attempt.status) == (None, "ok", 200)
    assert asked(simulator) == ["stand-in"]


def test_with_a_key_venice_itself_is_asked(venice, key, simulator):
    _, call = make_picture(venice)
    call.refresh_from_db()
    key.refresh_from_db()
    assert not call.simulated
    assert not on_stand_in()
    assert asked(simulator) == ["key-one"]
    assert key.last_used_at is not None
    assert key.rate_limits["models"][CHEAP]["limit"] == 20
    assert key.balance_usd == 25


def test_a_switched_off_key_is_no_key(venice, make_key, simulator):
    make_key(enabled=False)
    make_picture(venice)
    assert asked(simulator) == ["stand-in"]


def test_a_reply_arrives_piece_by_piece_and_tells_its_use(venice, key):
    text, stream, call = read(venice)
    call.refresh_from_db()
    assert text
    assert stream.usage.tokens_out > 0
    assert stream.usage.cost_source == "response"
    assert call.request_id
    assert outcomes() == ["ok"]


def test_the_first_piece_names_the_model_that_answers(venice):
    order = chat_order()
    call = venice.reserve_reply(order)
    with venice.stream_reply(order, call.pk) as stream:
        assert next(stream).model == WRITER


# --- keys -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", [make_picture, read])
def test_a_refused_key_gives_way_to_the_next_at_once(ask, venice, make_key, simulator, clock):
    dead, good = make_key("key-one", priority=1), make_key("key-two")
    simulator.fail("unauthorized", key="key-one")
    ask(venice)
    dead.refresh_from_db()
    good.refresh_from_db()
    assert asked(simulator) == ["key-one", "key-two"]
    assert clock.waits == []
    assert (dead.state, good.state) == ("refused", "active")
    assert dead.retry_at > timezone.now() + timedelta(minutes=9)


def test_a_key_that_was_refused_is_left_alone_by_the_next_order(venice, make_key, simulator):
    make_key("key-one", priority=1)
    make_key("key-two")
    simulator.fail("unauthorized", key="key-one")
    make_picture(venice)
    make_picture(venice)
    assert asked(simulator) == ["key-one", "key-two", "key-two"]


def test_a_refused_key_is_asked_again_after_its_time_and_healed(venice, key, clock, simulator):
    simulator.fail("unauthorized-once")
    with pytest.raises(errors.NoKey):
        make_picture(venice)
    clock.ahead += timedelta(minutes=11)
    make_picture(venice)
    key.refresh_from_db()
    assert key.state == "active"


def test_a_single_refusal_of_a_key_that_worked_is_overcome(venice, key, simulator):
    make_picture(venice)
    simulator.fail("unauthorized-once")
    make_picture(venice)
    key.refresh_from_db()
    assert key.state == "active"
    assert len(simulator.requests) == 3


def test_when_all_keys_are_refused_the_sentence_is_about_keys(venice, make_key, simulator):
    for n in range(3):
        make_key(f"key-{n}")
    simulator.fail("unauthorized")
    with pytest.raises(errors.NoKey, match="administrator"):
        make_picture(venice)
    assert len(simulator.requests) == 3


def test_a_key_that_gets_lost_on_the_way_is_told_until_one_arrives(venice, key, simulator):
    simulator.fail("payment-no-auth", times=1)
    with pytest.raises(errors.NoKey, match="without a key"):
        make_picture(venice)
    key.refresh_from_db()
    assert key.state == "active"
    told = Notice.objects.get(settled_at=None)
    assert "asked without a key, although one was sent" in told.text
    check_key(key)
    assert not Notice.objects.filter(settled_at=None).exists()


def test_not_more_than_three_rotations(venice, make_key, simulator):
    for n in range(6):
        make_key(f"key-{n}")
    simulator.fail("unauthorized")
    with pytest.raises(errors.KeyRefused):
        make_picture(venice)
    assert len(simulator.requests) == 4


def test_a_key_that_cannot_be_decrypted_is_marked_and_passed_over(venice, make_key, simulator):
    broken, _ = make_key("key-one", priority=1), make_key("key-two")
    ApiKey.objects.filter(pk=broken.pk).update(ciphertext="nonsense")
    make_picture(venice)
    broken.refresh_from_db()
    assert broken.state == "undecryptable"
    assert asked(simulator) == ["key-two"]


def test_a_model_for_pro_users_does_not_harm_the_key(venice, key, simulator):
    simulator.fail("unauthorized-pro-only")
    with pytest.raises(errors.NotEntitled):
        make_picture(venice)
    key.refresh_from_db()
    assert key.state == "active"
    assert len(simulator.requests) == 1


def test_a_used_up_day_of_the_only_key_sends_nothing(venice, make_key, simulator):
    make_key(daily_limit=1)
    make_picture(venice)
    with pytest.raises(errors.NoKey, match="Daily limits begin again"):
        make_picture(venice)
    assert len(simulator.requests) == 1


# --- limits and faults ------------------------------------------------------------------------


@pytest.mark.parametrize("ask", [make_picture, read])
def test_a_limit_without_a_hint_is_waited_out_1_2_4(ask, venice, key, simulator, clock):
    simulator.fail("rate-limited-bare", times=3)
    ask(venice)
    assert [int(seconds) for seconds in clock.waits] == [1, 2, 4]
    assert len(simulator.requests) == 4


def test_a_limit_for_ever_ends_after_four_calls(venice, key, simulator, clock):
    simulator.fail("rate-limited-bare")
    with pytest.raises(errors.RateLimited):
        make_picture(venice)
    assert len(simulator.requests) == 4
    assert not Attempt.objects.filter(ended_at=None).exists()


def test_a_limit_moves_on_to_another_account_but_not_to_another_key(
    venice, make_key, simulator, clock
):
    make_key("key-one", priority=2)
    make_key("key-two", priority=1)
    make_key("key-three", account="other")
    simulator.fail("rate-limited-bare", key="key-one")
    make_picture(venice)
    assert asked(simulator) == ["key-one", "key-three"]
    assert clock.waits == []


def test_others_keep_away_while_an_account_rests(venice, key, simulator, alice):
    simulator.fail("rate-limited-ms", model=CHEAP, seconds=20)
    with pytest.raises(errors.RateLimited) as refused:
        make_picture(venice)
    assert refused.value.retry_at > timezone.now() + timedelta(seconds=15)
    other = Venice(alice, QuickClock())
    with pytest.raises(errors.RateLimited):
        make_picture(other)
    assert len(simulator.requests) == 1
    make_picture(other, image_order("venice-sd35"))
    assert len(simulator.requests) == 2


def test_the_hint_of_an_overloaded_model_is_waited_for_by_a_reply(venice, key, simulator, clock):
    simulator.fail("rate-limited-retry-after", times=1, seconds=20)
    read(venice)
    assert 19 <= clock.waits[0] <= 21
    assert len(simulator.requests) == 2


def test_server_faults_are_waited_out(venice, key, simulator, clock):
    simulator.fail("server-error-twice")
    make_picture(venice)
    assert [int(seconds) for seconds in clock.waits] == [1, 2]
    assert len(simulator.requests) == 3


def test_when_venice_cannot_be_reached_nothing_was_charged(venice, key, settings, clock):
    settings.VENICE_BASE_URL = "http://127.0.0.1:9/api/v1"
    with pytest.raises(errors.Unreachable) as failed:
        make_picture(venice)
    assert not failed.value.may_be_charged
    assert [int(seconds) for seconds in clock.waits] == [1, 2, 4]


def test_after_twelve_failures_an_account_rests(venice, key, simulator):
    simulator.fail("bad-request-issues")
    for _ in range(14):
        with pytest.raises((errors.InvalidOrder, errors.FailureBudget)):
            make_picture(venice)
    assert len(simulator.requests) == 12


@pytest.mark.parametrize(
    ("scenario", "error"),
    [
        ("bad-request-issues", errors.InvalidOrder),
        ("content-policy", errors.Blocked),
        ("content-violation", errors.Blocked),
        ("payload-too-large", errors.InvalidOrder),
        ("invalid-base64", errors.BadAnswer),
    ],
)
def test_what_cannot_succeed_is_sent_once(scenario, error, venice, key, simulator):
    simulator.fail(scenario)
    with pytest.raises(error):
        make_picture(venice)
    assert len(simulator.requests) == 1


# --- money and models -------------------------------------------------------------------------


def test_a_402_falls_back_to_the_cheaper_model_and_says_so(venice, key, simulator):
    simulator.fail("payment-balance", model=DEAR)
    order = image_order(DEAR, width=None, height=None, aspect_ratio="16:9", resolution="2K")
    image, call = make_picture(venice, order)
    call.refresh_from_db()
    key.refresh_from_db()
    assert (image.fallback_from, image.model) == (DEAR, CHEAP)
    assert image.fallback_reason == call.fallback_reason != ""
    assert call.served_by == CHEAP
    assert image.width > image.height
    assert image.usage.cost == 10_000
    assert len(simulator.requests) == 2


def test_a_402_of_the_cheaper_model_is_the_end(venice, key, simulator):
    simulator.fail("payment-balance")
    with pytest.raises(errors.OutOfCredit):
        make_picture(venice, image_order(DEAR, width=None, height=None))
    assert len(simulator.requests) == 2
    key.refresh_from_db()
    assert key.state == "out-of-credit"


def test_a_402_of_the_cheapest_model_falls_back_to_nothing(venice, key, simulator):
    simulator.fail("payment-seed-shape")
    with pytest.raises(errors.OutOfCredit):
        make_picture(venice)
    assert len(simulator.requests) == 1


def test_a_capped_key_gives_way_to_another_key_of_the_account(venice, make_key, simulator):
    capped, _ = make_key("key-one", priority=1), make_key("key-two")
    simulator.fail("payment-spend-limit", key="key-one")
    make_picture(venice)
    capped.refresh_from_db()
    assert capped.state == "spend-capped"
    assert asked(simulator) == ["key-one", "key-two"]


def test_a_reply_falls_back_to_the_configured_model(venice, key, simulator, settings):
    settings.VENICE_FALLBACK_TEXT_MODEL = "llama-3.3-70b"
    simulator.fail("payment-balance", model=WRITER)
    order = chat_order()
    call = venice.reserve_reply(order)
    with venice.stream_reply(order, call.pk) as stream:
        first = next(stream)
        list(stream)
    assert (first.fallback_from, first.model) == (WRITER, "llama-3.3-70b")
    assert first.fallback_reason


def test_a_model_that_nobody_knows_is_not_sent(venice, key, simulator):
    with pytest.raises(errors.ModelGone):
        make_picture(venice, image_order("fluently-xl"))
    assert simulator.requests == []


def test_a_model_that_venice_does_not_know_any_more_is_said(venice, key, simulator):
    simulator.fail("model-not-found")
    with pytest.raises(errors.ModelGone):
        make_picture(venice)
    key.refresh_from_db()
    assert key.state == "active"
    assert len(simulator.requests) == 1


# --- lost answers and stops -------------------------------------------------------------------


def test_a_picture_that_timed_out_is_not_sent_again(venice, key, simulator, settings):
    settings.VENICE_TIMEOUT = 0.2
    with simulator.hold(path="/image/generate"), pytest.raises(errors.TimedOut) as lost:
        make_picture(venice)
    assert lost.value.may_be_charged
    assert len(simulator.requests) == 1


def test_a_picture_may_take_longer_than_everything_else(venice, key, simulator, settings):
    settings.VENICE_TIMEOUT, settings.VENICE_IMAGE_TIMEOUT = 0.2, 30
    with simulator.hold(path="/image/generate") as gate:
        threading.Timer(0.6, gate.open).start()
        answer, _ = make_picture(venice)
    assert answer.content


def test_a_picture_that_venice_gave_up_on_is_not_sent_again(venice, key, simulator):
    simulator.fail("gateway-timeout")
    with pytest.raises(errors.TimedOut) as caught:
        make_picture(venice)
    assert caught.value.may_be_charged
    assert len(simulator.requests) == 1


def test_a_reply_that_timed_out_before_content_is_asked_for_once_more(
    venice, key, simulator, settings
):
    settings.VENICE_TIMEOUT = 0.2
    with simulator.hold(path="/chat/completions"):
        text, _, _ = read(venice)
    assert text
    assert len(simulator.requests) == 2


def test_a_cut_reply_keeps_what_it_used(venice, key, simulator):
    simulator.fail("stream-cut", after=5)
    order = chat_order(text="Tell me a long story about harbours.")
    call = venice.reserve_reply(order)
    with venice.stream_reply(order, call.pk) as stream, pytest.raises(errors.StreamCut):
        list(stream)
    assert stream.usage.tokens_in > 0
    assert stream.usage.tokens_out > 0
    assert stream.usage.cost > 0
    assert stream.usage.cost_source == "estimate"
    assert len(simulator.requests) == 1
    assert outcomes() == ["stream-cut"]


def test_a_stop_before_the_first_byte_sends_nothing(venice, key, simulator):
    order = chat_order()
    call = venice.reserve_reply(order)
    with venice.stream_reply(order, call.pk) as stream:
        stream.close()
        with pytest.raises(errors.Stopped):
            next(stream)
    assert stream.usage.tokens == 0
    assert simulator.requests == []


@pytest.mark.django_db(transaction=True)
def test_a_stop_from_another_thread_ends_a_silent_reply(venice, key, simulator):
    gate = simulator.hold(path="/chat/completions")
    order = chat_order()
    call = venice.reserve_reply(order)
    with gate, venice.stream_reply(order, call.pk) as stream:
        stopper = threading.Thread(target=lambda: (gate.wait_for(1), stream.close()))
        stopper.start()
        with pytest.raises(errors.Stopped):
            next(stream)
        stopper.join()
    assert outcomes() == ["stopped"]
    record = simulator.requests[0]
    eventually(lambda: record.closed_by_client, what="the upstream connection is closed")


def test_leaving_the_stream_ends_the_attempt(venice, key):
    order = chat_order()
    call = venice.reserve_reply(order)
    with venice.stream_reply(order, call.pk) as stream:
        next(stream)
    assert outcomes() == ["stopped"]


def test_a_stop_between_two_attempts_of_a_picture(venice, key, simulator):
    simulator.fail("server-error")
    with pytest.raises(errors.Stopped):
        make_picture(venice, stopped=lambda: Attempt.objects.exists())
    assert len(simulator.requests) == 1


def test_a_call_that_was_closed_in_the_queue_is_not_sent(venice, key, simulator):
    order = image_order()
    call = venice.reserve_image(order)
    quotas.close(call.pk, None)
    with pytest.raises(errors.VeniceError, match="queue"):
        venice.generate_image(order, call.pk, stopped=lambda: False)
    assert simulator.requests == []


# --- quotas and the ledger --------------------------------------------------------------------


def test_a_refusal_by_quota_sends_nothing_and_writes_nothing(venice, alice, key, simulator):
    Quota.objects.create(metric="images", limit=1)
    make_picture(venice)
    with pytest.raises(errors.QuotaExceeded, match="1 image a day"):
        make_picture(venice)
    assert len(simulator.requests) == 1
    assert Call.objects.count() == 1


def test_the_counters_equal_the_ledger_after_a_mixture(venice, key, simulator):
    for metric in ("requests", "images", "tokens", "cost"):
        Quota.objects.create(metric=metric, limit=10_000_000)
    image, call = make_picture(venice)
    quotas.settle(call.pk, image.usage)
    _, stream, call = read(venice)
    quotas.settle(call.pk, stream.usage)
    simulator.fail("bad-request-issues", times=1)
    order = image_order()
    call = venice.reserve_image(order)
    with pytest.raises(errors.InvalidOrder):
        venice.generate_image(order, call.pk, stopped=lambda: False)
    quotas.close(call.pk, None, error_kind="invalid")
    venice.reserve_image(order)

    settled = Call.objects.filter(state=CallState.SETTLED)
    used = dict(QuotaBucket.objects.values_list("quota__metric", "used"))
    reserved = dict(QuotaBucket.objects.values_list("quota__metric", "reserved"))
    assert used == {
        "requests": 2,
        "images": sum(call.images for call in settled),
        "tokens": sum(call.tokens_in + call.tokens_out for call in settled),
        "cost": sum(call.cost for call in settled),
    }
    assert reserved == {"requests": 1, "images": 1, "tokens": 0, "cost": 10_000}


def test_an_order_takes_few_queries_before_it_is_sent_and_in_all(venice, key, simulator):
    read(venice)  # the catalogue and the connection are warm
    order = chat_order()
    call = venice.reserve_reply(order)
    with (
        CaptureQueriesContext(connection) as queries,
        venice.stream_reply(order, call.pk) as stream,
    ):
        next(stream)
        until_first = len(asked_of(queries))
        list(stream)
        quotas.settle(call.pk, stream.usage)
    print(until_first, *asked_of(queries), sep="\n")
    assert until_first <= 8
    assert len(asked_of(queries)) <= 14


def asked_of(queries) -> list[str]:
    said = [query["sql"][:200] for query in queries.captured_queries]
    return [sql for sql in said if "SAVEPOINT" not in sql]


def test_a_rest_is_only_ever_lengthened(venice):
    from venice_site.venice import rests
    from venice_site.venice.decisions import Rest

    now = timezone.now()
    for seconds in (60, 30, 90):
        rests.lay(Rest("everyone", "m", now + timedelta(seconds=seconds), "overloaded"))
    assert Cooldown.objects.get().until == now + timedelta(seconds=90)


def test_administrators_hear_once_that_a_model_leaves(venice, key, simulator):
    simulator.fail("deprecation-headers")
    make_picture(venice)
    make_picture(venice)
    assert Notice.objects.get().subject == f"model:{CHEAP}"
