"""The client of each key; it is kept, and with it the connections to Venice."""

from __future__ import annotations

import os
from functools import lru_cache

from django.conf import settings

from venice_site.venice import marks, secrets
from venice_site.venice.client import Client
from venice_site.venice.models import ApiKey, KeyState
from venice_site.venice.secrets import Undecryptable

STAND_IN_SECRET = "stand-in"  # noqa: S105  the local stand-in takes any word


def client_of(key: ApiKey | None) -> Client | None:
    """Return the client of a key (None: of the stand-in); marks a key that cannot be decrypted."""
    if key is None:
        return _client(settings.VENICE_STAND_IN_URL, STAND_IN_SECRET, *_times())
    try:
        secret = _secret(key.ciphertext, tuple(settings.ENCRYPTION_KEYS))
        return _client(settings.VENICE_BASE_URL, secret, *_times())
    except Undecryptable:
        reason = "ENCRYPTION_KEYS has changed. Enter the key again, or bring the old value back."
        marks.mark(key, KeyState.UNDECRYPTABLE, reason)
        return None


@lru_cache(maxsize=256)
def _secret(ciphertext: str, ring: tuple[str, ...]) -> str:
    """Return a secret, opened once for a ring; its client is kept with it all the same."""
    return secrets.decrypt(ciphertext)


@lru_cache(maxsize=256)
def _client(
    base_url: str, secret: str, timeout: float, image_timeout: float, deadline: float
) -> Client:
    return Client(base_url, secret, timeout=timeout, image_timeout=image_timeout, deadline=deadline)


# A fork would share the connections that these keep open.
os.register_at_fork(after_in_child=_client.cache_clear)


def _times() -> tuple[float, float, float]:
    timeout = settings.VENICE_TIMEOUT
    return timeout, settings.VENICE_IMAGE_TIMEOUT or timeout, settings.VENICE_DEADLINE
