"""Keys at rest, and what happens to them when the key ring changes."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.urls import reverse

from venice_site.venice import rotation, secrets
from venice_site.venice.models import ApiKey

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent.parent
OLD, NEW = "an old value of the ring, long enough", "a new value of the ring, long enough"


def test_what_is_encrypted_can_be_read_again() -> None:
    sealed = secrets.encrypt("VENICE_INFERENCE_KEY_abc")
    assert "VENICE" not in sealed
    assert secrets.decrypt(sealed) == "VENICE_INFERENCE_KEY_abc"


def test_the_same_secret_is_never_encrypted_twice_alike() -> None:
    assert secrets.encrypt("one") != secrets.encrypt("one")
    assert secrets.fingerprint("one") == secrets.fingerprint("one")
    assert secrets.fingerprint("one") != secrets.fingerprint("two")


def test_an_old_key_of_the_ring_still_opens_and_rotation_moves_to_the_new_one(settings) -> None:
    settings.ENCRYPTION_KEYS = ["old"]
    sealed = secrets.encrypt("secret")
    settings.ENCRYPTION_KEYS = ["new", "old"]
    moved = secrets.rotate(sealed)
    assert secrets.decrypt(sealed) == secrets.decrypt(moved) == "secret"
    assert (secrets.is_current(sealed), secrets.is_current(moved)) == (False, True)
    settings.ENCRYPTION_KEYS = ["new"]
    assert secrets.decrypt(moved) == "secret"
    with pytest.raises(secrets.Undecryptable):
        secrets.decrypt(sealed)


def test_a_changed_ring_is_an_error_of_its_own(settings) -> None:
    sealed = secrets.encrypt("secret")
    settings.ENCRYPTION_KEYS = ["another ring"]
    with pytest.raises(secrets.Undecryptable):
        secrets.decrypt(sealed)


# --- changing the ring ------------------------------------------------------------------------


def rotated(capsys: pytest.CaptureFixture[str]) -> str:
    call_command("rotate_secrets")
    return capsys.readouterr().out


@pytest.fixture
def old_ring(settings) -> None:
    settings.ENCRYPTION_KEYS = [OLD]


def test_after_a_rotation_the_old_value_is_not_needed(settings, old_ring, make_key, capsys) -> None:
    for secret in ("one", "two", "three"):
        make_key(secret)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert "Encrypted anew: 3. Encrypted with the first value before: 0." in rotated(capsys)
    settings.ENCRYPTION_KEYS = [NEW]
    assert [key.secret() for key in ApiKey.objects.order_by("pk")] == ["one", "two", "three"]
    assert "Encrypted anew: 0. Encrypted with the first value before: 3." in rotated(capsys)


def test_a_rotation_that_was_broken_off_goes_on_where_it_was(
    settings, old_ring, make_key, capsys, monkeypatch
) -> None:
    for number in range(5):
        make_key(f"key-{number}")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    monkeypatch.setattr(rotation, "BATCH", 2)
    rotate, calls = secrets.rotate, iter(range(9))

    def powercut(ciphertext: str) -> str:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return rotate(ciphertext)

    monkeypatch.setattr(secrets, "rotate", powercut)
    with pytest.raises(KeyboardInterrupt):
        call_command("rotate_secrets")
    assert "Encrypted anew: 3. Encrypted with the first value before: 2." in rotated(capsys)


def test_keys_that_nothing_opens_are_named_and_do_not_keep_the_others(
    settings, make_key, capsys
) -> None:
    settings.ENCRYPTION_KEYS = ["a value that was lost, long enough too"]
    make_key("lost", name="Lost one")
    make_key("gone", name="Another")
    settings.ENCRYPTION_KEYS = [OLD]
    make_key("found")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    with pytest.raises(CommandError, match=r"Lost one, Another\. Bring the old value back"):
        call_command("rotate_secrets")
    assert "Encrypted anew: 1." in capsys.readouterr().out
    assert secrets.is_current(ApiKey.objects.get(name="found").ciphertext)


def test_a_key_that_was_changed_meanwhile_stays_as_it_was_changed(
    settings, old_ring, make_key, monkeypatch
) -> None:
    key = make_key("before")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    rotate = secrets.rotate

    def somebody_is_quicker(ciphertext: str) -> str:
        ApiKey.objects.filter(pk=key.pk).update(ciphertext=secrets.encrypt("after"))
        return rotate(ciphertext)

    monkeypatch.setattr(secrets, "rotate", somebody_is_quicker)
    call_command("rotate_secrets")
    assert ApiKey.objects.get().secret() == "after"


@pytest.mark.parametrize("rings", [[[NEW, OLD]], [[NEW, OLD], [NEW]], [[OLD, NEW], [NEW, OLD]]])
@pytest.mark.parametrize("at_the_start", [True, False])
def test_the_same_key_is_known_again_whatever_became_of_the_ring(
    settings, old_ring, make_key, as_administrator, rings, at_the_start
) -> None:
    make_key("VENICE_INFERENCE_KEY_1")
    for ring in rings:
        settings.ENCRYPTION_KEYS = ring
        if at_the_start:
            call_command("prepare")
        call_command("rotate_secrets")
    again = {"name": "Again", "secret": "VENICE_INFERENCE_KEY_1", "account": "main", "enabled": "on", "priority": "0", "daily_limit": "", "max_in_flight": "8"}  # fmt: skip
    answer = as_administrator.post(reverse("admin:venice_apikey_add"), again)
    assert "in the pool already" in answer.text
    settings.VENICE_API_KEYS = ["VENICE_INFERENCE_KEY_1"]
    call_command("prepare")
    assert ApiKey.objects.enabled().count() == 1


def test_a_start_with_a_new_ring_knows_the_keys_of_the_environment_before_they_are_rotated(
    settings, old_ring
) -> None:
    settings.VENICE_API_KEYS = ["secret-one"]
    call_command("prepare")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    call_command("prepare")
    assert [(key.secret(), key.enabled) for key in ApiKey.objects.all()] == [("secret-one", True)]


def test_two_rows_with_the_same_secret_are_named(settings, old_ring, make_key, capsys) -> None:
    make_key("same", name="First")
    settings.ENCRYPTION_KEYS = [NEW]
    make_key("same", name="Second")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    call_command("prepare")
    assert "First has the same secret as another key" in capsys.readouterr().out
    call_command("rotate_secrets")
    assert "First has the same secret as another key" in capsys.readouterr().err
    assert all(secrets.is_current(key.ciphertext) for key in ApiKey.objects.all())


def test_every_encrypted_column_is_rotated() -> None:
    holders = {
        model
        for model in apps.get_models()
        if any("ciphertext" in field.name for field in model._meta.get_fields())
    }
    assert holders == set(rotation.HOLDERS)


def test_whatever_is_encrypted_goes_into_a_column_of_that_name() -> None:
    lines = [
        line.strip()
        for room in ("venice_site", "gallery", "chat")
        for path in (ROOT / room).rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(r"\bsecrets\.encrypt\(", line)
    ]
    assert lines == ["self.ciphertext = secrets.encrypt(secret)"]
