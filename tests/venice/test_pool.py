"""Keys as Venice sees them: the check, its marks, rotation of the ring, and the service's housekeeping."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.venice.leases import claimed
from tests.venice.test_service import image_order
from venice_site.simulator import KeyRecord
from venice_site.venice import endings, health, pool, quotas, rests, tasks
from venice_site.venice.decisions import Rest
from venice_site.venice.errors import Blocked, KeyRefused
from venice_site.venice.models import ApiKey, Attempt, Cooldown
from venice_site.venice.service import Venice, check_key
from venice_site.venice.types import RateInfo

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def state(key: ApiKey) -> str:
    key.refresh_from_db()
    return key.state


# --- the test button --------------------------------------------------------------------------


def test_a_good_key_is_said_to_work_and_its_balance_is_kept(key, simulator):
    sentence = check_key(key)
    key.refresh_from_db()
    assert sentence == "This key works. Balance: 25 USD, 90.5 DIEM."
    assert (key.balance_usd, key.balance_diem) == (25, 90.5)
    assert key.checked_at is not None
    assert key.rate_limits["limits"]["z-image-turbo"] == {"RPM": 20}


def test_a_refused_key_is_marked(key, simulator):
    simulator.fail("unauthorized")
    assert "refused" in check_key(key)
    assert state(key) == "refused"
    assert key.retry_at > timezone.now()
    assert key.checked_at is not None


def test_a_check_that_does_not_get_through_changes_nothing(key, settings):
    settings.VENICE_BASE_URL = "http://127.0.0.1:9/api/v1"
    assert "cannot be reached" in check_key(key)
    assert state(key) == "active"
    assert key.checked_at is None


def test_a_key_without_money_is_marked_and_healed_when_there_is_some(key, simulator):
    simulator.keys["key-one"] = KeyRecord("key-one", balance_usd=0.01, balance_diem=0)
    assert "out of credit" in check_key(key)
    assert state(key) == "out-of-credit"
    rests.lay(Rest("account:main", "m", timezone.now() + timedelta(hours=1), "out-of-credit"))
    del simulator.keys["key-one"]
    check_key(key)
    assert state(key) == "active"
    assert not Cooldown.objects.exists()


def test_a_key_of_another_ring_is_said_to_be_undecryptable(key, settings, simulator):
    settings.ENCRYPTION_KEYS = ["another"]
    assert "cannot be decrypted" in check_key(key)
    assert state(key) == "undecryptable"
    assert simulator.requests == []


def test_a_key_that_can_be_decrypted_again_is_healed(key, settings, simulator):
    ring = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = ["another"]
    check_key(key)
    settings.ENCRYPTION_KEYS = ring
    health.check_keys(timezone.now(), due_only=True)
    assert state(key) == "active"


def test_only_keys_in_trouble_are_looked_after_between_the_hours(make_key, simulator):
    make_key("good")
    due, resting = make_key("due"), make_key("resting")
    now = timezone.now()
    ApiKey.objects.filter(pk=due.pk).update(state="refused", retry_at=now)
    ApiKey.objects.filter(pk=resting.pk).update(
        state="refused", retry_at=now + timedelta(minutes=5)
    )
    assert health.check_keys(now, due_only=True) == 1
    assert [request.key for request in simulator.requests] == ["due"]
    assert health.check_keys(now, due_only=False) == 3


def test_a_switched_off_key_is_left_alone(make_key, simulator):
    make_key(enabled=False)
    tasks.check_keys.func()
    assert simulator.requests == []


def test_no_secret_is_shown_anywhere(key, simulator, caplog):
    shown = f"{key} {key!r} {check_key(key)} {caplog.text}"
    assert "key-one" not in shown.replace(key.name, "")


# --- what headers say -------------------------------------------------------------------------


def lease(alice, key, model="m") -> tuple[pool.Lease, pool.View]:
    call = quotas.reserve(alice, "image", model, quotas.Estimate(images=1))
    found = claimed(call, key, NOW, model)
    assert found is not None
    return found, pool.view(call.pk, NOW)


def test_a_used_up_window_lets_the_account_rest_before_the_first_429(alice, key):
    found, _ = lease(alice, key)
    reset = (NOW + timedelta(seconds=20)).timestamp()
    endings.end_well(found, RateInfo(limit=20, remaining=0, reset_at=reset), NOW)
    rest = Cooldown.objects.get()
    assert (rest.scope, rest.model) == ("account:main", "m")
    assert rest.until == NOW + timedelta(seconds=20)


@pytest.mark.parametrize(
    ("told", "rest"),
    [
        ({"remaining": 0, "scope": "api_key"}, ("key", "m", "used-up")),
        ({"remaining": 0, "scope": "global"}, ("everyone", "m", "used-up")),
        ({"remaining": 5, "tokens_remaining": 0}, ("account:main", "m", "used-up")),
        ({"remaining": 5, "failures_left": 0}, ("account:main", "", "failure-budget")),
    ],
)
@pytest.mark.parametrize("ends", ["well", "badly"])
def test_whatever_is_used_up_is_kept_to_before_the_first_429(alice, key, told, rest, ends):
    found, seen = lease(alice, key)
    soon = (NOW + timedelta(seconds=20)).timestamp()
    rate = RateInfo(**told, reset_at=soon, retry_at=soon)
    if ends == "well":
        endings.end_well(found, rate, NOW)
    else:
        endings.end_badly(found, Blocked(status=422, rate=rate), seen, 0, NOW)
    laid = Cooldown.objects.get()
    assert (laid.scope.replace(f"key:{key.pk}", "key"), laid.model, laid.reason) == rest
    assert laid.until == NOW + timedelta(seconds=20)


def test_a_window_that_has_begun_again_lays_no_rest(alice, key):
    found, _ = lease(alice, key)
    past = (NOW - timedelta(seconds=1)).timestamp()
    endings.end_well(found, RateInfo(remaining=0, reset_at=past), NOW)
    assert not Cooldown.objects.exists()


def test_an_absent_header_is_not_zero(alice, key):
    found, _ = lease(alice, key)
    endings.end_well(found, RateInfo(), NOW)
    key.refresh_from_db()
    assert not Cooldown.objects.exists()
    assert key.balance_usd is None
    assert "remaining" not in key.rate_limits["models"]["m"]


def test_an_attempt_ends_once(alice, key):
    found, _ = lease(alice, key)
    endings.end_unanswered(found, NOW, "stopped")
    endings.end_well(found, RateInfo(), NOW)
    assert Attempt.objects.get().outcome == "stopped"


# --- places -----------------------------------------------------------------------------------


def test_a_full_key_gives_no_place_until_an_attempt_ends(alice, make_key):
    key = make_key(max_in_flight=1)
    found, _ = lease(alice, key)
    call = quotas.reserve(alice, "image", "m", quotas.Estimate(images=1))
    assert not pool.view(call.pk, NOW).pool.keys[0].has_place
    assert claimed(call, key, NOW) is None
    endings.end_unanswered(found, NOW, "stopped")
    assert pool.view(call.pk, NOW).pool.keys[0].has_place


def test_a_call_that_was_closed_frees_its_place(alice, make_key):
    key = make_key(max_in_flight=1)
    found, _ = lease(alice, key)
    quotas.close(found.call, None)
    assert pool.view(0, NOW).pool.keys[0].has_place


def test_a_refusal_of_the_old_secret_says_nothing_of_the_new_one(alice, key):
    found, seen = lease(alice, key)
    key.put_secret("another")
    key.save()
    endings.end_badly(found, KeyRefused(status=401), seen, 0, NOW)
    key.refresh_from_db()
    assert key.state == "active"


def test_lost_leases_and_old_rests_are_swept(alice, key):
    lease(alice, key)
    rests.lay(Rest("everyone", "m", NOW, "overloaded"))
    pool.prune(NOW + timedelta(hours=1))
    rests.prune(NOW + timedelta(hours=1))
    assert Attempt.objects.get().outcome == "lost"
    assert not Cooldown.objects.exists()


def test_the_sweep_task_closes_what_expired(alice, key):
    order = image_order()
    call = Venice(alice).reserve_image(order)
    type(call).objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep.func()
    call.refresh_from_db()
    assert (call.state, call.error_kind) == ("released", "expired")


# --- the ring ---------------------------------------------------------------------------------


def test_the_ring_can_be_changed_key_by_key(key, settings):
    settings.ENCRYPTION_KEYS = ["new", *settings.ENCRYPTION_KEYS]
    call_command("rotate_secrets", verbosity=0)
    settings.ENCRYPTION_KEYS = ["new"]
    call_command("rotate_secrets", verbosity=0)
    key.refresh_from_db()
    assert key.secret() == "key-one"
    same = ApiKey(name="same")
    same.put_secret("key-one")
    assert same.fingerprint == key.fingerprint


def test_a_key_that_cannot_be_decrypted_is_named(key, settings):
    settings.ENCRYPTION_KEYS = ["another"]
    with pytest.raises(CommandError, match="key-one"):
        call_command("rotate_secrets", verbosity=0)
