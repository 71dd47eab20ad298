"""The processes of a race: at each order many threads of each do one thing at the same moment.

Run as `python -m tests.races.racer <socket>`: every connection gets a process of its own, which reads
orders as lines of JSON, says "ready", begins at the line "go" and answers with what its threads say.
"""

import json
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, TextIO

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "venice_site.settings")
django.setup()

from django.db import DEFAULT_DB_ALIAS, connection, connections  # noqa: E402
from django.db.models import Q, Sum  # noqa: E402
from django.utils import timezone  # noqa: E402

from tests import ledger  # noqa: E402
from tests.venice.leases import claimed  # noqa: E402
from venice_site.accounts.models import User  # noqa: E402
from venice_site.venice import endings, pool, quotas, rules  # noqa: E402
from venice_site.venice.errors import QuotaExceeded, VeniceError  # noqa: E402
from venice_site.venice.models import (  # noqa: E402
    ApiKey,
    Attempt,
    Call,
    CallKind,
    CallState,
    Cooldown,
    Hold,
    Quota,
    QuotaBucket,
)
from venice_site.venice.pool import Lease  # noqa: E402
from venice_site.venice.quotas import Estimate  # noqa: E402
from venice_site.venice.types import Usage  # noqa: E402

PEOPLE = ("alice", "bob", "charlie")
EXPIRED = timedelta(hours=25)  # after this every reservation has expired

type Facts = dict[str, Any]

over = threading.Event()
shared: deque[int] = deque(maxlen=50)  # calls that any thread of this process may end once more
turns_done = threading.Semaphore(0)


# --- what the threads of a race do -------------------------------------------------------------


def reserve(number: int, facts: Facts) -> str:
    """Reserve one picture."""
    try:
        quotas.reserve(_person(number), CallKind.IMAGE, "m", Estimate(images=1, cost=5))
    except QuotaExceeded:
        return "refused"
    return "granted"


def churn(number: int, facts: Facts) -> str:
    """Reserve, and end in every way there is, again and again, some calls by several threads at once."""
    rng = Random(f"{facts['name']} {number}")
    for _ in range(facts["turns"]):
        estimate = Estimate(images=1, tokens=rng.randrange(1, 4), cost=rng.randrange(1, 9))
        try:
            call = quotas.reserve(_person(number), CallKind.IMAGE, "m", estimate)
        except QuotaExceeded:
            return "refused"
        shared.append(call.pk)
        rng.choice(ENDINGS)(call.pk, rng)
        rng.choice(ENDINGS)(rng.choice(list(shared)), rng)
        turns_done.release()
    return "done"


def sweep(number: int, facts: Facts) -> str:
    """Close what has expired, as if a day had passed, until told to stop."""
    swept = 0
    while not over.is_set():
        swept += quotas.sweep(timezone.now() + EXPIRED)
    return "swept" if swept else "idle"


def take_place(number: int, facts: Facts) -> str:
    """Claim a place of one of the keys and keep it."""
    now = timezone.now()
    call = quotas.reserve(_person(number), CallKind.IMAGE, "m", Estimate(images=1))
    key = _key(number)
    return key.name if _claim(call, key, now) else "none"


def borrow_place(number: int, facts: Facts) -> str:
    """Claim a place, count how many of its key are taken, give it back, again and again."""
    rng = Random(f"{facts['name']} {number}")
    most = 0
    for turn in range(facts["turns"]):
        call = quotas.reserve(_person(number), CallKind.IMAGE, "m", Estimate(images=1))
        now = timezone.now()
        key = _key(number + turn)
        lease = _claim(call, key, now)
        if lease is not None:
            is_open = Q(ended_at=None, expires_at__gt=now, call__state=CallState.RESERVED)
            taken = Attempt.objects.filter(is_open, key=key)
            most = max(most, taken.count() - key.max_in_flight)
            endings.end_unanswered(lease, timezone.now(), "stopped")
            turns_done.release()
        rng.choice(ENDINGS)(call.pk, rng)
    return "kept" if most <= 0 else f"{most} too many"


def _key(number: int) -> ApiKey:
    keys = list(ApiKey.objects.enabled().order_by("pk"))
    return keys[number % len(keys)]


def _claim(call: Call, key: ApiKey, now: datetime) -> Lease | None:
    try:
        return claimed(call, key, now)
    except VeniceError:
        return None  # it was swept before


def _settle(call: int, rng: Random) -> None:
    usage = Usage(images=1, tokens_in=rng.randrange(5), tokens_out=3, cost=rng.randrange(1, 9))
    quotas.settle(call, usage)


def _settle_after_dispatch(call: int, rng: Random) -> None:
    try:
        quotas.dispatch(call)
    except VeniceError:
        return  # it was closed before
    _settle(call, rng)


def _release(call: int, rng: Random) -> None:
    quotas.close(call, None)


def _suspect(call: int, rng: Random) -> None:
    quotas.close(call, None, may_be_charged=True, error_kind="timeout")


def _go_back_to_the_queue(call: int, rng: Random) -> None:
    quotas.retract(call)


def _forget(call: int, rng: Random) -> None:
    """Leave it to the sweep, as somebody who died would."""


ENDINGS = (
    _settle,
    _settle_after_dispatch,
    _settle_after_dispatch,
    _release,
    _suspect,
    _go_back_to_the_queue,
    _forget,
)


def _person(number: int) -> User:
    return User.objects.get(username=PEOPLE[number % len(PEOPLE)])


# --- what the referee does, alone --------------------------------------------------------------


def prepare(number: int, facts: Facts) -> str:
    """Clear the field and set the limits: quotas by metric, keys by name."""
    for model in (Attempt, Hold, Call, QuotaBucket, Quota, Cooldown, ApiKey):
        model.objects.all()._raw_delete(DEFAULT_DB_ALIAS)
    for name in PEOPLE:
        User.objects.get_or_create(username=name)
    for metric, limit in facts["quotas"].items():
        Quota.objects.create(metric=metric, limit=limit)
        Quota.objects.create(metric=metric, limit=limit, who="each", period="month")
    for name, limits in facts.get("keys", {}).items():
        key = ApiKey(name=name, account="main", answered_at=timezone.now(), **limits)
        key.put_secret(f"key-{name}")
        key.save()
    return "done"


def judge(number: int, facts: Facts) -> Facts:
    """Return what does not add up, and how the calls stand."""
    states = Call.objects.values_list("state", flat=True)
    return {
        "complaints": ledger.complaints(),
        "states": {state: list(states).count(state) for state in CallState.values},
        "reserved": QuotaBucket.objects.aggregate(n=Sum("reserved", default=0))["n"],
        "open": Attempt.objects.filter(ended_at=None).count(),
        "most_used": {
            quota.metric: max(bucket.used for bucket in quota.buckets.all())
            for quota in Quota.objects.filter(who="everyone", buckets__isnull=False).distinct()
        },
    }


def clean_up(number: int, facts: Facts) -> str:
    """Do what the worker does every few seconds, a day later."""
    later = timezone.now() + EXPIRED
    while quotas.sweep(later):
        pass
    pool.prune(later)
    return "done"


# --- the process -------------------------------------------------------------------------------

VERBS: dict[str, Callable[[int, Facts], Any]] = {
    verb.__name__: verb
    for verb in (reserve, churn, sweep, take_place, borrow_place, prepare, judge, clean_up)
}


def main(address: str) -> None:
    """Listen on a Unix socket and become one more process for everybody who comes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        while True:
            visitor, _ = listener.accept()
            with visitor:
                if os.fork() == 0:
                    serve(visitor)
                    os._exit(0)


def serve(visitor: socket.socket) -> None:
    """Carry out one order after another until nobody gives any more."""
    connection.ensure_connection()
    with visitor.makefile("r") as orders, visitor.makefile("w") as answers:
        line = Line(orders, answers)
        line.say(os.getpid())
        for order in orders:
            rules.forget()  # the quotas of the race before are gone
            carry_out(json.loads(order), line)


class Line:
    """What is heard of the other side, and said to it."""

    def __init__(self, orders: TextIO, answers: TextIO) -> None:
        self._orders, self._answers = orders, answers

    def hear(self) -> None:
        """Wait for one line."""
        self._orders.readline()

    def say(self, what: Any) -> None:
        """Send one line."""
        self._answers.write(f"{json.dumps(what)}\n")
        self._answers.flush()


def carry_out(order: Facts, line: Line) -> None:
    """Do one thing in many threads at the same moment."""
    words: list[Any] = []
    start = threading.Barrier(order["threads"] + 1)

    def work(number: int) -> None:
        start.wait()
        try:
            words.append(VERBS[order["verb"]](number, order))
        except Exception as error:  # the race is lost; its judge shall see how
            words.append(repr(error))
        finally:
            connections.close_all()

    over.clear()
    shared.clear()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(order["threads"])]
    for thread in threads:
        thread.start()
    line.say("ready")
    line.hear()
    start.wait()
    if busy_after := order.get("busy_after"):
        for _ in range(busy_after):
            turns_done.acquire()
        line.say("busy")
    if order.get("until_stopped"):
        line.hear()
        over.set()
    for thread in threads:
        thread.join()
    line.say(words)


if __name__ == "__main__":
    main(sys.argv[1])
