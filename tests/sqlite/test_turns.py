"""Threads that write to one SQLite file take turns."""

import threading

import pytest
from django.db import connection, transaction

from venice_site.accounts.models import User
from venice_site.sqlite import idle

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks rows, not the file"),
]
CROWD = 40


def test_a_crowd_of_writers_is_served_although_none_may_wait_for_the_file(settings) -> None:
    """With no busy timeout, only those who stand in line are served: SQLite itself refuses the rest."""
    start, troubles = threading.Barrier(CROWD), []

    def write(number: int) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA busy_timeout=0")
            start.wait(20)
            with transaction.atomic():
                User.objects.create(username=f"person-{number}")
        except Exception as error:  # told to the test by the list
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    idle.close_all()  # nobody else shall be so impatient
    assert troubles == []
    assert User.objects.count() == CROWD


def test_the_turn_goes_on_after_a_rollback_and_after_a_lost_connection() -> None:
    def leave_in_the_middle() -> None:
        connection.set_autocommit(False)
        User.objects.create(username="gone")
        connection.close()

    with transaction.atomic():
        User.objects.create(username="undone")
        transaction.set_rollback(True)
    thread = threading.Thread(target=leave_in_the_middle)
    thread.start()
    thread.join(30)
    with transaction.atomic():
        User.objects.create(username="alice")
    assert [person.username for person in User.objects.all()] == ["alice"]
