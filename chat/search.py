"""Find words in titles, questions and replies, best first: titles over questions over replies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.urls import reverse

from chat.models import Conversation, Message, Role
from chat.segments import terms, unmarked
from venice_site.accounts.models import User

MOST_HITS = 30
# So many of the newest matches are ranked: a word that is everywhere is not worth ranking all of them. The
# second number is for when those of the first are nearly all in a few long conversations.
NEWEST_RANKED = (1_000, 10_000)
HITS_A_CONVERSATION = 3
AROUND = 90  # characters shown before a match
EXCERPT = 240
FOLDED = 20_000  # characters of a message in which the match to show is looked for
ANY_MARK = "\u0301"  # stands in a folded text for every mark that is not looked for

# Whatever is not shown is left out before rows are counted: what is deleted, and a conversation's further
# hits. The conversation is looked up for each match in turn, so that reading ends with the last one wanted.
SQLITE = """
    SELECT rowid, seen FROM (
        SELECT rowid, badness, count(*) OVER () AS seen,
            row_number() OVER (PARTITION BY talk ORDER BY badness, rowid DESC) AS place
        FROM (
            SELECT chat_search.rowid AS rowid, bm25(chat_search, 8.0, 4.0, 1.0, 0.0) AS badness, c.id AS talk
            FROM chat_search CROSS JOIN chat_conversation AS c ON c.id = iif(
                chat_search.rowid %% 2, chat_search.rowid / 2,
                (SELECT conversation_id FROM chat_message WHERE id = chat_search.rowid / 2)
            )
            WHERE chat_search MATCH %s AND c.deleted_at IS NULL AND c.temporary_until IS NULL
            ORDER BY chat_search.rowid DESC LIMIT %s
        )
    ) WHERE place <= %s ORDER BY badness, rowid DESC LIMIT %s
"""
POSTGRES = """
    SELECT id, seen FROM (
        SELECT id, rank, count(*) OVER () AS seen,
            row_number() OVER (PARTITION BY talk ORDER BY rank DESC, id DESC) AS place
        FROM (
            SELECT s.id, c.id AS talk,
                ts_rank('{0.1, 0.2, 0.5, 1.0}', s.words, to_tsquery('simple', %s), 1) AS rank
            FROM chat_search AS s CROSS JOIN LATERAL (
                SELECT id FROM chat_conversation
                WHERE id = CASE s.id %% 2 WHEN 1 THEN s.id / 2
                    ELSE (SELECT conversation_id FROM chat_message WHERE id = s.id / 2) END
                AND deleted_at IS NULL AND temporary_until IS NULL OFFSET 0
            ) AS c
            WHERE s.words @@ to_tsquery('simple', %s) AND s.owner_id = %s
            ORDER BY s.id DESC LIMIT %s
        ) AS newest
    ) AS placed
    WHERE place <= %s ORDER BY rank DESC, id DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an excerpt, and whether it is what was looked for."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A conversation whose title matches, or one of its messages."""

    conversation: Conversation
    title: Sequence[Piece]
    excerpt: Sequence[Piece] = ()
    message_id: int | None = None
    speaker: str = ""
    moment: datetime | None = None

    @property
    def address(self) -> str:
        """Return where the hit is shown, in its branch."""
        if self.message_id is None:
            return self.conversation.get_absolute_url()
        return reverse("chat:jump", args=[self.conversation.pk, self.message_id])


def find(user: User, query: str) -> list[Hit]:
    """Return what a person's conversations say about some words; nothing for a query without any."""
    wanted = terms(query)
    if not wanted:
        return []
    ids = _matching(user, wanted)
    messages = _messages(ids)
    conversations = _conversations(user, ids, messages)
    pattern = _pattern(wanted)
    hits = (_hit(pk, conversations, messages, pattern) for pk in ids)
    return [hit for hit in hits if hit]


def _matching(user: User, wanted: list[list[str]]) -> list[int]:
    """Return the ids in the index of what is shown, best first."""
    found: list[tuple[int, int]] = []
    for newest in NEWEST_RANKED:
        found = _ranked(user, wanted, newest)
        if len(found) >= MOST_HITS or not found or found[0][1] < newest:
            break
    return [pk for pk, _ in found]


def _ranked(user: User, wanted: list[list[str]], newest: int) -> list[tuple[int, int]]:
    """Return the best ids among the newest matches, each with how many matches were ranked."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            match = f"owner : u{user.pk} AND {_for_sqlite(wanted)}"
            cursor.execute(SQLITE, [match, newest, HITS_A_CONVERSATION, MOST_HITS])
        else:
            match = _for_postgres(wanted)
            shown = [HITS_A_CONVERSATION, MOST_HITS]
            cursor.execute(POSTGRES, [match, match, user.pk, newest, *shown])
        return list(cursor.fetchall())


def _for_sqlite(wanted: list[list[str]]) -> str:
    phrases = [f'"{" ".join(term)}"' for term in wanted]
    phrases[-1] += " *"  # what is still being typed
    return f"{{title question reply}} : ({' AND '.join(phrases)})"


def _for_postgres(wanted: list[list[str]]) -> str:
    phrases = [f"({' <-> '.join(f"'{word}'" for word in term)})" for term in wanted]
    last = wanted[-1]
    phrases[-1] = f"({' <-> '.join(f"'{word}'" for word in last)}:*)"
    return " & ".join(phrases)


def _messages(ids: list[int]) -> dict[int, Any]:
    """Return messages by their ids alone; whose they are, their conversations tell (100 ms faster)."""
    found = Message.objects.filter(pk__in=[pk // 2 for pk in ids if pk % 2 == 0])
    rows = found.values("pk", "conversation_id", "role", "text", "created_at")
    return {row["pk"]: row for row in rows}


def _conversations(user: User, ids: list[int], messages: dict[int, Any]) -> dict[int, Conversation]:
    visible = Conversation.objects.visible_to(user).filter(temporary_until=None)
    wanted = {pk // 2 for pk in ids if pk % 2}
    wanted.update(row["conversation_id"] for row in messages.values())
    return visible.defer("system_prompt").select_related("folder").in_bulk(wanted)


def _hit(
    pk: int,
    conversations: dict[int, Conversation],
    messages: dict[int, Any],
    pattern: re.Pattern[str],
) -> Hit | None:
    if pk % 2:
        titled = conversations.get(pk // 2)
        return Hit(titled, list(pieces(titled.title, pattern))) if titled else None
    row = messages.get(pk // 2)
    conversation = conversations.get(row["conversation_id"]) if row else None
    if row is None or conversation is None:
        return None
    return Hit(
        conversation,
        list(pieces(conversation.title, pattern)),
        list(pieces(excerpt(row["text"], pattern), pattern)),
        row["pk"],
        "You" if row["role"] == Role.USER else "Reply",
        row["created_at"],
    )


def _pattern(wanted: list[list[str]]) -> re.Pattern[str]:
    phrases = sorted({folded("".join(term)) for term in wanted}, key=len, reverse=True)
    return re.compile("|".join(map(_with_marks, phrases)))


def _with_marks(phrase: str) -> str:
    found = "".join(f"{re.escape(c)}{ANY_MARK}*" for c in phrase)
    # A word may go on behind what was typed, and begins where a word begins.
    return rf"(?<![^\W_]){found}" if phrase.isascii() else found


def excerpt(text: str, pattern: re.Pattern[str]) -> str:
    """Return the part of a text around its first match, on one line."""
    text = unicodedata.normalize("NFC", text)
    found = pattern.search(folded(text[:FOLDED]))
    start = max(0, (found.start() if found else 0) - AROUND)
    if start:
        start = text.find(" ", start, start + 30) + 1 or start
    cut = " ".join(text[start : start + EXCERPT].split())
    return f"{'… ' if start else ''}{cut}{' …' if start + EXCERPT < len(text) else ''}"


def pieces(text: str, pattern: re.Pattern[str]) -> Iterator[Piece]:
    """Yield a text cut into what matches and what does not."""
    at = 0
    for found in pattern.finditer(folded(text)):
        if found.start() > at:
            yield Piece(text[at : found.start()], is_match=False)
        yield Piece(text[found.start() : found.end()], is_match=True)
        at = found.end()
    if at < len(text):
        yield Piece(text[at:], is_match=False)


def folded(text: str) -> str:
    """Return a text in small letters without accents, character for character as long as before."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


@lru_cache(maxsize=8192)
def _folded(character: str) -> str:
    return unmarked(character).lower()[:1] or ANY_MARK
