"""Which pictures a query finds for a person: pages of ids, newest first, by full text and facts at once.

All that a query asks for is in one full-text index, the person's own shelf included, so that any mix of
words and filters is one walk over lists of ids, at any depth. Among 1,000,000 images a page takes 0.2 to
20 ms on SQLite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db import connection

from gallery import bounds
from gallery.filters import Condition, Filters, Meaning, Meaningless
from gallery.models import TEAM_SHELF
from gallery.query import Part, Query
from gallery.words import forms, words
from venice_site.accounts.models import User

SHORTEST_BEGINNING = 3  # letters; shorter words are found as they are
NO_END = 2**62


@dataclass(frozen=True)
class Search:
    """A query of one person."""

    user: User
    query: Query

    @classmethod
    def of(cls, user: User, text: str) -> Search:
        """Return the search that a text in the search box means."""
        return cls(user, Query.parse(text))

    @cached_property
    def meanings(self) -> dict[Part, Meaning]:
        """Return what each filter asks for."""
        filters = Filters(self.user)
        return {part: filters.meaning(part) for part in self.query.filters}

    @cached_property
    def context(self) -> str:
        """Return what follows an address so that its page knows the search; empty for everything."""
        return f"?{urlencode({'q': str(self.query)})}" if self.query else ""

    @property
    def problems(self) -> dict[Part, str]:
        """Return why filters find nothing, by the filter."""
        found = self.meanings.items()
        return {part: one.reason for part, one in found if isinstance(one, Meaningless)}

    def older(self, below: int | None, number: int) -> list[int]:
        """Return the newest ids below one, newest first."""
        return self._ids(below=below if below is not None else NO_END, above=0, number=number)

    def newer(self, above: int, number: int) -> list[int]:
        """Return the oldest ids above one, oldest first."""
        return self._ids(below=NO_END, above=above, number=number, is_upward=True)

    def batches(self, below: int, size: int) -> Iterator[list[int]]:
        """Yield all ids below one, a batch at a time, newest first."""
        while found := self.older(below, size):
            yield found
            below = found[-1]

    def _ids(self, *, below: int, above: int, number: int, is_upward: bool = False) -> list[int]:
        if any(isinstance(one, Meaningless) for one in self._required):
            return []
        for part, one in self.meanings.items():
            if isinstance(one, Condition):
                first, end = _span(one, part.is_negated)
                below, above = min(below, end), max(above, first - 1)
        if not self.query:
            return self._on_shelves(below, above, number, is_upward)
        if connection.vendor != "postgresql":
            return _in_lite(*self._asked_in(_Lite()), below, above, number, is_upward)
        tokens = [one.tokens for one in self._required if isinstance(one, Condition)]
        below, above = bounds.nearer(tokens, below, above, is_upward=is_upward)
        asked = self._asked_in(_Postgres())
        few = bounds.few(tokens, below, above, number, is_upward=is_upward)
        if few and len(near := _among(few, *asked, number, is_upward)) == number:
            return near
        return _in_postgres(*asked, below, above, number, is_upward)

    @property
    def _required(self) -> list[Meaning]:
        return [meaning for part, meaning in self.meanings.items() if not part.is_negated]

    def _on_shelves(self, below: int, above: int, number: int, is_upward: bool) -> list[int]:
        """Walk both shelves by their index: SQLite and PostgreSQL would sort all of them instead."""
        statement = SHELVES.format("id" if is_upward else "id desc")
        told = [
            value for shelf in (TEAM_SHELF, self.user.pk) for value in (shelf, below, above, number)
        ]
        return _ids_of(statement, [*told, number])

    def _asked_in(self, speak: _Lite | _Postgres) -> tuple[list[str], list[str]]:
        """Return what is wanted and what is refused, in the language of the database."""
        wanted = [speak.facts((f"a{TEAM_SHELF}", f"a{self.user.pk}"))]
        refused: list[str] = []
        for part in self.query.texts:
            is_last = part is self.query.texts[-1]
            (refused if part.is_negated else wanted).append(_text(speak, part, is_last))
        for part, meaning in self.meanings.items():
            if isinstance(meaning, Condition) and meaning.tokens:
                (refused if part.is_negated else wanted).append(speak.facts(meaning.tokens))
        return wanted, refused


def _span(condition: Condition, is_negated: bool) -> tuple[int, int]:
    """Return the first id of a condition, and the one after its last."""
    if is_negated:  # not after a moment is before it ended, and the other way round
        return condition.below_id or 1, condition.from_id or NO_END
    return condition.from_id or 1, condition.below_id or NO_END


class _Lite:
    """The language of FTS5. Tokens are letters, digits and symbols alone, so that quotes hold them."""

    def facts(self, tokens: Sequence[str]) -> str:
        return f"facts : ({' OR '.join(map(self._token, tokens))})"

    def phrase(self, spoken: Sequence[str]) -> str:
        return f'words : "{" ".join(spoken)}"'

    def either(self, spoken: Sequence[str], beginning: str) -> str:
        begun = [f'"{beginning}" *'] if beginning else []
        return f"words : ({' OR '.join([*map(self._token, spoken), *begun])})"

    def _token(self, token: str) -> str:
        return f'"{token[:-1]}" *' if token.endswith("*") else f'"{token}"'


class _Postgres:
    """The language of tsquery. Facts have a # in front, which no word has."""

    def facts(self, tokens: Sequence[str]) -> str:
        return f"({' | '.join(self._token(f'#{token}') for token in tokens)})"

    def phrase(self, spoken: Sequence[str]) -> str:
        return f"({' <-> '.join(map(self._token, spoken))})"

    def either(self, spoken: Sequence[str], beginning: str) -> str:
        begun = [f"'{beginning}':*"] if beginning else []
        return f"({' | '.join([*map(self._token, spoken), *begun])})"

    def _token(self, token: str) -> str:
        return f"'{token[:-1]}':*" if token.endswith("*") else f"'{token}'"


def _text(speak: _Lite | _Postgres, part: Part, is_last: bool) -> str:
    """A plain word is found in its other number too; with a star, or while it is the last, as a beginning."""
    spoken = words(part.value)
    if len(spoken) > 1 or part.is_quoted:
        return speak.phrase(spoken)
    may_go_on = part.value.endswith("*") or (is_last and not part.is_negated)
    is_beginning = may_go_on and len(spoken[0]) >= SHORTEST_BEGINNING
    return speak.either(forms(spoken[0]), spoken[0] if is_beginning else "")


SHELF = (
    "select id from (select id from gallery_image where shelf = %s and id < %s and id > %s"
    " order by {0} limit %s) as shelf"
)
SHELVES = f"{SHELF} union all {SHELF} order by {{0}} limit %s"
LITE = (
    "select rowid from gallery_search where gallery_search match %s and rowid < %s and rowid > %s"
    " order by {} limit %s"
)
# Each part is a condition of its own: the index brings those together ten times as fast as it works out one
# condition of many parts.
POSTGRES = (
    "select image_id from gallery_searchdocument where image_id < %s and image_id > %s and {0}"
    " order by {1} limit %s"
)
AMONG = (
    "select image_id from gallery_searchdocument where image_id in ({2}) and {0}"
    " order by {1} limit %s"
)
WANTED, REFUSED = "vector @@ %s::tsquery", "not vector @@ %s::tsquery"

# The newest few thousand alone. PostgreSQL takes phrases for rare, and would fetch all 45,000 pictures that
# have a common one, for half a second, to show the newest 60.
NEAR = (
    "select image_id from (select image_id, vector from gallery_searchdocument"
    " where image_id < %s and image_id > %s order by {1} limit 3000) as near"
    " where {0} order by {1} limit %s"
)


def _in_lite(
    wanted: list[str], refused: list[str], below: int, above: int, number: int, is_upward: bool
) -> list[int]:
    expression = " AND ".join(f"({one})" for one in wanted)
    if refused:
        expression = f"({expression}) NOT ({' OR '.join(refused)})"
    statement = LITE.format("rowid" if is_upward else "rowid desc")
    return _ids_of(statement, [expression, below, above, number])


def _in_postgres(
    wanted: list[str], refused: list[str], below: int, above: int, number: int, is_upward: bool
) -> list[int]:
    conditions, order = _conditions(wanted, refused), _order(is_upward)
    told: list[str | int] = [below, above, *wanted, *refused, number]
    if any("<->" in one for one in wanted):
        near = _ids_of(NEAR.format(conditions, order), told)
        if len(near) == number:
            return near
    return _ids_of(POSTGRES.format(conditions, order), told)


def _among(
    few: tuple[str, list[str | int]],
    wanted: list[str],
    refused: list[str],
    number: int,
    is_upward: bool,
) -> list[int]:
    """Return what fits among the nearest that a table beside the images tells; all of a page, or it is of no use."""
    query, told = few
    statement = AMONG.format(_conditions(wanted, refused), _order(is_upward), query)
    return _ids_of(statement, [*told, *wanted, *refused, number])


def _conditions(wanted: list[str], refused: list[str]) -> str:
    return " and ".join([WANTED] * len(wanted) + [REFUSED] * len(refused))


def _order(is_upward: bool) -> str:
    return "image_id" if is_upward else "image_id desc"


def _ids_of(statement: str, told: Sequence[str | int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, told)
        return [int(row[0]) for row in cursor.fetchall()]
