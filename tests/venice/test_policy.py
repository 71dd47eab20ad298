"""The rules of what to do next, as properties and as examples."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venice_site.venice import consequences, errors, policy
from venice_site.venice.course import LOST, backoffs
from venice_site.venice.decisions import (
    FallBack,
    FellBack,
    Mark,
    OrderFacts,
    Pool,
    PoolKey,
    Rest,
    Shorten,
    Shortened,
    Stop,
    Tried,
    TryKey,
    Wait,
    Waited,
)
from venice_site.venice.types import RateInfo

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RETRYABLE = [
    errors.KeyRefused,
    errors.NotEntitled,
    errors.OutOfCredit,
    errors.SpendLimit,
    errors.RateLimited,
    errors.FailureBudget,
    errors.Overloaded,
    errors.ServerFault,
    errors.Unreachable,
    errors.TimedOut,
    errors.ConnectionLost,
    errors.StreamCut,
    errors.ModelGone,
    errors.RegionRefused,
]
FINAL = [
    errors.ConsentMissing,
    errors.InvalidOrder,
    errors.Blocked,
    errors.BadAnswer,
    errors.NoKey,
    errors.Stopped,
]


def order(kind="text", **facts) -> OrderFacts:
    given = {"model": "dear", "deadline": NOW + timedelta(seconds=180), "patience": 35.0}
    return OrderFacts(kind=kind, **{**given, **facts})


def pool(*keys: PoolKey, **facts) -> Pool:
    return Pool(keys or (PoolKey(1, "main"),), **facts)


def tried(error: errors.VeniceError, key: int | None = 1, account="main", model="dear", **facts):
    return Tried(key, account, model, error, **facts)


def decide(keys: Pool, facts: OrderFacts, *history, now=NOW, seed=1):
    return policy.decide(keys, facts, history, now, Random(seed))


class Journey:
    """An operation played to its end against a scripted Venice; time passes only by waiting."""

    def __init__(self, keys: Pool, facts: OrderFacts, script, seed: int = 1) -> None:
        self.pool, self.facts, self.script = keys, facts, list(script)
        self.rng, self.now = Random(seed), NOW
        self.history: tuple = ()
        self.tries: list[TryKey] = []
        self.waits: list[float] = []
        self.end: Stop | None = None
        self.good = {key.id: key for key in keys.keys}

    def play(self) -> "Journey":
        for _ in range(60):
            decision = policy.decide(self.pool, self.facts, self.history, self.now, self.rng)
            if isinstance(decision, Stop):
                self.end = decision
                return self
            self._follow(decision)
            if self.script == ["done"]:
                return self
        raise AssertionError("it never ends")

    def _follow(self, decision) -> None:
        if isinstance(decision, Wait):
            assert self.now + timedelta(seconds=decision.seconds) < self.facts.deadline
            self.now += timedelta(seconds=decision.seconds)
            self.history += (Waited(decision.seconds, decision.why),)
            self.waits.append(decision.seconds)
        elif isinstance(decision, FallBack):
            self.history += (FellBack(decision.model, decision.reason),)
        else:
            self._try(decision)

    def _try(self, decision: TryKey) -> None:
        self.tries.append(decision)
        error = self.script.pop(0) if self.script else errors.ServerFault()
        if error is None:
            self.script = ["done"]
            return
        key = next(key for key in self.pool.keys if key.id == decision.key)
        step = Tried(key.id, key.account, decision.model, error)
        found = consequences.consequences(step, key, backoffs(self.history), self.now)
        self.history += (step,)
        rests = tuple(one for one in found if isinstance(one, Rest))
        for mark in (one for one in found if isinstance(one, Mark)):
            self._mark(key, mark)
        self.pool = replace(self.pool, rests=self.pool.rests + rests)

    def _mark(self, key: PoolKey, mark: Mark) -> None:
        asked_again = mark.retry_at is not None and mark.retry_at <= self.now
        usable = mark.state != "refused" or asked_again
        changed = replace(key, good=False, usable=usable)
        keys = tuple(changed if one.id == key.id else one for one in self.pool.keys)
        self.pool = replace(self.pool, keys=keys)


keys = st.lists(
    st.builds(
        PoolKey,
        id=st.none(),
        account=st.sampled_from("abc"),
        priority=st.integers(0, 2),
        usable=st.booleans(),
        good=st.booleans(),
        proven=st.booleans(),
        has_place=st.booleans(),
        has_day=st.booleans(),
    ),
    min_size=1,
    max_size=6,
).map(lambda found: tuple(replace(key, id=n) for n, key in enumerate(found, start=1)))
moments = st.integers(-60, 900).map(lambda seconds: NOW + timedelta(seconds=seconds))
failures = st.builds(
    lambda kind, charged, retry_at, status: kind(
        may_be_charged=charged, retry_at=retry_at, status=status
    ),
    st.sampled_from(RETRYABLE + FINAL),
    st.booleans(),
    st.none() | moments,
    st.sampled_from([None, 401, 403, 429, 500]),
)
rests = st.lists(
    st.builds(
        Rest,
        scope=st.sampled_from(["everyone", "account:a", "account:b", "key:1", "key:2"]),
        model=st.sampled_from(["", "dear", "cheap", "other"]),
        until=moments,
        reason=st.sampled_from(["rate-limited", "out-of-credit", "not-entitled", "model-failing"]),
    ),
    max_size=3,
).map(tuple)
budgets = st.dictionaries(st.sampled_from("abc"), st.integers(0, 20))
pools = st.builds(Pool, keys=keys, rests=rests, failures=budgets)
orders = st.builds(
    order,
    kind=st.sampled_from(["image", "text"]),
    fallback=st.sampled_from(["", "cheap", "dear"]),
    replacement=st.sampled_from(["", "new"]),
)
scripts = st.lists(st.none() | failures, max_size=12)


@given(pools, orders, scripts, st.integers())
def test_it_always_ends_within_its_budgets(found, facts, script, seed):
    journey = Journey(found, facts, script, seed).play()

    assert len(journey.tries) <= policy.CALLS
    assert backoffs(journey.history) <= policy.WAITS
    pairs = zip(journey.history, journey.history[1:], strict=False)
    changes = sum(
        isinstance(a, Tried) and isinstance(b, Tried) and a.key != b.key for a, b in pairs
    )
    assert changes <= policy.ROTATIONS + 1  # a lost reply may be repeated with another key
    assert sum(isinstance(step, FellBack) for step in journey.history) <= 1
    assert journey.now < facts.deadline


@given(pools, orders, scripts, st.integers())
def test_only_a_key_that_may_be_used_is_tried(found, facts, script, seed):
    journey = Journey(found, facts, script, seed)
    original = journey._try

    def check(decision):
        key = next(key for key in journey.pool.keys if key.id == decision.key)
        assert key.usable
        assert key.has_day
        assert key.has_place
        assert found.failures.get(key.account, 0) < policy.FAILURES
        scopes = {"everyone", f"account:{key.account}", f"key:{key.id}"}
        assert not [
            rest
            for rest in journey.pool.rests
            if rest.scope in scopes
            and rest.model in ("", decision.model)
            and rest.until > journey.now
        ]
        original(decision)

    journey._try = check
    journey.play()


@given(pools, orders, scripts, st.integers())
def test_a_wait_is_never_shorter_than_the_formula(found, facts, script, seed):
    journey = Journey(found, facts, script, seed).play()
    backoffs = [
        step for step in journey.history if isinstance(step, Waited) and step.why != "place"
    ]
    for n, step in enumerate(backoffs):
        assert step.seconds >= 2**n
        assert step.seconds <= facts.patience


@given(pools, orders, scripts, st.integers())
def test_a_picture_that_may_be_charged_is_not_sent_again(found, facts, script, seed):
    facts = replace(facts, kind="image")
    journey = Journey(found, facts, script, seed).play()
    steps = [step for step in journey.history if isinstance(step, Tried)]
    for step in steps[:-1]:
        assert not step.error.may_be_charged
        assert not isinstance(step.error, LOST)


@given(pools, orders, scripts, st.integers())
def test_a_reply_is_repeated_at_most_once_after_a_doubtful_end(found, facts, script, seed):
    journey = Journey(found, replace(facts, kind="text"), script, seed).play()
    steps = [step for step in journey.history if isinstance(step, Tried)]
    doubtful = [s for s in steps if s.error.may_be_charged or isinstance(s.error, LOST)]
    assert len(doubtful) <= 2


@given(pools, orders, scripts, st.integers())
def test_what_can_never_succeed_is_not_repeated(found, facts, script, seed):
    journey = Journey(found, facts, script, seed).play()
    steps = [step for step in journey.history if isinstance(step, Tried)]
    assert not [step for step in steps[:-1] if isinstance(step.error, tuple(FINAL))]


@given(pools, orders, failures, st.integers())
def test_after_the_first_content_there_is_only_the_end(found, facts, error, seed):
    seen = tried(error, content_seen=True)
    assert decide(found, facts, seen, seed=seed) == Stop(error)


@given(pools, orders, scripts, st.integers())
def test_the_same_arguments_give_the_same_decisions(found, facts, script, seed):
    one, two = (Journey(found, facts, script, seed).play() for _ in range(2))
    assert one.tries == two.tries
    assert one.waits == two.waits


@given(failures, st.integers(0, 3), st.booleans(), st.booleans())
def test_a_rest_lies_ahead_and_has_a_cap(error, waits, good, proven):
    key = PoolKey(1, "main", good=good, proven=proven)
    for outcome in consequences.consequences(tried(error), key, waits, NOW):
        if isinstance(outcome, Rest):
            lasting = isinstance(error, errors.SpendLimit | errors.NotEntitled)
            longest = timedelta(hours=1) if lasting else consequences.LONGEST_REST
            assert NOW < outcome.until <= NOW + longest


@given(failures, st.integers(0, 3))
def test_the_trouble_of_a_model_never_changes_the_state_of_a_key(error, waits):
    about_the_key = (errors.KeyRefused, errors.OutOfCredit, errors.SpendLimit)
    marks = [
        outcome
        for outcome in consequences.consequences(tried(error), PoolKey(1, "main"), waits, NOW)
        if isinstance(outcome, Mark)
    ]
    assert bool(marks) == isinstance(error, about_the_key)


@given(st.integers(1, 4), st.integers())
def test_one_good_key_within_three_rotations_is_found(dead, seed):
    everyone = pool(*(PoolKey(n, "main", last_used_at=NOW) for n in range(1, dead + 1)))
    script = [*(errors.KeyRefused() for _ in range(dead - 1)), None]
    journey = Journey(everyone, order(), script, seed).play()
    assert journey.end is None
    assert len(journey.tries) == dead


# --- examples ---------------------------------------------------------------------------------


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
