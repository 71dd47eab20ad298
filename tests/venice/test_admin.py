"""The admin panel's keys, quotas and ledger, through its pages."""

import pytest
from django.urls import reverse

from venice_site.venice import quotas
from venice_site.venice.models import ApiKey, Call, CallKind, KeyState, Quota
from venice_site.venice.quotas import Estimate

SECRET = "VENICE_INFERENCE_KEY_do-not-show-me-9876"
KEY = {"name": "Main", "secret": SECRET, "account": "main", "enabled": "on", "priority": "0", "daily_limit": "", "max_in_flight": "8"}  # fmt: skip
QUOTA = {"who": "each", "group": "", "person": "", "metric": "images", "amount": "5", "period": "day", "time_zone": "UTC", "warn_at": "80", "enabled": "on"}  # fmt: skip


def add(client, model: str, data: dict[str, str]):
    return client.post(reverse(f"admin:venice_{model}_add"), data)


def test_a_key_goes_in_and_its_secret_never_comes_out(as_administrator) -> None:
    assert add(as_administrator, "apikey", KEY).status_code == 302
    key = ApiKey.objects.get()
    assert key.secret() == SECRET
    assert SECRET not in key.ciphertext
    pages = [
        reverse("admin:venice_apikey_changelist"),
        reverse("admin:venice_apikey_change", args=[key.pk]),
        reverse("admin:venice_apikey_history", args=[key.pk]),
    ]
    for page in pages:
        shown = as_administrator.get(page).content.decode()
        assert SECRET not in shown
        assert key.ciphertext not in shown
        assert key.fingerprint not in shown


def test_saving_a_key_without_a_new_secret_keeps_the_old_one(as_administrator, key) -> None:
    change = reverse("admin:venice_apikey_change", args=[key.pk])
    assert as_administrator.post(change, KEY | {"secret": "", "priority": "5"}).status_code == 302
    key.refresh_from_db()
    assert (key.secret(), key.priority) == ("key-one", 5)


def test_a_new_secret_gives_a_refused_key_a_fresh_start(as_administrator, key) -> None:
    key.mark(KeyState.REFUSED, "Authentication failed")
    change = reverse("admin:venice_apikey_change", args=[key.pk])
    as_administrator.post(change, KEY)
    key.refresh_from_db()
    assert (key.secret(), key.state) == (SECRET, KeyState.ACTIVE)


@pytest.mark.parametrize("secret", ["", "two words", "schlüssel"])
def test_nonsense_is_not_taken_for_a_key(as_administrator, secret: str) -> None:
    assert add(as_administrator, "apikey", KEY | {"secret": secret}).status_code == 200
    assert not ApiKey.objects.exists()


def test_the_same_key_cannot_be_added_twice(as_administrator) -> None:
    add(as_administrator, "apikey", KEY)
    answer = add(as_administrator, "apikey", KEY | {"name": "Again"})
    assert "in the pool already" in answer.content.decode()
    assert ApiKey.objects.count() == 1


def test_the_test_button_asks_venice_and_says_what_it_answered(
    as_administrator, simulator, key
) -> None:
    test = reverse("admin:venice_apikey_test", args=[key.pk])
    answer = as_administrator.post(test, follow=True)
    assert "success" in answer.content.decode()
    key.refresh_from_db()
    assert key.checked_at is not None
    simulator.fail("unauthorized", path="/api_keys/rate_limits")
    answer = as_administrator.post(test, follow=True)
    assert 'class="error"' in answer.content.decode()
    key.refresh_from_db()
    assert key.state == KeyState.REFUSED


def test_testing_a_key_changes_nothing_by_get(as_administrator, simulator, key) -> None:
    as_administrator.get(reverse("admin:venice_apikey_test", args=[key.pk]))
    assert simulator.requests == []


def test_a_quota_of_cost_is_typed_in_dollars(as_administrator) -> None:
    add(as_administrator, "quota", QUOTA | {"metric": "cost", "amount": "2.50", "period": "month"})
    quota = Quota.objects.get()
    assert quota.limit == 2_500_000
    assert str(quota) == "$2.50 a month, each person"
    page = as_administrator.get(reverse("admin:venice_quota_change", args=[quota.pk]))
    assert 'value="2.5"' in page.content.decode()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"amount": "-1"},
        {"amount": "1.5"},
        {"who": "person"},
        {"who": "group"},
        {"time_zone": "Mars"},
    ],
)
def test_a_quota_that_makes_no_sense_is_refused(as_administrator, nonsense) -> None:
    assert add(as_administrator, "quota", QUOTA | nonsense).status_code == 200
    assert not Quota.objects.exists()


def test_the_subject_of_a_quota_follows_its_kind(as_administrator, alice) -> None:
    add(as_administrator, "quota", QUOTA | {"person": str(alice.pk)})
    assert Quota.objects.get().person is None


def test_the_ledger_can_be_read_but_not_edited(as_administrator, alice) -> None:
    call = quotas.reserve(alice, CallKind.IMAGE, "z-image-turbo", Estimate(images=1, cost=10_000))
    listed = as_administrator.get(reverse("admin:venice_call_changelist"))
    assert "z-image-turbo" in listed.content.decode()
    assert as_administrator.get(reverse("admin:venice_call_add")).status_code == 403
    change = reverse("admin:venice_call_change", args=[call.pk])
    assert as_administrator.get(change).status_code == 200
    assert as_administrator.post(change, {"cost": "0"}).status_code == 403
    assert Call.objects.get().cost == 10_000


def test_members_do_not_enter_the_panel(as_alice) -> None:
    assert as_alice.get(reverse("admin:venice_apikey_changelist")).status_code in {302, 403, 404}
