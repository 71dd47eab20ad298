"""Many at once at one account: never so many failures that Venice blocks it, and no rush after a rest."""

import threading
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db import connections
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.venice.clocks import QuickClock
from tests.venice.leases import claimed
from venice_site.venice import endings, errors, policy, pool, quotas, rests
from venice_site.venice.consequences import FAILURE_WINDOW
from venice_site.venice.decisions import OrderFacts, Rest
from venice_site.venice.models import ApiKey, Attempt, CallKind, Cooldown
from venice_site.venice.quotas import Estimate
from venice_site.venice.service import Venice
from venice_site.venice.types import ImageOrder, RateInfo

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
MODEL = "z-image-turbo"


class Account:
    """An account of a Venice that somebody else plays, seen by many workers who all want to ask."""

    def __init__(self) -> None:
        self.now = START
        self.open: list[datetime] = []
        self.failed: list[datetime] = []
        self.answered: datetime | None = None
        self.trusted_with = 0  # how many were under way when trust was last a reason to send

    def ask(self) -> None:
        failures = sum(at > self.now - FAILURE_WINDOW for at in self.failed)
        well = self.answered is not None and self.answered > self.now - pool.ANSWERED_WITHIN
        if policy.admits(failures, len(self.open), answers_well=well):
            self.open.append(self.now)
            if failures + len(self.open) > policy.FAILURES:
                self.trusted_with = max(self.trusted_with, len(self.open))

    def answer(self, *, well: bool) -> None:
        if self.open:
            self.open.pop(0)
            if well:
                self.answered = self.now
            else:
                self.failed.append(self.now)

    def pass_time(self, seconds: float) -> None:
        """Let time pass; what was sent is refused, if at all, before it is counted out."""
        for _ in [at for at in self.open if self.now + timedelta(seconds=seconds) - at > LIMIT]:
            self.answer(well=False)
        self.now += timedelta(seconds=seconds)

    def worst(self) -> int:
        """Return the most failures in any half minute."""
        return max(
            (sum(at - FAILURE_WINDOW < one <= at for one in self.failed) for at in self.failed),
            default=0,
        )


LIMIT = policy.REFUSED_WITHIN
steps = st.lists(
    st.sampled_from(["ask"] * 6 + ["refuse"] * 2 + ["answer"]) | st.floats(0.05, 20), max_size=120
)


@given(steps)
def test_an_account_that_never_answers_well_fails_at_most_twelve_times_in_half_a_minute(script):
    account = Account()
    for step in script:
        if isinstance(step, float):
            account.pass_time(step)
        elif step == "ask":
            account.ask()
        else:
            account.answer(well=False)
    assert account.worst() <= policy.FAILURES


@given(steps)
def test_more_fail_only_of_those_that_were_sent_in_good_trust(script):
    account = Account()
    for step in script:
        if isinstance(step, float):
            account.pass_time(step)
        elif step == "ask":
            account.ask()
        else:
            account.answer(well=step == "answer")
    assert account.worst() <= policy.FAILURES + account.trusted_with


# --- with real rows and a real Venice ---------------------------------------------------------


def in_threads(number, work) -> None:
    barrier = threading.Barrier(number)

    def run() -> None:
        barrier.wait()
        try:
            work()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scenario", ["unauthorized", "model-not-found", "bad-request-issues"])
def test_forty_at_once_at_a_dead_account_are_not_forty_failures(
    scenario, alice, make_key, simulator
):
    make_key("key-one")
    make_key("key-two")
    simulator.fail(scenario)
    order = ImageOrder(MODEL, "a lighthouse", 7, width=64, height=64)

    def ask() -> None:
        call = Venice(alice).reserve_image(order)
        with pytest.raises(errors.VeniceError):
            Venice(alice, QuickClock()).generate_image(order, call.pk, stopped=lambda: False)

    in_threads(40, ask)
    assert 0 < len(simulator.requests) <= policy.FAILURES
    assert Attempt.objects.filter(ended_at=None).count() == 0


@pytest.mark.django_db(transaction=True)
def test_forty_at_once_at_a_good_account_all_get_through(alice, key, simulator):
    key.answered_at = timezone.now()
    key.save()
    order = ImageOrder(MODEL, "a lighthouse", 7, width=64, height=64)

    def ask() -> None:
        call = Venice(alice).reserve_image(order)
        Venice(alice).generate_image(order, call.pk, stopped=lambda: False)

    in_threads(20, ask)
    assert len(simulator.requests) == 20


def lease(alice, key, now=None, model=MODEL):
    call = quotas.reserve(alice, CallKind.IMAGE, model, Estimate(images=1, cost=5))
    return claimed(call, key, now or timezone.now(), model)


def rested(until, **facts):
    return rests.lay(Rest("account:main", facts.get("model", MODEL), until, "rate-limited"))


def test_after_a_rest_one_request_goes_first(alice, key):
    now = timezone.now()
    rested(now - timedelta(seconds=1))
    first = lease(alice, key, now)
    assert first is not None
    assert lease(alice, key, now) is None
    assert decided(now).why == "place"

    endings.end_well(first, RateInfo(), now)
    assert not Cooldown.objects.exists()
    assert lease(alice, key, now) is not None


def decided(now):
    facts = OrderFacts("text", MODEL, now + timedelta(minutes=3), 35.0)
    return policy.decide(pool.view(0, now).pool, facts, (), now, Random(1))


def test_a_probe_that_fails_makes_the_rest_longer(alice, key):
    now = timezone.now()
    rested(now - timedelta(seconds=1))
    first = lease(alice, key, now)
    limited = errors.RateLimited(status=429, retry_at=now + timedelta(seconds=20))
    endings.end_badly(first, limited, pool.view(0, now), 0, now)
    assert Cooldown.objects.get().until == now + timedelta(seconds=20)
    assert lease(alice, key, now) is None


def test_a_probe_that_is_slow_keeps_the_others_back_for_a_moment_only(alice, key):
    now = timezone.now()
    rested(now - timedelta(seconds=1))
    assert lease(alice, key, now) is not None
    later = now + rests.PROBE_FOR
    assert lease(alice, key, later) is not None


def test_the_rest_of_one_model_is_none_of_another(alice, key):
    rested(timezone.now() + timedelta(seconds=20), model="another")
    assert lease(alice, key) is not None


def test_a_refused_key_whose_time_has_come_is_tried_by_one(alice, key):
    now = timezone.now()
    ApiKey.objects.update(state="refused", retry_at=now)
    assert lease(alice, key, now) is not None
    seen = pool.view(0, now).pool.keys[0]
    assert (seen.usable, seen.has_place) == (True, False)
    assert lease(alice, key, now) is None


# --- which key --------------------------------------------------------------------------------


def test_the_least_used_key_is_taken(alice, make_key):
    one, two = make_key("key-one", max_in_flight=4), make_key("key-two", max_in_flight=4)
    lease(alice, one)
    ApiKey.objects.filter(pk=two.pk).update(last_used_at=timezone.now() + timedelta(seconds=1))
    now = timezone.now()
    loads = {key.id: key.load for key in pool.view(0, now).pool.keys}
    assert loads == {one.pk: 0.25, two.pk: 0}
    assert decided(now).key == two.pk


def test_an_account_with_more_requests_left_is_taken(alice, make_key):
    low, high = make_key("key-one", account="a"), make_key("key-two", account="b")
    now = timezone.now()
    for key, remaining in ((low, 2), (high, 15)):
        ended = lease(alice, key, now)
        rate = RateInfo(limit=20, remaining=remaining, reset_at=now.timestamp() + 60)
        endings.end_well(ended, rate, now)
    assert decided(now).key == high.pk
