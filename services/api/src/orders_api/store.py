"""Reads and writes of rows of watched tables; each method is one statement or one transaction."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg.rows import TupleRow
from psycopg.sql import SQL

from orders_access.principal import Principal
from orders_api import kept_answers, log_queries, rejections
from orders_api.bodies import Body
from orders_api.catalog import WatchedTable
from orders_api.conditions import ALL, name
from orders_api.cursor import Bookmark
from orders_api.database import Connection, Database, one, one_or_none
from orders_api.errors import (
    OutOfScopeError,
    RowNotFoundError,
    StaleRowError,
    StatementError,
)
from orders_api.filters import Selection
from orders_api.models import OrderCounts
from orders_api.preconditions import Precondition
from orders_api.records import Page, StoredRow
from orders_api.statements import Statements
from orders_contract.schema import Column

Key = tuple[str, ...]


@dataclass(slots=True)
class _Written:
    """The row that a request is writing, for its errors; ``body`` is None for a DELETE."""

    table: WatchedTable
    body: Body | None

    def now(self, table: WatchedTable, body: Body) -> None:
        """Note that the request now writes another row."""
        self.table, self.body = table, body


@dataclass(frozen=True, slots=True)
class Store:
    """Reads and writes rows; reads and writes have separate connections.

    ``who`` is the sender of the request. Rows out of their scope are treated as missing, and they
    are recorded as the author of changes. All methods raise DatabaseUnavailableError when
    PostgreSQL does not answer and SchemaChangedError when the table is no longer as described.
    """

    reads: Database
    writes: Database

    async def page(self, table: WatchedTable, query: Selection, who: Principal) -> Page:
        """Return a page of the matching rows, and the position of the stream."""
        statement, values = table.statements.page(query, who.rows, _children(table, query.include))
        async with self._answering(query):
            stream, position, rows, end = await self.reads.one(statement, values)
        sorted_by = len(query.sort.terms)
        place = None if end is None else Bookmark(tuple(end[:sorted_by]), tuple(end[sorted_by:]))
        return Page(stream, position, rows, place)

    async def counts(
        self, table: WatchedTable, query: Selection, status: str, who: Principal
    ) -> OrderCounts:
        """Return the number of matching rows of each status, and the stream's position.

        ``status`` is the name of the status column. Rows without a status are counted as ``""``.
        """
        column = table.table.columns.get(status)
        value = SQL("NULL") if column is None else name("t", column.name)
        counted, values = table.statements.counted(
            query, who.rows, SQL("{}::text AS status").format(value), ALL
        )
        statement = SQL(log_queries.COUNTS).format(counted=counted)
        async with self._answering(query):
            stream, position, time, found = await self.reads.one(statement, values)
        counts = dict.fromkeys([""] if column is None else column.choices or (), 0)
        counts |= {text or "": number for text, number in found or ()}
        return OrderCounts.of((stream, position, time, counts))

    async def values(
        self, table: WatchedTable, column: Column, prefix: str, limit: int, who: Principal
    ) -> str:
        """Return distinct values of a text column that begin with ``prefix``, as JSON."""
        statement, values = table.statements.values_of(column, prefix, limit, who.rows)
        (found,) = await self.reads.one(statement, values)
        return str(found)

    async def row(
        self, table: WatchedTable, key: Key, who: Principal, include: Sequence[str]
    ) -> StoredRow:
        """Return one row with its children in the tables ``include``, or raise RowNotFoundError."""
        async with self.reads.connection() as connection:
            return await _row(connection, table, key, who, include)

    async def create(
        self, table: WatchedTable, body: Body, who: Principal, idempotency_key: str | None
    ) -> StoredRow:
        """Create a row with its children, or return the row that the same request created before.

        Raises:
            OutOfScopeError: the row or a child would not be in the scope of ``who``.
            InvalidInputError: the database refuses a value, or the key was used for another body.
            ConflictError: the row conflicts with another.

        """
        if idempotency_key is None and who.rows is None and body.columns and not body.nested:
            insert = table.statements.insert(body.columns)
            values = {**body.parameters, "actor": who.subject}
            try:
                return _stored(await self.writes.one(insert, values))
            except StatementError as exc:
                raise await rejections.of_write(self.writes, exc, table.statements, body) from None
        async with (
            self._writing(table, body) as written,
            self.writes.transaction(who.subject) as connection,
        ):
            kept_as = idempotency_key and kept_answers.own_key(idempotency_key, table, who)
            if kept_as:
                kept = await kept_answers.find(connection, kept_as, body.digest())
                if kept is not None:
                    return kept
            created = await _create(connection, table, body, who)
            for name_, nested in body.nested:
                child = table.children[name_]
                written.now(child, nested)
                await _create(connection, child, nested, who, created.key[0])
            written.now(table, body)
            if body.nested:
                created = await _row(connection, table, created.key, who, body.nested_tables)
            if kept_as:
                await kept_answers.keep(connection, kept_as, body.digest(), created)
            return created

    async def change(
        self, table: WatchedTable, key: Key, body: Body, who: Principal, expected: Precondition
    ) -> StoredRow:
        """Change a row and return it.

        Raises:
            OutOfScopeError: the changed row would not be in the scope of ``who``.
            RowNotFoundError: the row does not exist.
            StaleRowError: the row's tag is not ``expected``.
            InvalidInputError: the database refuses a value.
            ConflictError: the changed row would conflict with another.

        """
        statement, values = table.statements.change(body.columns, key, expected, who.rows)
        values |= {**body.parameters, "actor": who.subject}
        async with self._writing(table, body), self._connection(who) as connection:
            row = await one_or_none(connection, statement, values)
            if row is None:
                raise StaleRowError(await _row(connection, table, key, who), table.table.name)
            changed = _stored(row)
            await _require_visible(connection, table, changed, who)
            return changed

    async def delete(
        self, table: WatchedTable, key: Key, who: Principal, expected: Precondition
    ) -> None:
        """Delete a row. Raises the errors of ``change``."""
        statement, values = table.statements.delete(key, expected, who.rows)
        values["actor"] = who.subject
        async with self._writing(table, None), self.writes.connection() as connection:
            if await one_or_none(connection, statement, values) is None:
                raise StaleRowError(await _row(connection, table, key, who), table.table.name)

    @asynccontextmanager
    async def _connection(self, who: Principal) -> AsyncIterator[Connection]:
        """Yield a connection; under a scope in a transaction, so that a change can be undone."""
        lent = (
            self.writes.connection() if who.rows is None else self.writes.transaction(who.subject)
        )
        async with lent as connection:
            yield connection

    @asynccontextmanager
    async def _writing(self, table: WatchedTable, body: Body | None) -> AsyncIterator[_Written]:
        written = _Written(table, body)
        try:
            yield written
        except StatementError as exc:
            raise await rejections.of_write(
                self.writes, exc, written.table.statements, written.body
            ) from None

    @asynccontextmanager
    async def _answering(self, query: Selection) -> AsyncIterator[None]:
        try:
            await rejections.check_spelling(self.reads, query)
            yield
        except StatementError as exc:
            raise await rejections.of_query(self.reads, exc, query) from None


async def _row(
    connection: Connection,
    table: WatchedTable,
    key: Key,
    who: Principal,
    include: Sequence[str] = (),
) -> StoredRow:
    statement, values = table.statements.read(key, who.rows, _children(table, include))
    row = await one_or_none(connection, statement, values)
    if row is None:
        raise RowNotFoundError(table.table.name)
    return _stored(row)


def _children(table: WatchedTable, include: Sequence[str]) -> list[Statements]:
    return [table.children[each].statements for each in include]


async def _create(
    connection: Connection,
    table: WatchedTable,
    body: Body,
    who: Principal,
    parent: str | None = None,
) -> StoredRow:
    """Create one row, which must be in the scope of ``who``; a child row if ``parent`` is given."""
    link = table.table.parent
    insert = table.statements.insert(
        body.columns, None if parent is None or link is None else link.column
    )
    values = {**body.parameters, "actor": who.subject, "parent": parent}
    created = _stored(await one(connection, insert, values))
    await _require_visible(connection, table, created, who, body.place)
    return created


async def _require_visible(
    connection: Connection, table: WatchedTable, row: StoredRow, who: Principal, place: str = ""
) -> None:
    """Raise OutOfScopeError, which rolls the change back, if the row or its parent is out of scope.

    The parent matters because a change of its child also changes what others see of the parent, and
    may change the parent itself by triggers.
    """
    if who.rows is None:
        return
    parent = None if table.parent is None else table.parent.statements
    (visible,) = await one(connection, *table.statements.is_visible(row.key, who.rows, parent))
    if not visible:
        raise OutOfScopeError(place)


def _stored(row: TupleRow) -> StoredRow:
    key, version, rendered = row
    return StoredRow(tuple(key), version, rendered)
