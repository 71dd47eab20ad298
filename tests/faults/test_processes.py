"""The product's processes die and stop, one by one and all at once."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.product import ROOT, Product
from tests.waiting import eventually

# Together, so that they share one product.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("deaths")]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One running product, which every test here leaves running."""
    with Product(tmp_path_factory.mktemp("faults") / "data") as product:
        yield product


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[Product]:
    """A product of the test's own, which it may end."""
    product = Product(tmp_path / "data")
    product.start()
    family = product.family()
    yield product
    for member in family:
        if member.is_running():
            member.kill()


def pids(product: Product, word: str) -> set[int]:
    return {member.pid for member in product.members(word)}


def supervisor_of(product: Product) -> psutil.Process:
    assert product.process is not None
    return psutil.Process(product.process.pid)


def all_gone(family: list[psutil.Process]) -> bool:
    return not [member for member in family if member.is_running() and member.status() != "zombie"]


def places(process: psutil.Process) -> set[frozenset[int]]:
    """Return the cores on which the threads of a process may run."""
    found = set()
    for thread in process.threads():
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            found.add(frozenset(os.sched_getaffinity(thread.id)))
    return found


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="there is but one core to choose",
)
def test_of_all_processes_the_web_server_alone_keeps_to_one_core(product: Product) -> None:
    every = frozenset(os.sched_getaffinity(0))
    (serving,) = [member for member in product.members("granian") if not member.children()]

    (own,) = places(serving) - {every}
    assert len(own) == 1
    others = [places(member) for member in product.family() if member.pid != serving.pid]
    assert set().union(*others) == {every}


def test_a_killed_worker_is_replaced_with_all_its_forks(product: Product) -> None:
    before = pids(product, "steady_queue")

    product.kill("steady_queue")

    eventually(lambda: len(pids(product, "steady_queue") - before) >= len(before), 20)
    assert "The worker stopped (killed by SIGKILL)" in product.log()


def test_a_killed_web_server_is_replaced_and_serves_again(product: Product) -> None:
    before = pids(product, "granian")

    product.kill("granian")

    eventually(product.answers, 20)
    assert not before & pids(product, "granian")


def test_a_killed_web_process_is_replaced_by_its_server(product: Product) -> None:
    server, process = sorted(product.members("granian"), key=lambda m: len(m.children()))[::-1][:2]

    process.kill()

    eventually(lambda: server.is_running() and product.answers(), 20)
    assert process.pid not in pids(product, "granian")


def test_forks_do_not_outlive_the_head_of_the_worker(product: Product) -> None:
    family = product.members("steady_queue")
    head = next(m for m in family if m.ppid() == supervisor_of(product).pid)

    head.kill()

    eventually(lambda: all_gone(family), 20)
    eventually(lambda: len(pids(product, "steady_queue")) >= len(family), 20)


def test_a_killed_guardian_is_replaced(product: Product) -> None:
    guardian = next(
        m for m in supervisor_of(product).children() if "supervisor" in str(m.cmdline())
    )

    guardian.kill()

    eventually(
        lambda: [
            m
            for m in supervisor_of(product).children()
            if m.pid != guardian.pid and "supervisor" in str(m.cmdline())
        ],
        20,
    )
    assert product.answers()


def test_nothing_outlives_a_killed_supervisor(doomed: Product) -> None:
    family = doomed.family()

    supervisor_of(doomed).kill()
    assert doomed.process is not None
    doomed.process.wait(5)

    eventually(lambda: all_gone(family), 20)
    doomed.start()  # the port is free and the data is whole
    assert doomed.stop() == 0


def test_sigterm_stops_everything_and_is_no_failure(doomed: Product) -> None:
    family = doomed.family()
    assert doomed.process is not None

    doomed.process.send_signal(signal.SIGTERM)

    assert doomed.process.wait(20) == 0
    eventually(lambda: all_gone(family), 5, "every process is gone")


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    product = Product(tmp_path / "data")
    with socket.create_server(("127.0.0.1", product.port)), pytest.raises(AssertionError):
        product.start()

    assert f"Port {product.port} is already taken" in product.log()
    assert "Traceback" not in product.log()


def test_the_random_password_is_shown_once_and_works_again_after_a_restart(tmp_path: Path) -> None:
    product = Product(tmp_path / "data", ADMIN_PASSWORD="")
    for _ in range(2):
        product.start()
        product.stop()

    shown = re.findall(r"Password, shown only this once: (\S+)", product.log())
    assert len(shown) == 1
    assert is_password_of_admin(product, shown[0])


def is_password_of_admin(product: Product, password: str) -> bool:
    question = (
        "from venice_site.accounts.models import User;"
        f"print(User.objects.get(username='admin').check_password({password!r}))"
    )
    answer = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", question],
        cwd=ROOT,
        env={
            "DATA_DIR": str(product.data),
            "SECRET_KEY": "irrelevant for the password of a person",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.strip() == "True"
