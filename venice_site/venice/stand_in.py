"""Whether the local stand-in answers; looked up once a second."""

from __future__ import annotations

from django.core.cache import cache as shared_cache

from venice_site.venice.models import ApiKey

FRESH_FOR = 1  # seconds until another process sees the first key
KNOWN = "on-stand-in"


def on_stand_in() -> bool:
    """Return whether the local stand-in answers, because no enabled key exists."""
    known: bool | None = shared_cache.get(KNOWN)
    if known is None:
        known = not ApiKey.objects.enabled().exists()
        shared_cache.set(KNOWN, known, FRESH_FOR)
    return known


def forget(**_: object) -> None:
    """Look again: a key was just changed in this process."""
    shared_cache.delete(KNOWN)
