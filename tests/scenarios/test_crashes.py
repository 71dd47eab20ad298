"""Number 36: many at once, killed processes, a database that does not answer. Real threads, real kills."""

import os
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection

from chat.models import Message
from chat.tasks import interrupt_stale_replies
from gallery.commissions import Commission
from gallery.models import Generation, Image
from gallery.tasks import sweep as gallery_sweep
from tests.product import ROOT
from tests.scenarios.coverage import plays
from tests.scenarios.stage import CHEAP, Stage, impatient, on_sqlite, the_books_balance
from tests.waiting import eventually
from venice_site.venice.errors import QuotaExceeded
from venice_site.venice.models import Attempt, Call, Quota, QuotaBucket
from venice_site.venice.tasks import sweep as venice_sweep
from venice_site.venice.types import ImageOrder

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 50


@pytest.fixture
def scene(stage: Stage) -> Stage:
    """The stage with one key and a quota of everything."""
    stage.make_key("one", daily_limit=1000)
    for metric in ("requests", "images", "tokens", "cost"):
        Quota.objects.create(metric=metric, limit=10_000_000)
    return stage


@pytest.fixture
def worker(scene: Stage) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Return a function that starts a process which works on the database of this test."""
    processes: list[subprocess.Popen[str]] = []

    def start(verb: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.worker", verb],
            cwd=ROOT,
            env=os.environ
            | {
                "DATABASE_URL": address(),
                "DJANGO_SETTINGS_MODULE": "venice_site.settings",
                "VENICE_BASE_URL": scene.simulator.url,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stderr is not None
        said = process.stdout.readline().strip()
        assert said == "ready", process.stderr.read()
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def address() -> str:
    """Return the address of the test's database, as another process is told it."""
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{facts['NAME']}"
    return f"postgresql://{facts['USER']}@{quote(facts['HOST'], safe='')}/{facts['NAME']}"


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(5)


def bucket(metric: str) -> tuple[int, int]:
    return QuotaBucket.objects.values_list("used", "reserved").get(quota__metric=metric)


@plays("faults", 36, "a")
def test_of_fifty_at_once_one_gets_the_last_unit(scene: Stage) -> None:
    Quota.objects.filter(metric="images").update(limit=1)
    order = ImageOrder(CHEAP, "A heron in fog", 7, width=64, height=64)
    barrier = threading.Barrier(AT_ONCE)
    words: list[str] = []

    def submit() -> None:
        barrier.wait()
        try:
            Generation.objects.submit(
                scene.alice, Commission((order,)), request_id=str(uuid.uuid4())
            )
            words.append("granted")
        except QuotaExceeded as refused:
            words.append("refused" if "1 image a day" in str(refused) else str(refused))
        finally:
            connection.close()

    together(submit)
    image, _ = scene.wait_for(Image.objects.get())
    assert Counter(words) == {"granted": 1, "refused": AT_ONCE - 1}
    assert image.status == "succeeded"
    assert bucket("images") == (1, 0)
    assert (bucket("requests"), bucket("cost")) == ((1, 0), (10_000, 0))
    assert Call.objects.count() == Attempt.objects.count() == len(scene.simulator.requests) == 1
    the_books_balance()


def together(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@plays("faults", 36, "b")
def test_a_worker_killed_after_it_asked_leaves_a_picture_that_may_have_been_charged(
    scene: Stage, worker, settings
) -> None:
    image = scene.submit()
    with scene.simulator.hold(path="/image/generate") as gate:
        process = worker("make")
        assert gate.wait_for(1, 20)
        kill(process)
    settings.RUN_STALE_AFTER = 0
    gallery_sweep.func()
    image.refresh_from_db()
    call = Call.objects.get()
    assert image.status == "interrupted"
    assert "may have been charged" in scene.page_of(image)
    assert (call.state, call.may_be_charged, call.cost) == ("settled", True, 10_000)
    assert (bucket("images"), bucket("cost")) == ((1, 0), (10_000, 0))
    again, _ = scene.wait_for(image.try_again())  # the place of the key is free
    assert again.status == "succeeded"
    assert len(scene.simulator.requests) == 2
    the_books_balance()


@plays("faults", 36, "b")
def test_a_call_that_nobody_comes_back_to_is_charged_as_estimated_and_its_place_is_free(
    scene: Stage, worker
) -> None:
    image = scene.submit()
    with scene.simulator.hold(path="/image/generate") as gate:
        process = worker("make")
        assert gate.wait_for(1, 20)
        kill(process)
    scene.elapse(timedelta(minutes=16))
    venice_sweep.func()
    call = Call.objects.get()
    assert (call.state, call.may_be_charged, call.error_kind) == ("settled", True, "expired")
    assert (bucket("images"), bucket("cost")) == ((1, 0), (10_000, 0))
    assert Attempt.objects.get().outcome == "lost"
    assert Image.objects.get(pk=image.pk).status == "running"  # its own sweep tells the person
    assert len(scene.simulator.requests) == 1
    the_books_balance()


@plays("faults", 36, "c")
def test_a_worker_killed_before_it_asked_costs_nothing_and_the_picture_is_made_after_all(
    scene: Stage, worker, settings
) -> None:
    image = scene.submit()
    kill(worker("begin"))
    assert Call.objects.get().dispatched_at is None
    settings.RUN_STALE_AFTER = 0
    gallery_sweep.func()
    image.refresh_from_db()
    assert image.status == "queued"
    assert (bucket("images"), scene.simulator.requests) == ((0, 1), [])
    settings.RUN_STALE_AFTER = 15
    image, _ = scene.wait_for(image)
    assert image.status == "succeeded"
    assert (bucket("images"), bucket("cost")) == ((1, 0), (10_000, 0))
    assert Attempt.objects.count() == len(scene.simulator.requests) == 1
    the_books_balance()


@plays("faults", 36, "b")
def test_a_reply_whose_process_was_killed_keeps_what_was_written(
    scene: Stage, worker, settings
) -> None:
    with scene.simulator.hold(after_tokens=5) as gate:
        process = worker("reply")
        assert gate.wait_for(1, 20)
        written = Message.objects.replies().exclude(text="")
        eventually(written.exists, what="the first words are in the row")
        kill(process)
    settings.RUN_STALE_AFTER = 0
    interrupt_stale_replies.func()
    reply = Message.objects.replies().get()
    call = Call.objects.get()
    assert (reply.status, reply.can_continue) == ("interrupted", True)
    assert reply.text in scene.page_of(reply)
    assert (call.state, call.may_be_charged) == ("settled", True)
    assert bucket("cost") == (call.cost, 0)
    assert call.cost > 0
    assert len(scene.simulator.requests) == 1
    the_books_balance()


@contextmanager
def locked_database() -> Iterator[None]:
    """Hold SQLite's writer lock from elsewhere; this thread waits 50 ms for it, not 20 s."""
    name = connection.settings_dict["NAME"]
    with impatient(), closing(sqlite3.connect(name, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@on_sqlite
@plays("faults", 36, "g")
@pytest.mark.parametrize("address", ["/gallery/", "/chat/"])
def test_a_database_that_is_locked_at_the_order_sends_nothing(scene: Stage, address) -> None:
    form = {
        "request_id": str(uuid.uuid4()),
        "prompt": "A heron in fog",
        "text": "What is a heron?",
        "model": CHEAP if address == "/gallery/" else "llama-3.3-70b",
    }
    scene.client.raise_request_exception = False
    with locked_database():
        answer = scene.client.post(address, form)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "nothing was sent to Venice" in answer.text
    assert not Call.objects.exists()
    assert not Image.objects.exists()
    assert not Message.objects.exists()
    assert scene.simulator.requests == []
    the_books_balance()
