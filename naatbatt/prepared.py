"""Queries that are asked at every press of a button: Django's ORM writes their SQL once, and then only runs it.

To write the SQL of a query over a few wide tables takes the ORM three times as long as it takes to run it. What comes
back is the same: rows, made by Django, in their usual state.
"""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import QuerySet, Value
from django.db.models.query import RelatedPopulator, get_related_populators
from django.db.transaction import TransactionManagementError

Row = TypeVar("Row", bound=models.Model)


class _Slot:
    """Stands in the parameters where the value goes that is given with each run."""


class _Written(NamedTuple):
    model: Any
    sql: str
    parameters: tuple[Any, ...]
    converters: Any
    own: slice  # the columns of the model itself, and the names of their fields
    names: list[str]
    related: list[RelatedPopulator]


class Prepared(Generic[Row]):
    """`Prepared(lambda pk: Thing.objects.filter(pk=pk))`: called with a pk, it gives the list of those rows.

    The query is written once for each connection and kept as long as that is; it depends on nothing but the code. So
    its function gets an expression in place of the value, which it may compare columns with: no `__in`, no branches.
    Select related rows, order, slice and lock as ever. Nothing is prefetched or annotated.
    """

    def __init__(self, query: Callable[[Value], QuerySet[Row]]) -> None:
        self._query = query

    def __call__(self, value: Any) -> list[Row]:
        connection = connections[DEFAULT_DB_ALIAS]
        kept = connection.__dict__.setdefault("prepared_queries", {})
        if self not in kept:
            kept[self] = self._write(connection)
        query, written = kept[self]
        if query.select_for_update and connection.get_autocommit():
            raise TransactionManagementError("There is no transaction that could hold this lock.")
        parameters = [value if isinstance(each, _Slot) else each for each in written.parameters]
        with connection.cursor() as cursor:
            cursor.execute(written.sql, parameters)
            rows = cursor.fetchall()
        if written.converters:
            rows = query.get_compiler(connection=connection).apply_converters(rows, written.converters)
        return [self._made(written, row) for row in rows]

    def _made(self, written: _Written, row: Any) -> Row:
        made = written.model.from_db(DEFAULT_DB_ALIAS, written.names, row[written.own])
        for related in written.related:
            related.populate(row, made)
        return made

    def _write(self, connection: Any) -> tuple[Any, _Written]:
        query = self._query(Value(_Slot())).query
        compiler = query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        fields = compiler.klass_info["select_fields"]
        own = slice(fields[0], fields[-1] + 1)
        names = [column.target.attname for column, *_alias in compiler.select[own]]
        related = get_related_populators(compiler.klass_info, compiler.select, connection.alias)  # type: ignore[call-arg]
        converters = compiler.get_converters([column for column, *_alias in compiler.select])
        return query, _Written(query.model, sql, parameters, converters, own, names, related)
