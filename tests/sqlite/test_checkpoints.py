"""What was written comes from SQLite's log into its file without anybody waiting for it."""

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from django.db import connection, transaction

from tests.waiting import eventually
from venice_site.accounts.models import User
from venice_site.sqlite import checkpoints

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL looks after itself"),
]


def people_in_the_file_alone(folder: Path) -> list[str]:
    """Return who is in the database file without its log; nobody when it was just being written."""
    copy = Path(shutil.copy(connection.settings_dict["NAME"], folder / "copy.sqlite3"))
    with closing(sqlite3.connect(copy)) as alone, suppress(sqlite3.DatabaseError):
        return [name for (name,) in alone.execute("SELECT username FROM accounts_user")]
    return []


def test_what_a_transaction_wrote_is_soon_in_the_file(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 0.01)
    with transaction.atomic():
        User.objects.create(username="alice")
    eventually(lambda: people_in_the_file_alone(tmp_path) == ["alice"], what="it is in the file")


def test_what_is_being_written_waits_and_delays_nobody(tmp_path) -> None:
    path = str(connection.settings_dict["NAME"])
    with transaction.atomic():
        User.objects.create(username="alice")
    with transaction.atomic():
        User.objects.create(username="bob")
        checkpoints.bring_in(path)
        assert people_in_the_file_alone(tmp_path) == ["alice"]
    checkpoints.bring_in(path)
    assert people_in_the_file_alone(tmp_path) == ["alice", "bob"]


def test_a_file_that_is_gone_stays_gone(tmp_path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        checkpoints.bring_in(str(tmp_path / "gone.sqlite3"))
    assert list(tmp_path.iterdir()) == []
