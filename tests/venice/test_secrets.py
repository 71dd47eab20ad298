"""Keys at rest."""

import pytest

from venice_site.venice import secrets


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
    sealed, mark = secrets.encrypt("secret"), secrets.fingerprint("secret")
    settings.ENCRYPTION_KEYS = ["new", "old"]
    moved = secrets.rotate(sealed)
    assert secrets.decrypt(sealed) == secrets.decrypt(moved) == "secret"
    assert secrets.fingerprint("secret") == mark
    settings.ENCRYPTION_KEYS = ["new"]
    assert secrets.decrypt(moved) == "secret"
    with pytest.raises(secrets.Undecryptable):
        secrets.decrypt(sealed)


def test_a_changed_ring_is_an_error_of_its_own(settings) -> None:
    sealed = secrets.encrypt("secret")
    settings.ENCRYPTION_KEYS = ["another ring"]
    with pytest.raises(secrets.Undecryptable):
        secrets.decrypt(sealed)
