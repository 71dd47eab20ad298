"""What the policy holds to, whatever happens: properties of all ways through it."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.venice.operations import FINAL, NOW, RETRYABLE, Journey, decide, order, pool, tried
from venice_site.venice import consequences, errors, policy
from venice_site.venice.course import LOST, backoffs
from venice_site.venice.decisions import FellBack, Mark, Pool, PoolKey, Rest, Stop, Tried, Waited

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
