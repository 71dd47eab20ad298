"""One process of a race: many threads do one thing at the same moment on a real database file.

Run as `python -m tests.races.team <verb> <threads> <start file>`; prints one word a thread.
"""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import django

from tests.waiting import eventually


def reserve(number: int) -> str:
    """Reserve one picture."""
    from venice_site.accounts.models import User
    from venice_site.venice import quotas
    from venice_site.venice.errors import QuotaExceeded
    from venice_site.venice.models import CallKind

    person = User.objects.order_by("pk")[number % User.objects.count()]
    try:
        quotas.reserve(person, CallKind.IMAGE, "m", quotas.Estimate(images=1, cost=5))
    except QuotaExceeded:
        return "refused"
    return "granted"


def churn(number: int) -> str:
    """Reserve, send, and settle or release, again and again, every settle twice."""
    from venice_site.accounts.models import User
    from venice_site.venice import quotas
    from venice_site.venice.models import CallKind
    from venice_site.venice.types import Usage

    person = User.objects.order_by("pk")[number % User.objects.count()]
    for turn in range(3):
        call = quotas.reserve(person, CallKind.IMAGE, "m", quotas.Estimate(images=1, cost=5))
        quotas.dispatch(call.pk)
        for _ in range(2):
            if (number + turn) % 3:
                quotas.settle(call.pk, Usage(images=1, cost=4))
            else:
                quotas.close(call.pk, None)
    return "done"


def claim(number: int) -> str:
    """Take a place of the only key, look how many are taken, give it back."""
    from django.utils import timezone

    from tests.venice.leases import claimed
    from venice_site.accounts.models import User
    from venice_site.venice import endings, quotas
    from venice_site.venice.models import ApiKey, Attempt, CallKind

    person = User.objects.order_by("pk")[0]
    most = 0
    for _ in range(2):
        now = timezone.now()
        call = quotas.reserve(person, CallKind.IMAGE, "m", quotas.Estimate(images=1))
        lease = claimed(call, ApiKey.objects.get(), now)
        if lease is not None:
            most = max(most, Attempt.objects.filter(ended_at=None).count())
            endings.end_unanswered(lease, timezone.now(), "stopped")
    return str(most)


VERBS: dict[str, Callable[[int], str]] = {"reserve": reserve, "churn": churn, "claim": claim}


def main(verb: str, threads: str, start: str) -> None:
    """Be ready, wait for the start, and do it in every thread."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "venice_site.settings"
    django.setup()
    from django.db import connection, connections

    connection.ensure_connection()
    words: list[str] = []
    barrier = threading.Barrier(int(threads))

    def work(number: int) -> None:
        barrier.wait()
        try:
            words.append(VERBS[verb](number))
        except Exception as error:  # the race is lost; its judge shall see how
            words.append(repr(error))
        connections.close_all()

    runners = [threading.Thread(target=work, args=(n,)) for n in range(int(threads))]
    Path(f"{start}.{os.getpid()}").touch()
    eventually(Path(start).exists, 30)
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    print("\n".join(words))


if __name__ == "__main__":
    main(*sys.argv[1:])
