"""Venice keys encrypted at rest with the key ring of the environment (ENCRYPTION_KEYS)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Undecryptable(Exception):
    """No key of the ring opens this secret: the ring was changed without keeping the old key."""


def encrypt(secret: str) -> str:
    """Return the secret encrypted with the first key of the ring."""
    return _ring(tuple(settings.ENCRYPTION_KEYS)).encrypt(secret.encode()).decode()


def decrypt(ciphertext: str) -> str:
    """Return the secret that any key of the ring opens. Raises `Undecryptable`."""
    try:
        return _ring(tuple(settings.ENCRYPTION_KEYS)).decrypt(ciphertext.encode()).decode()
    except InvalidToken as error:
        raise Undecryptable from error


def rotate(ciphertext: str) -> str:
    """Return the same secret encrypted with the first key of the ring. Raises `Undecryptable`."""
    try:
        return _ring(tuple(settings.ENCRYPTION_KEYS)).rotate(ciphertext.encode()).decode()
    except InvalidToken as error:
        raise Undecryptable from error


def is_current(ciphertext: str) -> bool:
    """Return whether the first key of the ring opens this secret: the others are not needed for it."""
    try:
        _ring((settings.ENCRYPTION_KEYS[0],)).decrypt(ciphertext.encode())
    except InvalidToken:
        return False
    return True


def fingerprint(secret: str) -> str:
    """Return a mark by which the same secret is known again; it gives nothing of the secret away.

    It hangs on the first key of the ring: with another one in front, the rows are marked anew.
    """
    pepper = _derived(settings.ENCRYPTION_KEYS[0], b"venice-key-fingerprint")
    return hmac.new(pepper, secret.encode(), hashlib.sha256).hexdigest()


@cache
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(_derived(key, b"venice-key"))) for key in keys]
    )


def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key.encode())
