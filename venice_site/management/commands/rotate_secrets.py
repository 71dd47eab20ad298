"""Encrypt every key anew with the first key of ENCRYPTION_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from venice_site.venice import secrets
from venice_site.venice.models import ApiKey


class Command(BaseCommand):
    """Put a new value first in ENCRYPTION_KEYS, run this, then take the old value away and run it again.

    It may be run as often as one likes. The second run renews the fingerprints, which hang on the last value.
    """

    help = "Encrypts every Venice key anew with the first value of ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate key by key; a key that is changed meanwhile is left as it was changed."""
        closed = [key.name for key in ApiKey.objects.order_by("pk") if not _rotate(key)]
        self.stdout.write(f"{ApiKey.objects.count() - len(closed)} keys are encrypted anew.")
        if closed:
            raise CommandError(
                f"These keys cannot be decrypted with any value of ENCRYPTION_KEYS: {', '.join(closed)}."
                " Bring the old value back, or enter the keys again in the admin panel."
            )


def _rotate(key: ApiKey) -> bool:
    try:
        secret = key.secret()
    except secrets.Undecryptable:
        return False
    ApiKey.objects.filter(pk=key.pk, ciphertext=key.ciphertext).update(
        ciphertext=secrets.rotate(key.ciphertext), fingerprint=secrets.fingerprint(secret)
    )
    return True
