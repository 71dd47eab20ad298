"""Statements of the hottest paths: put together once, then filled in and carried out.

Django takes several times as long to put a query together as the database to carry it out, and a message in the
chat makes some thirty of them. What is asked seldom is better asked as usual. Signals are not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import (
    DateTimeField,
    Expression,
    Field,
    JSONField,
    Model,
    QuerySet,
    UUIDField,
)
from django.db.models.query import (
    ModelIterable,
    get_related_populators,
)

type Shape = tuple[tuple[str, int], ...]

LONGEST = 63  # bits of a number
PLAIN = frozenset((int, bool, str, type(None)))
CODED = (JSONField, UUIDField)  # whose texts the database does not take as they are
IS_NULL = -1  # in a shape, instead of the number of values


def gap(name: str, kind: Field[Any, Any] | None = None) -> Any:
    """Return a place in a statement that a value is put into each time; moments and the like need their field."""
    return _Gap(name, kind)


def gaps(name: str, number: int) -> list[Any]:
    """Return so many gaps, for a condition on a list of values that `filling` puts into them."""
    return [gap(f"{name}{place}") for place in range(number)]


def filling(name: str, values: Sequence[Any], number: int) -> dict[str, Any]:
    """Return what is put into so many gaps: one value or more, the last of which fills those that are left."""
    if not 0 < len(values) <= number:
        raise ValueError(f"{len(values)} values for {number} gaps called {name}")
    last = [values[-1]] * (number - len(values))
    return {f"{name}{place}": value for place, value in enumerate([*values, *last])}


class _Gap(Expression):
    def __init__(self, name: str, kind: Field[Any, Any] | None = None) -> None:
        super().__init__(output_field=kind)
        self.name = name
        self.kind = kind

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Return a placeholder, with the gap itself where its value will be."""
        return "%s", [self]

    def filled(self, values: Mapping[str, Any]) -> Any:
        """Return the value as the database takes it."""
        value = values[self.name]
        return self.kind.get_db_prep_value(value, connection) if self.kind else value


class Statement[R]:
    """A query with gaps; each row becomes what the queryset makes of it, a model or a tuple."""

    def __init__(self, build: Callable[[], QuerySet[Any, R]]) -> None:
        self._build = build

    def all(self, **values: Any) -> list[R]:
        """Return every row; none when a number is larger than any that the database keeps."""
        if any(
            isinstance(value, int) and value.bit_length() > LONGEST for value in values.values()
        ):
            return []
        plan = self._plan
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, _filled(plan.params, values))
            rows = cursor.fetchall()
        return [plan.read(row) for row in rows]

    def first(self, **values: Any) -> R | None:
        """Return the first row, None when there is none."""
        return next(iter(self.all(**values)), None)

    @cached_property
    def _plan(self) -> _Plan:
        return _Plan(self._build())


def _filled(params: Sequence[Any], values: Mapping[str, Any]) -> list[Any]:
    return [part.filled(values) if isinstance(part, _Gap) else part for part in params]


class _Plan:
    """How a query is carried out and its rows are read, as Django's compiler worked it out once."""

    def __init__(self, queryset: QuerySet[Any, Any]) -> None:
        compiler: Any = queryset.query.get_compiler(connection=connection)
        self.sql, self.params = compiler.as_sql()
        columns = [column for column, *_ in compiler.select]
        # Converters keep their connection: one that is never opened, for that of a thread has its end.
        compiler.connection = connections.create_connection(DEFAULT_DB_ALIAS)
        self._converters = list(compiler.get_converters(columns).items())
        self.read: Callable[[Sequence[Any]], Any] = self._tuple
        if issubclass(queryset._iterable_class, ModelIterable):
            self._know(compiler, queryset)
            self.read = self._model

    def _know(self, compiler: Any, queryset: Any) -> None:
        info, select = compiler.klass_info, compiler.select
        self._class: type[Model] = info["model"]
        self._own = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
        self._names = [column.target.attname for column, *_ in select[self._own]]
        self._related = get_related_populators(info, select, DEFAULT_DB_ALIAS, queryset._fetch_mode)
        self._annotations = list((compiler.annotation_col_map or {}).items())

    def _model(self, row: Sequence[Any]) -> Any:
        values = self._converted(row)
        found = self._class.from_db(DEFAULT_DB_ALIAS, self._names, values[self._own])
        for populator in self._related:
            populator.populate(values, found)
        for name, place in self._annotations:
            setattr(found, name, values[place])
        return found

    def _tuple(self, row: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(self._converted(row))

    def _converted(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for place, (converters, column) in self._converters:
            value = values[place]
            for convert in converters:
                value = convert(value, column, connection)
            values[place] = value
        return values


# --- writing ----------------------------------------------------------------------------------


def insert[M: Model](row: M) -> M:
    """Write a new row and return it with the key that the database gave it."""
    sql, fields = _inserting(type(row))
    values = [
        _taken(field, row.__dict__[field.attname] if is_plain else field.pre_save(row, True))
        for field, is_plain in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return row


def update(model: type[Model], where: Mapping[str, Any], facts: Mapping[str, Any]) -> int:
    """Write facts into the rows that have these values, and return how many there were.

    A tuple is one value of several, None is no value.
    """
    shape = tuple((name, _many(value)) for name, value in where.items())
    sql, written, asked = _updating(model, tuple(facts), shape)
    values = list(map(_taken, written, facts.values()))
    for field, value in zip(asked, where.values(), strict=True):
        several = value if isinstance(value, tuple) else () if value is None else (value,)
        values += [_taken(field, one) for one in several]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def _taken(field: Field[Any, Any], value: Any) -> Any:
    """Return a value as the database takes it; most are taken as they are."""
    if type(value) in PLAIN and not isinstance(field, CODED):
        return value
    if type(value) is datetime and isinstance(field, DateTimeField):
        return connection.ops.adapt_datetimefield_value(value)
    return field.get_db_prep_save(value, connection)


def _many(value: Any) -> int:
    if value is None:
        return IS_NULL
    return len(value) if isinstance(value, tuple) else 1


@cache
def _inserting(model: type[Model]) -> tuple[str, list[tuple[Field[Any, Any], bool]]]:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names = ", ".join(_quoted(field.column) for field in fields)
    gaps = ", ".join("%s" for _ in fields)
    table, key = _quoted(model._meta.db_table), _quoted(_key(model).column)
    told = [(field, type(field).pre_save is Field.pre_save) for field in fields]
    return f"INSERT INTO {table} ({names}) VALUES ({gaps}) RETURNING {key}", told  # noqa: S608


@cache
def _updating(
    model: type[Model], names: tuple[str, ...], shape: Shape
) -> tuple[str, list[Field[Any, Any]], list[Field[Any, Any]]]:
    written = [_field(model, name) for name in names]
    asked = [_field(model, name) for name, _ in shape]
    facts = ", ".join(f"{_quoted(field.column)} = %s" for field in written)
    conditions = " AND ".join(
        f"{_quoted(field.column)} {_condition(many)}"
        for field, (_, many) in zip(asked, shape, strict=True)
    )
    table = _quoted(model._meta.db_table)
    return f"UPDATE {table} SET {facts} WHERE {conditions}", written, asked  # noqa: S608


def _condition(many: int) -> str:
    if many == IS_NULL:
        return "IS NULL"
    return "= %s" if many == 1 else f"IN ({', '.join(['%s'] * many)})"


def _field(model: type[Model], name: str) -> Any:
    return _key(model) if name == "pk" else model._meta.get_field(name)


def _key(model: type[Model]) -> Any:
    return model._meta.pk


def _quoted(name: str | None) -> str:
    return connection.ops.quote_name(name or "")
