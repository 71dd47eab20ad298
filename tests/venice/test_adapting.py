"""What is reserved follows the model that is asked: grown, shrunk, or refused, and never spent over."""

import pytest
from django.utils import timezone

from tests.ledger import complaints
from tests.venice.leases import claimed
from tests.venice.test_quotas import counters, reserve
from venice_site.venice import quotas
from venice_site.venice.errors import QuotaExceeded
from venice_site.venice.models import Hold, Quota
from venice_site.venice.quotas import Estimate

DEAR, CHEAP = Estimate(images=1, cost=180_000), Estimate(images=1, cost=10_000)


def of_cost(limit: int, **facts) -> Quota:
    return Quota.objects.create(metric="cost", limit=limit, **facts)


def test_a_cheaper_model_leaves_room_for_others(alice):
    quota = of_cost(200_000)
    call = reserve(alice, DEAR)
    quotas.adapt(call.pk, CHEAP, may_shrink=True)
    assert counters(quota) == (0, 10_000)
    assert quotas.expected(call.pk) == CHEAP
    reserve(alice, DEAR)
    assert complaints() == []


def test_a_dearer_model_holds_more(alice):
    quota = of_cost(200_000)
    call = reserve(alice, CHEAP)
    quotas.adapt(call.pk, DEAR, may_shrink=True)
    assert counters(quota) == (0, 180_000)
    quotas.close(call.pk, None)
    assert counters(quota) == (0, 0)
    assert complaints() == []


def test_growth_that_one_quota_refuses_changes_none(alice):
    wide, narrow = of_cost(1_000_000, who="person", person=alice), of_cost(100_000)
    call = reserve(alice, CHEAP)
    with pytest.raises(
        QuotaExceeded, match=r"\$0.10 a day.*no room for that: \$0.01 used"
    ) as refused:
        quotas.adapt(call.pk, DEAR, may_shrink=True)
    assert refused.value.retry_at is None  # it would wait in the queue for the next day
    assert (counters(wide), counters(narrow)) == ((0, 10_000), (0, 10_000))
    assert quotas.expected(call.pk) == CHEAP
    assert complaints() == []


def test_a_quota_that_was_switched_off_refuses_no_growth(alice):
    quota = of_cost(100_000)
    call = reserve(alice, CHEAP)
    Quota.objects.update(enabled=False)
    quotas.adapt(call.pk, DEAR, may_shrink=True)
    assert counters(quota) == (0, 180_000)
    assert complaints() == []


def test_what_cost_nothing_before_is_held_where_it_costs_something(alice):
    quota = of_cost(200_000)
    call = reserve(alice, Estimate(tokens=50))
    assert not Hold.objects.exists()
    quotas.adapt(call.pk, Estimate(tokens=50, cost=70_000), may_shrink=True)
    assert counters(quota) == (0, 70_000)
    assert complaints() == []


def test_what_may_have_been_charged_is_not_let_go(alice):
    quota = of_cost(200_000)
    call = reserve(alice, DEAR)
    quotas.adapt(call.pk, CHEAP, may_shrink=False)
    assert counters(quota) == (0, 180_000)


def test_suspicion_charges_what_is_held_by_then(alice, key):
    quota = of_cost(200_000)
    call = reserve(alice, DEAR)
    quotas.adapt(call.pk, CHEAP, may_shrink=True)
    quotas.dispatch(call.pk)
    quotas.close(call.pk, None, may_be_charged=True)
    assert counters(quota) == (10_000, 0)
    assert complaints() == []


def test_the_key_that_is_tried_next_takes_anew(alice, key):
    quota = of_cost(200_000, who="key", key=key)
    call = reserve(alice, DEAR)
    assert claimed(call, key, timezone.now())
    assert counters(quota) == (0, 180_000)
    quotas.adapt(call.pk, CHEAP, may_shrink=True)
    assert counters(quota) == (0, 0)
    assert claimed(call, key, timezone.now())
    assert counters(quota) == (0, 10_000)
    assert complaints() == []


def test_a_call_that_was_closed_meanwhile_stays_as_it_is(alice):
    quota = of_cost(200_000)
    call = reserve(alice, DEAR)
    quotas.close(call.pk, None)
    quotas.adapt(call.pk, CHEAP, may_shrink=True)
    assert counters(quota) == (0, 0)
    assert complaints() == []
