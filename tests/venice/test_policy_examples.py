"""What the policy decides, by examples."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from tests.venice.operations import NOW, Journey, decide, order, pool, tried
from venice_site.venice import consequences, errors, policy
from venice_site.venice.decisions import (
    FallBack,
    FellBack,
    PoolKey,
    Rest,
    Shorten,
    Shortened,
    Stop,
    TryKey,
    Wait,
    Waited,
)
from venice_site.venice.types import RateInfo


def test_the_first_key_is_the_one_of_highest_priority_that_rested_longest():
    keys = pool(
        PoolKey(1, "a", priority=1, last_used_at=NOW),
        PoolKey(2, "a", priority=1, last_used_at=NOW - timedelta(minutes=1)),
        PoolKey(3, "a", priority=0),
        PoolKey(4, "a", priority=2, good=False),
    )
    assert decide(keys, order()) == TryKey(2, "dear")


def test_a_refused_key_gives_way_to_the_next_at_once():
    keys = pool(PoolKey(1, "a"), PoolKey(2, "a"))
    assert decide(keys, order(), tried(errors.KeyRefused(), account="a")) == TryKey(2, "dear")


def test_all_keys_refused_is_said_in_a_sentence_about_keys():
    decision = decide(pool(), order(), tried(errors.KeyRefused()))
    assert isinstance(decision, Stop)
    assert isinstance(decision.error, errors.NoKey)


def test_the_only_key_is_asked_once_more_when_it_has_worked_before():
    keys = pool(PoolKey(1, "main", proven=True, good=False))
    refused = tried(errors.KeyRefused())
    assert decide(keys, order(), refused) == TryKey(1, "dear")
    assert isinstance(decide(keys, order(), refused, refused).error, errors.NoKey)


def test_a_limit_of_requests_moves_on_to_another_account():
    keys = pool(PoolKey(1, "a"), PoolKey(2, "a"), PoolKey(3, "b", last_used_at=NOW))
    limited = tried(errors.RateLimited(), account="a")
    assert decide(keys, order(), limited) == TryKey(3, "dear")


def test_without_another_account_it_waits_one_two_and_four_seconds():
    journey = Journey(pool(), order(), [errors.RateLimited() for _ in range(9)]).play()
    assert [int(seconds) for seconds in journey.waits] == [1, 2, 4]
    assert len(journey.tries) == 4


def test_a_longer_hint_of_the_server_counts():
    error = errors.RateLimited(retry_at=NOW + timedelta(seconds=9))
    assert decide(pool(), order(), tried(error)).seconds >= 9


def test_a_wait_beyond_the_patience_ends_and_says_until_when():
    error = errors.RateLimited(retry_at=NOW + timedelta(seconds=60))
    decision = decide(pool(), order("image", patience=5.0), tried(error))
    assert isinstance(decision, Stop)
    assert decision.error.retry_at >= NOW + timedelta(seconds=60)
    assert isinstance(decision.error, errors.RateLimited)


def test_money_moves_on_to_another_account_and_then_to_the_cheaper_model():
    keys = pool(PoolKey(1, "a"), PoolKey(2, "b"))
    facts = order(fallback="cheap")
    first, second = (tried(errors.OutOfCredit(), n, account) for n, account in [(1, "a"), (2, "b")])
    assert decide(keys, facts, first) == TryKey(2, "dear")
    fallen = decide(keys, facts, first, second)
    assert fallen == FallBack("cheap", policy.FALLBACK_REASONS["out-of-credit"])
    steps = (first, second, FellBack("cheap", fallen.reason))
    assert isinstance(decide(keys, facts, *steps), TryKey)


def test_a_second_402_of_the_cheaper_model_is_the_end():
    facts = order(fallback="cheap")
    steps = (
        tried(errors.OutOfCredit()),
        FellBack("cheap", "because"),
        tried(errors.OutOfCredit(), model="cheap"),
    )
    assert isinstance(decide(pool(), facts, *steps).error, errors.OutOfCredit)


def test_a_capped_key_gives_way_to_another_key_of_the_same_account():
    keys = pool(PoolKey(1, "a"), PoolKey(2, "a"))
    assert decide(keys, order(), tried(errors.SpendLimit(), account="a")) == TryKey(2, "dear")


def test_a_model_for_pro_users_is_asked_of_another_account_only():
    keys = pool(PoolKey(1, "a"), PoolKey(2, "a"))
    error = errors.NotEntitled(status=401)
    assert isinstance(decide(keys, order(), tried(error, account="a")), Stop)
    with_other = pool(*keys.keys, PoolKey(3, "b"))
    assert decide(with_other, order(), tried(error, account="a")) == TryKey(3, "dear")


def test_a_retired_model_gives_way_to_its_successor_once():
    facts = order(replacement="new")
    gone = tried(errors.ModelGone())
    assert decide(pool(), facts, gone) == FallBack("new", policy.FALLBACK_REASONS["model-gone"])
    again = (gone, FellBack("new", ""), tried(errors.ModelGone(), model="new"))
    assert isinstance(decide(pool(), facts, *again), Stop)


def test_twelve_failures_in_half_a_minute_let_the_account_rest():
    worn = pool(PoolKey(1, "main"), failures={"main": 12})
    decision = decide(worn, order("image", patience=5.0))
    assert isinstance(decision.error, errors.FailureBudget)
    assert decision.error.retry_at >= NOW + consequences.FAILURE_WINDOW
    assert decide(worn, order()).seconds >= 30


def test_an_overloaded_model_gives_way_after_two_failures():
    script = [*(errors.Overloaded(status=503) for _ in range(2)), None]
    journey = Journey(pool(), order(fallback="cheap"), script).play()
    assert Counter(attempt.model for attempt in journey.tries) == {"dear": 2, "cheap": 1}


def test_a_full_pool_is_waited_for_a_while():
    busy = pool(PoolKey(1, "main", has_place=False))
    assert isinstance(decision := decide(busy, order()), Wait)
    assert decision.why == "place"
    looks = [Waited(1.0, "place")] * policy.PLACE_WAITS
    assert isinstance(decide(busy, order(), *looks), Stop)


def test_a_used_up_day_is_said():
    decision = decide(pool(PoolKey(1, "main", has_day=False)), order())
    assert "Daily limits" in str(decision.error)


def test_seven_calls_are_the_end_also_across_visits_to_the_queue():
    decision = policy.decide(
        pool(),
        order(),
        (tried(errors.RateLimited(retry_at=NOW)),),
        NOW,
        Random(1),
        earlier_calls=6,
    )
    assert isinstance(decision, Stop)
    assert decision.error.retry_at is None


@pytest.mark.parametrize("kind", [errors.TimedOut, errors.ConnectionLost])
def test_a_reply_that_was_lost_before_content_is_asked_for_once_more(kind):
    lost = tried(kind(may_be_charged=True))
    assert decide(pool(), order("text"), lost) == TryKey(1, "dear")
    assert isinstance(decide(pool(), order("text"), lost, lost), Stop)
    assert isinstance(decide(pool(), order("image"), lost), Stop)


def test_a_model_that_the_team_may_not_use_gives_way_to_the_configured_one():
    facts = order(fallback="cheap")
    pro_only = tried(errors.NotEntitled(status=401))
    decision = decide(pool(), facts, pro_only)
    assert decision == FallBack("cheap", policy.FALLBACK_REASONS["not-entitled"])
    assert decide(pool(), order(), pro_only) == Stop(pro_only.error)


def test_a_failing_model_gives_way_at_once_and_not_to_another_that_fails():
    until = NOW + timedelta(seconds=15)
    resting = tuple(Rest("everyone", name, until, "model-failing") for name in ("dear", "cheap"))
    alone = decide(pool(rests=resting[:1]), order(fallback=""))
    assert (alone.error.kind, alone.error.retry_at) == ("model-failing", until)
    assert decide(pool(rests=resting[:1]), order(fallback="cheap")).model == "cheap"
    assert isinstance(decide(pool(rests=resting), order(fallback="cheap")), Stop)
    later = until + timedelta(seconds=1)
    assert decide(pool(rests=resting), order(), now=later) == TryKey(1, "dear")


@pytest.mark.parametrize(
    ("faults", "answers", "fails"), [(4, 0, False), (5, 5, True), (5, 6, False), (50, 0, True)]
)
def test_five_failures_in_a_minute_and_no_more_answers_than_that(faults, answers, fails):
    assert consequences.is_failing(faults, answers) == fails


def test_a_failing_model_rests_twice_as_long_each_time():
    rested = [consequences.model_rest(times).total_seconds() for times in (0, 1, 2, 3, 4, 5, 40)]
    assert rested == [15, 30, 60, 120, 240, 300, 300]


def test_the_oldest_turns_are_left_out_once():
    long = tried(errors.TooLong(status=400))
    facts = order(can_shorten=True)
    assert decide(pool(), facts, long) == Shorten()
    assert decide(pool(), facts, long, Shortened()) == TryKey(1, "dear")
    assert decide(pool(), facts, long, Shortened(), long) == Stop(long.error)
    assert decide(pool(), order(), long) == Stop(long.error)


@pytest.mark.parametrize("kind", [errors.RegionRefused, errors.ConsentMissing])
def test_a_matter_of_the_region_or_of_consent_is_not_asked_of_another_key(kind):
    keys = pool(PoolKey(1, "a"), PoolKey(2, "a"), PoolKey(3, "b"))
    refused = tried(kind(status=403), account="a")
    assert decide(keys, order(), refused) == Stop(refused.error)
    assert consequences.consequences(refused, keys.keys[0], 0, NOW) == ()


def test_a_model_that_fails_again_and_again_gives_way_too():
    script = [errors.ServerFault(status=500) for _ in range(2)]
    journey = Journey(pool(), order(fallback="cheap"), [*script, None]).play()
    assert [one.model for one in journey.tries] == ["dear", "dear", "cheap"]
    assert [int(seconds) for seconds in journey.waits] == [1]
    alone = Journey(pool(), order(), [errors.ServerFault(status=500) for _ in range(9)]).play()
    assert [int(seconds) for seconds in alone.waits] == [1, 2, 4]


@pytest.mark.parametrize(
    ("scope", "following"),
    [("api_key", TryKey(2, "dear")), ("user", TryKey(3, "dear")), ("global", None)],
)
def test_whose_limit_it_is_decides_which_key_can_help(scope, following):
    keys = pool(PoolKey(1, "a"), PoolKey(2, "a"), PoolKey(3, "b", priority=-1))
    limited = tried(errors.RateLimited(rate=RateInfo(scope=scope)), account="a")
    decision = decide(keys, order(), limited)
    assert decision == following if following else isinstance(decision, Wait)
    (rest,) = consequences.consequences(limited, keys.keys[0], 0, NOW)
    assert rest.scope == {"api_key": "key:1", "user": "account:a", "global": "everyone"}[scope]


def test_a_key_that_is_being_tried_out_is_waited_for_a_moment():
    probed = pool(PoolKey(1, "a"), probed=(("account:a", "dear"),))
    assert decide(probed, order()).why == "place"
    assert decide(probed, order(model="another")) == TryKey(1, "another")
