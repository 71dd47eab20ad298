"""Quotas: nobody gets more than there is, and the counters equal the ledger."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.venice.leases import claimed
from venice_site.accounts.models import User
from venice_site.venice import allowances, buckets, endings, pool, quotas
from venice_site.venice.errors import KeyRefused, QuotaExceeded, VeniceError
from venice_site.venice.models import Call, CallKind, CallState, Hold, Notice, Quota, QuotaBucket
from venice_site.venice.quotas import Estimate
from venice_site.venice.types import Usage
from venice_site.venice.windows import window

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "Asia/Kathmandu",
    "Asia/Beirut",
]
ONE_IMAGE = Estimate(images=1, cost=10_000)
USED = Usage(images=1, cost=9_000)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def reserve(person, estimate=ONE_IMAGE) -> Call:
    return quotas.reserve(person, CallKind.IMAGE, "m", estimate)


def state(call: Call) -> str:
    call.refresh_from_db()
    return call.state


def counters(quota: Quota | None = None) -> tuple[int, int]:
    bucket = QuotaBucket.objects.get(**({"quota": quota} if quota else {}))
    return bucket.used, bucket.reserved


@pytest.fixture
def images(db) -> Quota:
    return Quota.objects.create(metric="images", limit=3)


# --- windows ----------------------------------------------------------------------------------


@given(
    st.integers(1_577_836_800, 2_051_222_400).map(lambda at: datetime.fromtimestamp(at, UTC)),
    st.sampled_from(ZONES),
    st.sampled_from(["minute", "hour", "day", "month"]),
)
def test_windows_hold_their_moment_and_touch_each_other(now, zone, period):
    start, end = window(period, zone, now)
    assert start <= now < end
    assert window(period, zone, end)[0] == end
    assert window(period, zone, end - timedelta(microseconds=1)) == (start, end)
    assert window(period, zone, start) == (start, end)


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [
        ("Europe/Berlin", "2026-03-29T12:00", 23),
        ("Europe/Berlin", "2026-10-25T12:00", 25),
        ("Europe/Berlin", "2026-10-25T00:30", 25),
        ("America/New_York", "2026-11-01T12:00", 25),
        ("America/Havana", "2026-11-01T05:30", 25),
        ("UTC", "2026-11-01T12:00", 24),
    ],
)
def test_a_day_follows_the_clock_on_the_wall(zone, now, hours):
    start, end = window("day", zone, at(now))
    assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("now", "days"), [("2028-02-10T00:00", 29), ("2026-12-31T23:59", 31), ("2026-04-30T12:00", 30)]
)
def test_a_month_is_as_long_as_the_calendar_says(now, days):
    start, end = window("month", "UTC", at(now))
    assert end - start == timedelta(days=days)
    assert start.day == end.day == 1


def test_a_day_begins_at_midnight_of_its_zone():
    start, _ = window("day", "Asia/Kathmandu", at("2026-11-20T20:00"))
    assert start == at("2026-11-20T18:15")


# --- reserving --------------------------------------------------------------------------------


def test_the_last_unit_is_given_once(alice, images):
    for _ in range(3):
        reserve(alice)
    with pytest.raises(QuotaExceeded) as refused:
        reserve(alice)
    assert "3 images a day, everyone together" in str(refused.value)
    assert "3 images used" in str(refused.value)
    assert refused.value.retry_at == QuotaBucket.objects.get().window_end
    assert counters() == (0, 3)
    assert Call.objects.count() == 3


def test_all_that_apply_must_have_room_and_a_refusal_leaves_no_trace(alice, images):
    cost = Quota.objects.create(metric="cost", limit=15_000, who="person", person=alice)
    reserve(alice)
    with pytest.raises(QuotaExceeded, match=r"\$0\.0"):
        reserve(alice)
    assert counters(images) == (0, 1)
    assert counters(cost) == (0, 10_000)
    assert Hold.objects.count() == 2


def test_each_person_has_a_count_of_their_own(alice, bob):
    Quota.objects.create(who="each", metric="requests", limit=1)
    reserve(alice)
    reserve(bob)
    with pytest.raises(QuotaExceeded, match="each person"):
        reserve(alice)


def test_a_group_counts_together_and_others_are_not_concerned(alice, bob, charlie):
    group = Group.objects.create(name="design")
    group.user_set.add(alice, bob)
    Quota.objects.create(who="group", group=group, metric="requests", limit=1)
    reserve(alice)
    with pytest.raises(QuotaExceeded, match="design"):
        reserve(bob)
    reserve(charlie)


def test_a_quota_of_one_person_concerns_nobody_else(alice, bob):
    Quota.objects.create(who="person", person=alice, metric="requests", limit=0)
    reserve(bob)
    with pytest.raises(QuotaExceeded):
        reserve(alice)


def test_a_switched_off_quota_limits_nothing(alice, images):
    Quota.objects.update(enabled=False, limit=0)
    reserve(alice)


def test_an_order_that_uses_none_of_a_metric_is_not_held_by_it(alice, images):
    Quota.objects.update(limit=0)
    quotas.reserve(alice, CallKind.REPLY, "m", Estimate(tokens=10))
    assert not Hold.objects.exists()


def test_raising_the_limit_acts_at_once(alice, images):
    Quota.objects.update(limit=0)
    with pytest.raises(QuotaExceeded):
        reserve(alice)
    Quota.objects.update(limit=1)
    reserve(alice)


# --- settling ---------------------------------------------------------------------------------


def test_what_was_really_used_is_settled_once(alice, images):
    call = reserve(alice)
    quotas.settle(call.pk, USED)
    quotas.settle(call.pk, Usage(images=5))
    assert counters() == (1, 0)
    assert state(call) == CallState.SETTLED
    assert (call.images, call.cost) == (1, 9_000)


def test_a_longer_answer_may_pass_the_limit_once(alice):
    Quota.objects.create(metric="tokens", limit=100)
    call = quotas.reserve(alice, CallKind.REPLY, "m", Estimate(tokens=60))
    quotas.settle(call.pk, Usage(tokens_in=50, tokens_out=100))
    assert counters() == (150, 0)
    with pytest.raises(QuotaExceeded, match="100 tokens used"):
        quotas.reserve(alice, CallKind.REPLY, "m", Estimate(tokens=1))


def test_a_release_gives_everything_back_once(alice, images):
    call = reserve(alice)
    for _ in range(2):
        quotas.close(call.pk, None, error_kind="invalid")
    assert counters() == (0, 0)
    assert state(call) == CallState.RELEASED
    assert (call.images, call.cost, call.error_kind) == (0, 0, "invalid")


def test_what_may_be_charged_counts_in_full_and_says_so(alice, images):
    call = reserve(alice)
    quotas.dispatch(call.pk)
    quotas.close(call.pk, None, may_be_charged=True, error_kind="timeout")
    assert counters() == (1, 0)
    assert state(call) == CallState.SETTLED
    assert call.may_be_charged
    assert call.cost == 10_000


def test_a_suspicion_of_a_call_that_was_never_sent_is_none(alice, images):
    call = reserve(alice)
    quotas.close(call.pk, None, may_be_charged=True)
    assert counters() == (0, 0)
    assert state(call) == CallState.RELEASED


@pytest.mark.parametrize("suspected", [True, False])
def test_a_late_answer_corrects_the_line(suspected, alice, images):
    call = reserve(alice)
    quotas.dispatch(call.pk)
    quotas.close(call.pk, None, may_be_charged=suspected)
    quotas.settle(call.pk, USED)
    quotas.settle(call.pk, USED)
    assert counters() == (1, 0)
    assert state(call) == CallState.SETTLED
    assert not call.may_be_charged
    assert call.cost == 9_000


# --- expiry -----------------------------------------------------------------------------------


def test_the_sweep_closes_what_expired_and_nothing_else(alice, images):
    waiting, sent, fresh = reserve(alice), reserve(alice), reserve(alice)
    quotas.dispatch(sent.pk)
    past = timezone.now() - timedelta(seconds=1)
    Call.objects.filter(pk__in=[waiting.pk, sent.pk]).update(expires_at=past)
    assert quotas.sweep() == 2
    assert quotas.sweep() == 0
    assert [state(call) for call in (waiting, sent, fresh)] == ["released", "settled", "reserved"]
    assert counters() == (1, 1)


def test_a_call_that_expired_in_the_queue_cannot_be_sent(alice, images):
    call = reserve(alice)
    quotas.close(call.pk, None)
    with pytest.raises(VeniceError, match="queue"):
        quotas.dispatch(call.pk)


def test_a_call_that_went_back_to_the_queue_cannot_be_charged(alice, images):
    call = reserve(alice)
    quotas.dispatch(call.pk)
    quotas.retract(call.pk)
    quotas.close(call.pk, None, may_be_charged=True)
    assert state(call) == CallState.RELEASED
    assert counters() == (0, 0)


# --- what is left -----------------------------------------------------------------------------


def test_the_tightest_allowance_comes_first(alice, bob, images):
    Quota.objects.create(who="each", metric="requests", limit=2)
    reserve(alice)
    reserve(bob)
    tight, wide = sorted(allowances.allowances(alice), key=lambda found: found.left)
    assert [tight.left, wide.left] == [1, 1]
    reserve(alice)
    assert allowances.allowances(alice)[0].left == 0
    assert allowances.allowances(alice)[0].share_used == 1


def test_the_day_of_a_key_has_room_for_its_limit(make_key):
    key = make_key(daily_limit=2)
    now = timezone.now()
    assert [quotas._claim_day(key, now) for _ in range(3)] == [True, True, False]
    assert quotas._claim_day(key, now + timedelta(days=1))


# --- every interleaving -----------------------------------------------------------------------

moves = st.lists(
    st.tuples(
        st.sampled_from(
            ["reserve", "dispatch", "settle", "release", "suspect", "expire", "retract"]
        ),
        st.integers(0, 5),
        st.integers(0, 300),
    ),
    max_size=30,
)


def perform(person, calls: list[int], move: str, which: int, amount: int) -> None:
    if move == "reserve":
        estimate = Estimate(images=1, tokens=amount, cost=amount)
        calls.append(quotas.reserve(person, CallKind.IMAGE, "m", estimate).pk)
    elif calls:
        used = Usage(images=1, tokens_out=amount, cost=amount)
        verbs = {
            "dispatch": quotas.dispatch,
            "settle": lambda call: quotas.settle(call, used),
            "release": lambda call: quotas.close(call, None),
            "suspect": lambda call: quotas.close(call, None, may_be_charged=True),
            "retract": quotas.retract,
            "expire": expire,
        }
        verbs[move](calls[which % len(calls)])


def expire(call: int) -> None:
    Call.objects.filter(pk=call).update(expires_at=timezone.now() - timedelta(days=1))
    quotas.sweep()


@pytest.mark.django_db
@given(moves)
def test_the_counters_equal_the_ledger_whatever_happens(script):
    with transaction.atomic():
        person = User.objects.create_user("someone")
        for metric in ("requests", "images", "tokens", "cost"):
            Quota.objects.create(metric=metric, limit=700)
        calls: list[int] = []
        for move in script:
            try:
                with transaction.atomic():
                    perform(person, calls, *move)
            except VeniceError:
                continue
        check_counters()
        transaction.set_rollback(True)


def check_counters() -> None:
    amounts = {
        "requests": lambda call: 1,
        "images": lambda call: call.images,
        "tokens": lambda call: call.tokens_in + call.tokens_out,
        "cost": lambda call: call.cost,
    }
    settled = Call.objects.filter(state=CallState.SETTLED)
    reserved = Call.objects.filter(state=CallState.RESERVED)
    for bucket in QuotaBucket.objects.select_related("quota"):
        amount = amounts[bucket.quota.metric]
        held = Hold.objects.filter(bucket=bucket).values_list("call", flat=True)
        assert bucket.used == sum(amount(call) for call in settled.filter(pk__in=held))
        assert bucket.reserved == sum(amount(call) for call in reserved.filter(pk__in=held))


def test_windows_that_ended_long_ago_are_forgotten_and_the_ledger_stays(alice, images):
    call = quotas.reserve(alice, CallKind.IMAGE, "m", Estimate(images=1))
    quotas.reserve(alice, CallKind.IMAGE, "m", Estimate(images=1))
    long_after = timezone.now() + timedelta(days=60)
    buckets.prune(long_after)
    assert QuotaBucket.objects.exists()  # something is still reserved of it
    for one in Call.objects.all():
        quotas.settle(one.pk, Usage(images=1))
    buckets.prune(timezone.now())
    assert QuotaBucket.objects.exists()
    buckets.prune(long_after)
    assert not QuotaBucket.objects.exists()
    assert not Hold.objects.exists()
    assert Call.objects.filter(state=CallState.SETTLED).count() == 2
    quotas.settle(call.pk, Usage(images=2))


# --- quotas of keys ---------------------------------------------------------------------------


def key_quota(key, limit, **facts):
    return Quota.objects.create(
        **{"who": "key", "key": key, "metric": "images", "limit": limit} | facts
    )


def asked_with(alice, key, *, images=1):
    """Reserve and claim; return whether the key had room, and the call."""
    call = quotas.reserve(alice, CallKind.IMAGE, "m", Estimate(images=images, cost=5))
    return claimed(call, key, timezone.now()), call


def bucket_of(quota):
    return QuotaBucket.objects.filter(quota=quota).values_list("used", "reserved").get()


def test_a_quota_of_a_key_limits_that_key_alone(alice, make_key):
    small, other = make_key("key-one"), make_key("key-two")
    quota = key_quota(small, 1)
    first, call = asked_with(alice, small)
    assert first is not None
    assert asked_with(alice, small)[0] is None
    assert asked_with(alice, other)[0] is not None
    assert bucket_of(quota) == (0, 1)
    quotas.settle(call.pk, Usage(images=1, cost=4))
    assert bucket_of(quota) == (1, 0)


def test_a_full_key_is_seen_to_be_full(alice, make_key):
    key = make_key(daily_limit=100)
    key_quota(key, 1)
    call = quotas.reserve(alice, CallKind.IMAGE, "m", Estimate(images=1))
    assert pool.view(call.pk, timezone.now()).pool.keys[0].has_day
    asked_with(alice, key)
    assert not pool.view(call.pk, timezone.now()).pool.keys[0].has_day


def test_what_a_key_refused_takes_nothing_of_its_other_quotas(alice, key):
    wide, narrow = key_quota(key, 100, metric="requests"), key_quota(key, 1)
    asked_with(alice, key, images=1)
    assert asked_with(alice, key, images=1)[0] is None
    assert (bucket_of(wide), bucket_of(narrow)) == ((0, 1), (0, 1))


def test_a_call_that_moves_to_another_key_lets_go_of_the_first(alice, make_key):
    one, two = make_key("key-one"), make_key("key-two")
    first, second = key_quota(one, 5), key_quota(two, 5)
    lease, call = asked_with(alice, one)
    now = timezone.now()
    endings.end_badly(lease, KeyRefused(status=401), pool.view(call.pk, now), 0, now)
    assert claimed(call, two, now)
    assert (bucket_of(first), bucket_of(second)) == ((0, 0), (0, 1))
    quotas.settle(call.pk, Usage(images=1))
    assert (bucket_of(first), bucket_of(second)) == ((0, 0), (1, 0))


def test_a_second_attempt_with_the_same_key_counts_once(alice, key):
    quota = key_quota(key, 5, metric="requests")
    lease, call = asked_with(alice, key)
    now = timezone.now()
    endings.end_badly(lease, VeniceError(status=500), pool.view(call.pk, now), 0, now)
    assert claimed(call, key, now)
    assert bucket_of(quota) == (0, 1)


def test_a_quota_of_a_key_is_no_quota_of_a_person(alice, key):
    key_quota(key, 1)
    assert allowances.allowances(alice) == []
    quotas.reserve(alice, CallKind.IMAGE, "m", Estimate(images=9))


# --- little is left ---------------------------------------------------------------------------


def test_administrators_hear_once_that_little_is_left(alice):
    quota = Quota.objects.create(metric="images", limit=10, warn_at=80)
    for _ in range(7):
        quotas.reserve(alice, CallKind.IMAGE, "m", Estimate(images=1))
    assert not Notice.objects.exists()
    for _ in range(3):
        quotas.reserve(alice, CallKind.IMAGE, "m", Estimate(images=1))
    assert Notice.objects.get().text.startswith(
        "The quota of 10 images a day, everyone together: 8 images used or reserved."
    )
    assert allowances.allowances(alice)[0].level == "fail"
    assert quota.warn_at == 80


def test_of_a_quota_of_each_person_it_is_said_who(alice):
    Quota.objects.create(who="each", metric="images", limit=10, warn_at=50)
    quotas.reserve(alice, CallKind.IMAGE, "m", Estimate(images=5))
    assert "used or reserved by alice." in Notice.objects.get().text
    assert allowances.allowances(alice)[0].level == "wait"


def test_a_refusal_leaves_no_warning(alice):
    Quota.objects.create(metric="images", limit=10, warn_at=50)
    Quota.objects.create(metric="cost", limit=1)
    with pytest.raises(QuotaExceeded):
        quotas.reserve(alice, CallKind.IMAGE, "m", Estimate(images=9, cost=2))
    assert not Notice.objects.exists()


# --- definitions ------------------------------------------------------------------------------


def test_a_quota_that_another_process_lowered_counts_at_once(alice, images):
    assert allowances.allowances(alice)
    Quota.objects.update(limit=0)  # no signal: as another process would
    with pytest.raises(QuotaExceeded):
        quotas.reserve(alice, CallKind.IMAGE, "m", Estimate(images=1))


def test_a_quota_that_was_switched_off_elsewhere_limits_nothing(alice, images):
    assert allowances.allowances(alice)
    Quota.objects.update(enabled=False)
    quotas.reserve(alice, CallKind.IMAGE, "m", Estimate(images=100_000))
    assert not Hold.objects.exists()
