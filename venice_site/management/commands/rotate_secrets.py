"""Encrypt every key anew with the first value of ENCRYPTION_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from venice_site.venice.rotation import Outcome, rotate


class Command(BaseCommand):
    """Put a new value first in ENCRYPTION_KEYS, run this, then take the old value away.

    It may be run as often as one likes, and stopped at any moment: the next run goes on.
    """

    help = "Encrypts every Venice key anew with the first value of ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many keys were moved, and name those that could not be."""
        outcome = rotate()
        self.stdout.write(
            f"Encrypted anew: {outcome.moved}. Encrypted with the first value before: {outcome.current}."
        )
        for sentence in _twins(outcome):
            self.stderr.write(sentence)
        if outcome.closed:
            raise CommandError(
                "These keys cannot be decrypted with any value of ENCRYPTION_KEYS: "
                f"{', '.join(outcome.closed)}. Bring the old value back, or enter the keys again in the "
                "admin panel."
            )
        self.stdout.write("The other values of ENCRYPTION_KEYS are not needed any more.")


def _twins(outcome: Outcome) -> list[str]:
    return [f"{name} has the same secret as another key: remove one." for name in outcome.twins]
