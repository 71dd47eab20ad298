"""The triggers that keep full-text index and tallies true to the rows.

They are taken away before migrations and put back after: SQLite loses the triggers of a table that a
migration writes anew. What happened in between is made up for by writing documents and tallies anew.
"""

# ruff: noqa: S608 (the SQL is made of constants of our own)

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from gallery import triggers_postgres, triggers_sqlite
from gallery.documents import COUNTS

DOCUMENTS = """
    insert into gallery_searchdocument(image_id, words, facts)
    select i.id, g.words, {facts}
    from gallery_image i join gallery_generation g on g.id = i.generation_id
"""
TALLIES = f"""
    insert into gallery_tally(user_id, visibility, model, style, month, pictures, bytes)
    select i.user_id, i.visibility, i.model, i.style, {{month}}, count(*), coalesce(sum(i.byte_size), 0)
    from gallery_image i where {COUNTS.format("i")} group by 1, 2, 3, 4, 5
"""


ANEW = ("everything",)  # a plan as those of migrations, after which nothing is taken as known


@contextmanager
def set_aside(using: str = "default") -> Iterator[None]:
    """Let rows be written in great number without triggers; index and tallies are written anew at the end.

    All of it is one transaction: who looks meanwhile sees the gallery as it was. A million pictures are
    told to the index so in a minute or two, one by one it takes a quarter of an hour.
    """
    connection = connections[using]
    with transaction.atomic(using):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for statement in triggers_postgres.ASIDE:
                    cursor.execute(statement)
        else:
            take_away(using, plan=ANEW)
        yield
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for statement in triggers_postgres.BACK:
                    cursor.execute(statement)
        put_back(using, plan=ANEW)


def take_away(using: str = "default", plan: Any = (), **_: Any) -> None:
    """Take the triggers away before migrations change the tables that they are about."""
    connection = connections[using]
    if plan and connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for kind, name in _ours(cursor):
                cursor.execute(f"drop {kind} if exists {name}")


def put_back(using: str = "default", plan: Any = (), apps: Any = None, **_: Any) -> None:
    """Put the triggers where the tables are that they need, and make up for what they did not see."""
    if apps is not None and not _has_tallies(apps):
        return
    connection = connections[using]
    with transaction.atomic(using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _put_back_in_postgres(cursor, is_fresh=bool(plan))
        else:
            _put_back_in_sqlite(cursor, is_fresh=bool(plan))
        cursor.execute("delete from gallery_tally where not exists (select 1 from gallery_image)")


def _has_tallies(apps: Any) -> bool:
    return any(model._meta.label_lower == "gallery.tally" for model in apps.get_models())


def _put_back_in_postgres(cursor: CursorWrapper, *, is_fresh: bool) -> None:
    for statement in triggers_postgres.TRIGGERS:
        cursor.execute(statement)
    if is_fresh:
        cursor.execute(triggers_postgres.NO_INDEX)  # an index is made whole much faster than grown
        _write_anew(cursor, triggers_postgres.FACTS_OF, triggers_postgres.MONTH)
    cursor.execute(triggers_postgres.INDEX)


def _put_back_in_sqlite(cursor: CursorWrapper, *, is_fresh: bool) -> None:
    for statement in triggers_sqlite.TABLES:
        cursor.execute(statement)
    if is_fresh:
        cursor.execute(triggers_sqlite.FRESH)
        _write_anew(cursor, triggers_sqlite.FACTS_OF, triggers_sqlite.MONTH)
        cursor.execute(triggers_sqlite.FILL)
    if is_fresh or not any(kind == "trigger" for kind, _ in _ours(cursor)):
        for statement in triggers_sqlite.TRIGGERS:
            cursor.execute(statement)


def _write_anew(cursor: CursorWrapper, facts: str, month: str) -> None:
    cursor.execute("delete from gallery_searchdocument")
    cursor.execute(DOCUMENTS.format(facts=facts))
    cursor.execute("delete from gallery_tally")
    cursor.execute(TALLIES.format(month=month.format("i")))


def _ours(cursor: CursorWrapper) -> list[tuple[str, str]]:
    cursor.execute(
        "select type, name from sqlite_master"
        " where type in ('trigger', 'view') and name like 'gallery\\_%' escape '\\'"
    )
    return [(str(kind), str(name)) for kind, name in cursor.fetchall()]
