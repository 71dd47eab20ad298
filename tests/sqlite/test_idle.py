"""Threads that take turns share one open connection to an SQLite file."""

import os
import sqlite3
import threading
from collections.abc import Callable

import pytest
from django.db import Error, connection

from venice_site.accounts.models import User
from venice_site.sqlite import idle as module
from venice_site.sqlite.idle import Idle

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has a pool of its own"),
]


def in_thread[T](work: Callable[[], T]) -> T:
    """Do some work in a thread of its own, with its connection given back after it."""
    found: list[T] = []

    def run() -> None:
        try:
            found.append(work())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return found[0]


def used() -> sqlite3.Connection:
    connection.ensure_connection()
    return connection.connection


def test_a_thread_goes_on_with_the_connection_that_another_has_left() -> None:
    assert in_thread(used) is in_thread(used)


def test_two_threads_at_a_time_never_have_the_same() -> None:
    both = threading.Barrier(2)
    found = []

    def work() -> None:
        found.append(used())
        both.wait(20)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    one, other = found
    assert one is not other


def test_what_was_not_committed_is_gone_for_the_next_thread() -> None:
    def leave_in_the_middle() -> sqlite3.Connection:
        connection.set_autocommit(False)
        User.objects.create(username="gone")
        return used()

    left = in_thread(leave_in_the_middle)

    def look() -> tuple[sqlite3.Connection, bool, list[User]]:
        return used(), connection.get_autocommit(), list(User.objects.all())

    assert in_thread(look) == (left, True, [])


def test_a_connection_on_which_something_went_wrong_is_not_used_again() -> None:
    def fail() -> sqlite3.Connection:
        with pytest.raises(Error), connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")
        return used()

    assert in_thread(fail) is not in_thread(used)


def test_a_function_of_ours_is_known_however_old_the_connection_is() -> None:
    def find_words() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT chat_words('A tide')")
            return cursor.fetchone()[0]

    assert in_thread(find_words) == in_thread(find_words) != ""


def test_nothing_is_open_in_a_fork_that_waited_in_its_parent() -> None:
    in_thread(used)
    connection.close()
    pid = os.fork()
    if not pid:
        waiting = [one.take() for one in module._idle.values()]
        os._exit(len([one for one in waiting if one is not None]))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_what_nobody_needed_for_a_minute_is_closed(tmp_path, monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    one, other, third = (
        sqlite3.connect(tmp_path / "a.sqlite3", check_same_thread=False) for _ in range(3)
    )
    idle = Idle()
    idle.put(one)
    now[0] = module.KEPT_FOR / 2
    idle.put(other)
    now[0] = module.KEPT_FOR + 1
    idle.put(third)
    assert [idle.take(), idle.take(), idle.take()] == [third, other, None]
    with pytest.raises(sqlite3.ProgrammingError):
        one.execute("SELECT 1")
