"""Several processes with many threads each, on one database of either engine."""

import pytest

from tests.races import races

pytestmark = pytest.mark.xdist_group("processes")  # all on one worker, which keeps the team


def test_a_hundred_at_once_get_exactly_the_thirty_seven_there_are(team):
    races.last_units(team)


def test_the_counters_equal_the_ledger_after_a_crowd_with_sweeps_and_a_death(team):
    races.mixture(team, turns=1)


def test_a_limit_holds_while_calls_end_in_every_way(team):
    races.never_above_the_limit(team, turns=1)


def test_two_keys_of_an_account_give_exactly_their_places(team):
    races.last_places(team, times=1)


def test_a_key_makes_exactly_the_requests_of_its_day(team):
    races.last_of_the_day(team)


def test_no_more_requests_at_once_than_a_key_has_places(team):
    races.borrowed_places(team, turns=1)
