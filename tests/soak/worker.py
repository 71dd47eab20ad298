"""One process of a soak: carries out the calls whose numbers it reads, some at once, and tells of each.

Run as `python -m tests.soak.worker <seed> <calls> <threads>`. Every line it prints is JSON: a number, and
the call that was begun or the word for how it ended.
"""

import itertools
import json
import os
import sys
import threading
import traceback
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "venice_site.settings")
django.setup()

from django.db import Error as DatabaseTrouble  # noqa: E402
from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from tests.soak.plan import Job, job  # noqa: E402
from venice_site.accounts.models import User  # noqa: E402
from venice_site.venice import health, pool, quotas  # noqa: E402
from venice_site.venice.errors import QuotaExceeded, Stopped, VeniceError  # noqa: E402
from venice_site.venice.service import Venice  # noqa: E402
from venice_site.venice.types import ChatMessage, ChatOrder, ImageOrder, Usage  # noqa: E402

CARE_EVERY = 3.0  # seconds between two rounds of what the worker does in the background
speaking = threading.Lock()
hearing = threading.Lock()


def main(seed: str, calls: str, threads: str) -> None:
    """Work until there are no more numbers."""
    over = threading.Event()
    keeper = threading.Thread(target=keep, args=(over,))
    workers = [
        threading.Thread(target=work, args=(int(seed), int(calls))) for _ in range(int(threads))
    ]
    for thread in (keeper, *workers):
        thread.start()
    for worker in workers:
        worker.join()
    over.set()
    keeper.join()


def work(seed: int, calls: int) -> None:
    """Carry out one call after another."""
    while (number := next_number()) is not None:
        todo = job(seed, number, calls)
        try:
            outcome = image(todo) if todo.kind == "image" else reply(todo)
        except Exception:  # the books will show it, and fail
            outcome = "crashed"
            traceback.print_exc()
        say(number, outcome=outcome)
    connections.close_all()


def next_number() -> int | None:
    """Return the number of the next call, None when there is none."""
    with hearing:
        line = sys.stdin.readline()
    return int(line) if line else None


def say(number: int, **facts: Any) -> None:
    """Tell the other side."""
    with speaking:
        print(json.dumps({"number": number, **facts}), flush=True)


def image(todo: Job) -> str:
    """Have a picture made, and settle or close its call as the gallery does."""
    venice = Venice(User.objects.get(username=todo.person))
    order = ImageOrder(todo.model, todo.prompt, seed=todo.number + 1, width=64, height=64)
    looks = itertools.count()

    def stopped() -> bool:
        return todo.stop_at is not None and next(looks) >= todo.stop_at

    try:
        call = venice.reserve_image(order).pk
    except QuotaExceeded:
        return "refused"
    say(todo.number, call=call)
    try:
        picture = venice.generate_image(order, call, stopped=stopped)
    except VeniceError as error:
        close(call, None, error)
        return error.kind
    quotas.settle(call, picture.usage)
    return "ok"


def reply(todo: Job) -> str:
    """Have a reply written, and settle or close its call as the chat does."""
    venice = Venice(User.objects.get(username=todo.person))
    order = ChatOrder(todo.model, (ChatMessage("user", todo.prompt),), max_tokens=60)
    try:
        call = venice.reserve_reply(order).pk
    except QuotaExceeded:
        return "refused"
    say(todo.number, call=call)
    stream = venice.stream_reply(order, call)
    stopper = threading.Timer(todo.stop_after or 0, stream.close)
    if todo.stop_after is not None:
        stopper.start()
    said = 0
    try:
        with stream:
            for piece, delta in enumerate(stream):
                said += len(delta.text)
                if piece == todo.stop_at:
                    stream.close()
    except VeniceError as error:
        used = stream.usage
        close(call, used if said or (isinstance(error, Stopped) and used.tokens) else None, error)
        return error.kind
    finally:
        stopper.cancel()
    if not said:
        quotas.close(call, stream.usage, error_kind="bad-answer")
        return "empty"
    quotas.settle(call, stream.usage)
    return "ok"


def close(call: int, usage: Usage | None, error: VeniceError) -> None:
    """End a call that did not go well."""
    charged = error.may_be_charged
    quotas.close(call, usage, may_be_charged=charged, error_kind=error.kind)


def keep(over: threading.Event) -> None:
    """Do what the product does in the background, beside all the others."""
    while not over.wait(CARE_EVERY):
        try:
            now = timezone.now()
            quotas.sweep(now)
            pool.prune(now)
            health.check_keys(now, due_only=False)
        except DatabaseTrouble:
            traceback.print_exc()
    connections.close_all()


if __name__ == "__main__":
    main(*sys.argv[1:])
