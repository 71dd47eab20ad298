"""The page that says what a person may use, and what they used."""

from datetime import timedelta

import pytest
from django.utils import timezone

from venice_site.venice import quotas
from venice_site.venice.models import Call, CallKind, Quota
from venice_site.venice.quotas import Estimate
from venice_site.venice.types import Usage


def spend(person, **facts) -> Call:
    call = quotas.reserve(person, CallKind.IMAGE, "z-image-turbo", Estimate(images=1, cost=10_000))
    quotas.settle(call.pk, Usage(images=1, cost=10_000))
    Call.objects.filter(pk=call.pk).update(**facts)
    return call


def test_a_newcomer_sees_that_nothing_is_limited_and_nothing_was_used(as_alice):
    page = as_alice.get("/usage/").content.decode()
    assert "No quota applies to you" in page
    assert "Nothing yet" in page


def test_each_allowance_has_a_meter_and_its_reset(as_alice, alice):
    Quota.objects.create(metric="images", limit=40)
    spend(alice)
    page = as_alice.get("/usage/").content.decode()
    assert "40 images a day, everyone together" in page
    assert 'max="40" value="1"' in page
    assert "begins again" in page


@pytest.mark.parametrize(
    ("limit", "words", "badge"),
    [
        (40, "38 images left", ""),
        (2, "Nothing left", "Used up"),
        (3, "1 image left", "Little is left"),
    ],
)
def test_it_is_said_how_much_is_left(limit, words, badge, as_alice, alice):
    Quota.objects.create(metric="images", limit=limit, warn_at=60)
    spend(alice)
    spend(alice)
    page = as_alice.get("/usage/").content.decode()
    assert words in page
    assert badge in page
    assert ("badge--" in page) == bool(badge)


def test_a_person_sees_their_own_calls_only(as_alice, alice, bob):
    spend(alice)
    spend(bob, model="somebody-elses", served_by="somebody-elses")
    page = as_alice.get("/usage/").content.decode()
    assert "z-image-turbo" in page
    assert "somebody-elses" not in page


def test_what_may_have_been_charged_is_said(as_alice, alice):
    spend(alice, may_be_charged=True)
    assert "May have been charged" in as_alice.get("/usage/").content.decode()


def test_totals_count_today_and_this_month(as_alice, alice):
    spend(alice)
    spend(alice, created_at=timezone.now() - timedelta(days=40))
    totals = as_alice.get("/usage/").context["totals"]
    assert [(total.calls, total.images, total.cost) for total in totals] == [(1, 1, 10_000)] * 2


def test_older_calls_are_a_page_away_and_none_is_lost_or_shown_twice(as_alice, alice):
    for _ in range(53):
        spend(alice)
    first = as_alice.get("/usage/").context
    second = as_alice.get(f"/usage/?before={first['following']}").context
    seen = [call.pk for call in [*first["calls"], *second["calls"]]]
    assert len(first["calls"]) == 50
    assert second["following"] is None
    assert len(set(seen)) == len(seen) == 53
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("mark", ["", "x", "-1", "9" * 40, "1.5", "²"])
def test_nonsense_in_the_address_shows_the_newest(mark, as_alice, alice):
    spend(alice)
    answer = as_alice.get("/usage/", {"before": mark})
    assert answer.status_code == 200
    assert len(answer.context["calls"]) == 1


def test_no_query_per_line(as_alice, alice, django_assert_max_num_queries):
    for _ in range(30):
        spend(alice)
    as_alice.get("/usage/")
    with django_assert_max_num_queries(12):
        as_alice.get("/usage/")


def test_the_page_asks_for_sign_in_and_takes_no_post(client, as_alice):
    assert client.get("/usage/").status_code == 302
    assert as_alice.post("/usage/").status_code == 405
