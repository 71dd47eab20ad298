"""The index of titles and messages, kept by triggers of the database itself; nothing can forget it.

One row for each title and each message that has ended: the id of a conversation doubled and one more, the
id of a message doubled. Temporary conversations are never in it, and thinking is not. `owner` is a word of
its own, so that the index alone finds the rows of one person.
"""

# ruff: noqa: S608  # every piece is a constant of this file

from __future__ import annotations

import sqlite3

from django.db.backends.base.base import BaseDatabaseWrapper

from chat.segments import LONGEST_INDEXED, OMITTED, RANGES, SIGNS, segmented

FUNCTION = "chat_words"
GROWING = "IN ('queued', 'running')"
ENDED = "NOT IN ('queued', 'running')"

SQLITE_TABLE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS chat_search USING fts5("
    "title, question, reply, owner, tokenize=\"unicode61 categories 'L* M* N* Co'\")"
)
SQLITE_MESSAGES = (
    "INSERT INTO chat_search (rowid, title, question, reply, owner)"
    " SELECT m.id * 2, '', iif(m.role = 'user', chat_words(m.text), ''),"
    " iif(m.role = 'user', '', chat_words(m.text)), 'u' || c.owner_id"
    " FROM chat_message m JOIN chat_conversation c ON c.id = m.conversation_id"
    f" WHERE c.temporary_until IS NULL AND m.text <> '' AND m.status {ENDED}"
)
SQLITE_TITLES = (
    "INSERT INTO chat_search (rowid, title, question, reply, owner)"
    " SELECT id * 2 + 1, chat_words(title), '', '', 'u' || owner_id"
    " FROM chat_conversation WHERE temporary_until IS NULL"
)
SQLITE_TRIGGERS = {
    "chat_search_message_new": f"AFTER INSERT ON chat_message WHEN new.status {ENDED}"
    f" BEGIN {SQLITE_MESSAGES} AND m.id = new.id; END",
    # A growing reply is written four times a second; it is indexed once, when it has ended.
    "chat_search_message_changed": "AFTER UPDATE OF text, status ON chat_message"
    f" WHEN new.status {ENDED} AND (old.text <> new.text OR old.status {GROWING})"
    f" BEGIN DELETE FROM chat_search WHERE rowid = new.id * 2; {SQLITE_MESSAGES} AND m.id = new.id; END",
    "chat_search_message_gone": "AFTER DELETE ON chat_message"
    " BEGIN DELETE FROM chat_search WHERE rowid = old.id * 2; END",
    "chat_search_title_new": "AFTER INSERT ON chat_conversation"
    f" BEGIN {SQLITE_TITLES} AND id = new.id; END",
    "chat_search_title_changed": "AFTER UPDATE OF title ON chat_conversation"
    " WHEN old.title <> new.title BEGIN DELETE FROM chat_search WHERE rowid = new.id * 2 + 1;"
    f" {SQLITE_TITLES} AND id = new.id; END",
    "chat_search_title_gone": "AFTER DELETE ON chat_conversation"
    " BEGIN DELETE FROM chat_search WHERE rowid = old.id * 2 + 1; END",
}

INDEXED = f"left(written, {LONGEST_INDEXED})"
# What `segmented` does, and more: without punctuation between them, the parser sees words and no addresses,
# paths or signed numbers.
POSTGRES_WORDS = (
    'CREATE OR REPLACE FUNCTION chat_words(written text, weight "char") RETURNS tsvector'
    " LANGUAGE sql IMMUTABLE AS $$ SELECT setweight(to_tsvector('simple', regexp_replace("
    f"CASE WHEN octet_length(written) = length(written) THEN {INDEXED} ELSE regexp_replace("
    rf"normalize(regexp_replace(normalize({INDEXED}, NFD), '{OMITTED}', '', 'g'), NFC),"
    rf" '[{RANGES}][{SIGNS}]*', ' \& ', 'g') END,"
    r" '[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]+', ' ', 'g')), weight) $$"
)
POSTGRES_TABLE = (
    "CREATE TABLE IF NOT EXISTS chat_search (id bigint PRIMARY KEY, owner_id bigint NOT NULL,"
    " words tsvector NOT NULL)"
)
POSTGRES_INDEX = "CREATE INDEX IF NOT EXISTS chat_search_words ON chat_search USING gin (words)"
POSTGRES_MESSAGES = (
    "INSERT INTO chat_search (id, owner_id, words) SELECT m.id * 2, c.owner_id,"
    " chat_words(m.text, CASE m.role WHEN 'user' THEN 'B'::\"char\" ELSE 'D'::\"char\" END)"
    " FROM chat_message m JOIN chat_conversation c ON c.id = m.conversation_id"
    f" WHERE c.temporary_until IS NULL AND m.text <> '' AND m.status {ENDED}"
)
POSTGRES_TITLES = (
    "INSERT INTO chat_search (id, owner_id, words)"
    " SELECT id * 2 + 1, owner_id, chat_words(title, 'A'::\"char\")"
    " FROM chat_conversation WHERE temporary_until IS NULL"
)
POSTGRES_CHANGES = {
    "chat_search_emptied": "BEGIN DELETE FROM chat_search; RETURN NULL; END",
    "chat_search_message": "BEGIN IF TG_OP <> 'INSERT' THEN"
    " DELETE FROM chat_search WHERE id = old.id * 2; END IF;"
    f" IF TG_OP <> 'DELETE' THEN {POSTGRES_MESSAGES} AND m.id = new.id; END IF; RETURN NULL; END",
    "chat_search_title": "BEGIN IF TG_OP <> 'INSERT' THEN"
    " DELETE FROM chat_search WHERE id = old.id * 2 + 1; END IF;"
    f" IF TG_OP <> 'DELETE' THEN {POSTGRES_TITLES} AND id = new.id; END IF; RETURN NULL; END",
}
POSTGRES_TRIGGERS = {
    "chat_search_emptied": "AFTER TRUNCATE ON chat_conversation FOR EACH STATEMENT"
    " EXECUTE FUNCTION chat_search_emptied()",
    "chat_search_message_changed": "AFTER UPDATE OF text, status ON chat_message FOR EACH ROW"
    f" WHEN (new.status {ENDED} AND (old.text <> new.text OR old.status {GROWING}))"
    " EXECUTE FUNCTION chat_search_message()",
    "chat_search_message_rows": "AFTER INSERT OR DELETE ON chat_message FOR EACH ROW"
    " EXECUTE FUNCTION chat_search_message()",
    "chat_search_title_changed": "AFTER UPDATE OF title ON chat_conversation FOR EACH ROW"
    " WHEN (old.title <> new.title) EXECUTE FUNCTION chat_search_title()",
    "chat_search_title_rows": "AFTER INSERT OR DELETE ON chat_conversation FOR EACH ROW"
    " EXECUTE FUNCTION chat_search_title()",
}


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection to SQLite the function that its triggers call; PostgreSQL keeps its own."""
    connection.create_function(FUNCTION, 1, segmented, deterministic=True)


def build(connection: BaseDatabaseWrapper) -> None:
    """Make the index, put in what is there already, and let the triggers keep it."""
    drop(connection)
    is_sqlite = connection.vendor == "sqlite"
    made = (
        [SQLITE_TABLE, SQLITE_MESSAGES, SQLITE_TITLES]
        if is_sqlite
        else [POSTGRES_WORDS, POSTGRES_TABLE, POSTGRES_INDEX, POSTGRES_MESSAGES, POSTGRES_TITLES]
    )
    with connection.cursor() as cursor:
        for statement in made:
            cursor.execute(statement)
    keep(connection)


def keep(connection: BaseDatabaseWrapper) -> None:
    """Set the triggers if they are not there; SQLite loses them when a migration makes a table anew."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name, rest in SQLITE_TRIGGERS.items():
                cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {rest}")
            return
        for name, body in POSTGRES_CHANGES.items():
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
            )
        for name, rest in POSTGRES_TRIGGERS.items():
            cursor.execute(f"CREATE OR REPLACE TRIGGER {name} {rest}")


def let_go(connection: BaseDatabaseWrapper) -> None:
    """Take SQLite's triggers away before tables are made anew, which they forbid; `keep` sets them again."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for name in SQLITE_TRIGGERS:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def drop(connection: BaseDatabaseWrapper) -> None:
    """Take the index away."""
    let_go(connection)
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            for name in POSTGRES_CHANGES:
                cursor.execute(f"DROP FUNCTION IF EXISTS {name}() CASCADE")
            cursor.execute('DROP FUNCTION IF EXISTS chat_words(text, "char")')
        cursor.execute("DROP TABLE IF EXISTS chat_search")
