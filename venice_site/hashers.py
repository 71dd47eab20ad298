"""How passwords are hashed: as Django does it, on every core."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from venice_site.cores import on_every_core


class Hasher(PBKDF2PasswordHasher):
    """A million rounds of SHA-256, for which nobody else has to wait."""

    @on_every_core
    def encode(self, *args: Any, **kwargs: Any) -> str:
        """Return the hash of a password with how it was made."""
        return super().encode(*args, **kwargs)
