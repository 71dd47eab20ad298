"""Reserve and settle on one hot bucket of a database of its own; prints calls per second."""

from __future__ import annotations

import os
import sys
import time

import django
from django.core.management import call_command


def main(rounds: int) -> float:
    """Return how many reservations a second are made and settled."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "venice_site.settings")
    django.setup()
    from venice_site.accounts.models import User
    from venice_site.venice import quotas
    from venice_site.venice.models import CallKind, Quota
    from venice_site.venice.types import Usage

    call_command("migrate", verbosity=0)
    person, _ = User.objects.get_or_create(username="bench")
    Quota.objects.create(limit=10**9)
    began = time.monotonic()
    for _ in range(rounds):
        call = quotas.reserve(person, CallKind.REPLY, "model", quotas.Estimate(tokens=10))
        quotas.settle(call.pk, Usage(tokens_in=5, tokens_out=5))
    return rounds / (time.monotonic() - began)


if __name__ == "__main__":
    print(main(int(sys.argv[1])))
