"""The rows of watched tables: one method, one statement or one transaction."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg.rows import TupleRow
from psycopg.sql import SQL

from orders_access.principal import ANYONE, Principal
from orders_api import queries, rejections
from orders_api.bodies import Body
from orders_api.catalog import WatchedTable
from orders_api.conditions import ALL, name
from orders_api.cursor import Bookmark
from orders_api.database import Connection, Database, one, one_or_none
from orders_api.errors import (
    InvalidInputError,
    OutOfScopeError,
    RowNotFoundError,
    StaleRowError,
    StatementError,
)
from orders_api.filters import Selection
from orders_api.preconditions import ANY_TAG, Precondition
from orders_api.records import Counts, Page, StoredRow

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """Reads and writes rows on connections that ``database`` lends.

    ``who`` sends the request: rows out of their scope do not exist for them, and changes are
    recorded as theirs. All methods raise DatabaseUnavailableError when PostgreSQL does not answer
    and SchemaChangedError when the table is no longer as its description says.
    """

    database: Database

    async def page(self, table: WatchedTable, query: Selection, who: Principal = ANYONE) -> Page:
        """Return a page of the matching rows, and the position of the stream."""
        statement, values = table.statements.page(query, who.rows)
        async with self._answering(query):
            stream, position, rows, end = await self.database.one(statement, values)
        place = None if end is None else Bookmark(end[0], tuple(end[1:]))
        return Page(stream, position, rows, place)

    async def counts(
        self, table: WatchedTable, query: Selection, status: str, who: Principal = ANYONE
    ) -> Counts:
        """Return how many matching rows there are of each status, and the stream's position.

        ``status`` is the column that holds it. Rows without a status are counted as ``""``.
        """
        column = table.table.columns.get(status)
        value = SQL("NULL") if column is None else name("t", column.name)
        counted, values = table.statements.counted(
            query, who.rows, SQL("{}::text AS status").format(value), ALL
        )
        statement = SQL(queries.COUNTS).format(counted=counted, now=queries.NOW)
        async with self._answering(query):
            stream, position, time, found = await self.database.one(statement, values)
        counts = dict.fromkeys([""] if column is None else column.choices or (), 0)
        counts |= {text or "": number for text, number in found or ()}
        return Counts(stream, position, time, counts)

    async def row(self, table: WatchedTable, key: Key, who: Principal = ANYONE) -> StoredRow:
        """Return one row, or raise RowNotFoundError."""
        async with self.database.connection() as connection:
            return await _row(connection, table, key, who)

    async def create(
        self,
        table: WatchedTable,
        body: Body,
        who: Principal = ANYONE,
        idempotency_key: str | None = None,
    ) -> StoredRow:
        """Create a row, or return the one already created with this key and this body.

        Raises:
            OutOfScopeError: it would not be in the scope of ``who``.
            InvalidInputError: the database refuses a value, or the key was used for another body.
            ConflictError: it conflicts with another row.

        """
        insert = table.statements.insert(body.columns)
        values = {"row": body.text, "actor": who.subject}
        if idempotency_key is None and who.rows is None and body.columns:
            try:
                return _stored(await self.database.one(insert, values))
            except StatementError as exc:
                raise await rejections.of_write(
                    self.database, exc, table.statements, body
                ) from None
        async with (
            self._writing(table, body),
            self.database.transaction(who.subject) as connection,
        ):
            if idempotency_key is not None:
                own_key = _own_key(idempotency_key, who)
                kept = await _kept_answer(connection, own_key, body)
                if kept is not None:
                    return kept
            created = _stored(await one(connection, insert, values))
            await _require_visible(connection, table, created, who)
            if idempotency_key is not None:
                await _keep_answer(connection, own_key, body, created)
            return created

    async def change(
        self,
        table: WatchedTable,
        key: Key,
        body: Body,
        who: Principal = ANYONE,
        expected: Precondition = ANY_TAG,
    ) -> StoredRow:
        """Change a row and return it.

        Raises:
            OutOfScopeError: it would leave the scope of ``who``.
            RowNotFoundError: it does not exist.
            StaleRowError: its tag is not ``expected``.
            InvalidInputError: the database refuses a value.
            ConflictError: it would conflict with another row.

        """
        statement, values = table.statements.change(body.columns, key, expected, who.rows)
        values |= {"row": body.text, "actor": who.subject}
        async with self._writing(table, body), self._connection(who) as connection:
            row = await one_or_none(connection, statement, values)
            if row is None:
                raise StaleRowError(await _row(connection, table, key, who), table.table.name)
            changed = _stored(row)
            await _require_visible(connection, table, changed, who)
            return changed

    async def delete(
        self,
        table: WatchedTable,
        key: Key,
        who: Principal = ANYONE,
        expected: Precondition = ANY_TAG,
    ) -> None:
        """Delete a row; raises as ``change`` does."""
        statement, values = table.statements.delete(key, expected, who.rows)
        values["actor"] = who.subject
        async with self._writing(table, None), self.database.connection() as connection:
            if await one_or_none(connection, statement, values) is None:
                raise StaleRowError(await _row(connection, table, key, who), table.table.name)

    @asynccontextmanager
    async def _connection(self, who: Principal) -> AsyncIterator[Connection]:
        """Lend a connection; under a scope with a transaction, which a row out of it rolls back."""
        lent = (
            self.database.connection()
            if who.rows is None
            else self.database.transaction(who.subject)
        )
        async with lent as connection:
            yield connection

    @asynccontextmanager
    async def _writing(self, table: WatchedTable, body: Body | None) -> AsyncIterator[None]:
        try:
            yield
        except StatementError as exc:
            raise await rejections.of_write(self.database, exc, table.statements, body) from None

    @asynccontextmanager
    async def _answering(self, query: Selection) -> AsyncIterator[None]:
        try:
            yield
        except StatementError as exc:
            raise await rejections.of_query(self.database, exc, query) from None


async def _row(connection: Connection, table: WatchedTable, key: Key, who: Principal) -> StoredRow:
    row = await one_or_none(connection, *table.statements.read(key, who.rows))
    if row is None:
        raise RowNotFoundError(table.table.name)
    return _stored(row)


async def _require_visible(
    connection: Connection, table: WatchedTable, row: StoredRow, who: Principal
) -> None:
    """Raise OutOfScopeError, which rolls the change back, if the row is out of scope."""
    if who.rows is None:
        return
    (visible,) = await one(connection, *table.statements.is_visible(row.key, who.rows))
    if not visible:
        raise OutOfScopeError


async def _kept_answer(connection: Connection, key: str, body: Body) -> StoredRow | None:
    await connection.execute(queries.LOCK_KEY, {"key": key})
    kept = await one_or_none(connection, queries.KEPT_ANSWER, {"key": key})
    if kept is None:
        return None
    if bytes(kept[0]) != body.digest():
        raise InvalidInputError("Idempotency-Key", "was used before with another body")
    return StoredRow((str(kept[1]),), _tag_of(kept[2]), kept[2], replayed=True)


async def _keep_answer(connection: Connection, key: str, body: Body, created: StoredRow) -> None:
    values = {
        "key": key,
        "request_hash": body.digest(),
        "order_id": created.key[0],
        "response": created.json,
    }
    await connection.execute(queries.KEEP_ANSWER, values)
    await connection.execute(queries.FORGET_ANSWERS)


def _tag_of(row: str) -> str:
    """Return the tag that a rendered row had, as the statements compute it."""
    version = json.loads(row).get("version")
    if isinstance(version, int):
        return str(version)
    return hashlib.md5(row.encode(), usedforsecurity=False).hexdigest()


def _own_key(key: str, who: Principal) -> str:
    """Keep the keys of different subjects apart: only the sender of a key gets its answer."""
    return f"{who.subject}\n{key}" if who.subject else key


def _stored(row: TupleRow) -> StoredRow:
    key, tag, rendered = row
    return StoredRow(tuple(key), tag, rendered)
