"""Changes and deletions of many rows; each row succeeds or fails separately."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

import structlog

from orders_access.principal import Principal
from orders_api import bulk_statements, kept_answers, problems, rejections
from orders_api.bulk_format import BulkBody, Wanted
from orders_api.catalog import WatchedTable
from orders_api.database import Connection, Database, one
from orders_api.errors import (
    ApiError,
    DatabaseUnavailableError,
    FailedError,
    NotReachedError,
    OutOfScopeError,
    RowNotFoundError,
    SchemaChangedError,
    StaleRowError,
    StatementError,
)
from orders_api.records import StoredRow
from orders_api.rendering import PAGE_MAX_BYTES

logger = structlog.get_logger()

AT_ONCE = 100
"""Rows of one transaction. With so few, they are locked for milliseconds only, and their events are
a small part of a batch."""
WITHIN_S = 10.0
"""Time limit of a request. The rows that are left then fail with NotReachedError, because clients
and proxies would not wait longer."""
_MAX_BYTES = PAGE_MAX_BYTES * AT_ONCE // 1000
"""Maximum size of the present rows that are returned for the conflicts of one transaction."""


@dataclass(slots=True)
class Outcomes:
    """The outcome of each row: its new version, or why it was not written.

    ``is_replayed``: an earlier request with the same Idempotency-Key has written some of the rows.
    """

    request: BulkBody
    versions: dict[int, str] = field(default_factory=dict)
    errors: dict[int, ApiError] = field(default_factory=dict)
    is_replayed: bool = False

    def fail(self, rows: Iterable[Wanted], error: ApiError) -> None:
        """Record that some rows were not written."""
        self.errors |= {row.number: error for row in rows}

    def json(self) -> str:
        """Return the outcomes as JSON, in the order of the request."""
        rows = ",".join(self._rendered(row) for row in self.request.rows)
        done, failed = len(self.versions), len(self.errors)
        return f'{{"succeeded":{done},"failed":{failed},"rows":[{rows}]}}'

    def _rendered(self, row: Wanted) -> str:
        key = ",".join(f"{json.dumps(name)}:{_value(part)}" for name, part in row.sent.items())
        error = self.errors.get(row.number)
        if error is not None:
            problem = problems.rendered(error)
            return f'{{"key":{{{key}}},"status":{error.status},"problem":{problem}}}'
        version = self.versions[row.number] if row.body is not None else ""
        status = 204 if row.body is None else 200
        return f'{{"key":{{{key}}},"status":{status},"version":{version or "null"}}}'


@dataclass(frozen=True, slots=True)
class Bulk:
    """Writes many rows in small transactions, so that other writers do not wait long for a row.

    If a transaction fails because of a row, its rows are halved and each half is tried alone, until
    the row itself is found.
    """

    writes: Database

    async def write(
        self,
        table: WatchedTable,
        request: BulkBody,
        who: Principal,
        idempotency_key: str | None = None,
    ) -> Outcomes:
        """Change or delete the rows of a request.

        A repeated request with the same ``idempotency_key`` writes only the rows that no earlier
        request has written: each transaction also records which rows it has written.

        Raises:
            InvalidInputError: the key was used for another request.
            DatabaseUnavailableError: PostgreSQL does not answer, and no row has an outcome yet. If
                some have, this error becomes the outcome of the others.
            SchemaChangedError: the table is no longer as described, and no row has an outcome yet.

        """
        kept_as = idempotency_key and kept_answers.own_key(idempotency_key, table, who)
        outcomes = Outcomes(request)
        writing = _Writing(self.writes, table, who, outcomes, kept_as)
        until_s = time.monotonic() + WITHIN_S
        parts = list(_parts(request.rows))
        while parts:
            part = parts.pop(0)
            if time.monotonic() > until_s:
                outcomes.fail(part, NotReachedError())
                continue
            try:
                parts[:0] = await writing.attempt(part)
            except (DatabaseUnavailableError, SchemaChangedError):
                if not outcomes.versions and not outcomes.errors:
                    raise
                outcomes.fail(
                    [row for rows in (part, *parts) for row in rows], DatabaseUnavailableError()
                )
                break
        return outcomes


@dataclass(frozen=True, slots=True)
class _Writing:
    """A running request. Its outcome is stored under ``kept_as`` if that is not None."""

    writes: Database
    table: WatchedTable
    who: Principal
    outcomes: Outcomes
    kept_as: str | None

    async def attempt(self, rows: Sequence[Wanted]) -> Sequence[Sequence[Wanted]]:
        """Write rows in one transaction; return the halves to try if a row makes it fail.

        If there is only one row, record why it failed, and return nothing to try.
        """
        try:
            await self._write(rows)
        except SchemaChangedError:
            raise
        except (OutOfScopeError, StatementError) as exc:
            if middle := len(rows) // 2:
                return rows[:middle], rows[middle:]
            self.outcomes.fail(rows, await self._explained(rows[0], exc))
        return ()

    async def _write(self, rows: Sequence[Wanted]) -> None:
        """Write rows of one shape in one transaction, and record the outcome of each."""
        outcomes = self.outcomes
        async with self.writes.transaction(self.who.subject) as connection:
            kept = await self._kept(connection)
            left = [row for row in rows if str(row.number) not in kept]
            versions = await self._written(connection, left) if left else {}
            if versions:
                await self._keep(connection, kept | versions)
            missing = [row for row in left if str(row.number) not in versions]
            errors = await self._refusals(connection, missing) if missing else {}
        again = {str(row.number): kept[str(row.number)] for row in rows if row not in left}
        outcomes.is_replayed |= bool(again)
        outcomes.versions |= {int(number): text for number, text in (versions | again).items()}
        outcomes.errors |= errors

    async def _explained(self, row: Wanted, error: OutOfScopeError | StatementError) -> ApiError:
        """Return why a row was not written; log the first error that the client did not cause."""
        if isinstance(error, OutOfScopeError):
            return error
        found = await rejections.of_write(self.writes, error, self.table.statements, row.body)
        if isinstance(found, ApiError):
            return found
        if not any(isinstance(each, FailedError) for each in self.outcomes.errors.values()):
            logger.error("rows_failed", table=self.table.table.name, error=str(found))
        return FailedError()

    async def _written(self, connection: Connection, rows: Sequence[Wanted]) -> dict[str, str]:
        """Write rows; return the versions of the rows written, by row number."""
        scope, statements = self.who.rows, self.table.statements
        parent = None if self.table.parent is None else self.table.parent.statements
        cursor = await connection.execute(*bulk_statements.write(statements, rows, scope))
        found = await cursor.fetchall()
        if scope is not None and rows[0].body is not None:
            visible, values = bulk_statements.count_visible(
                statements, [key for _, key, _ in found], scope, parent
            )
            if (await one(connection, visible, values))[0] < len(found):
                raise OutOfScopeError
        return {str(number): version for number, _, version in found}

    async def _refusals(
        self, connection: Connection, rows: Sequence[Wanted]
    ) -> dict[int, ApiError]:
        """Return an error for each row: it does not exist, or it has another version."""
        name = self.table.table.name
        statement = bulk_statements.present(self.table.statements, rows, self.who.rows, _MAX_BYTES)
        errors: dict[int, ApiError] = {row.number: RowNotFoundError(name) for row in rows}
        for number, key, version, text in await (await connection.execute(*statement)).fetchall():
            errors[number] = StaleRowError(StoredRow(tuple(key), version, text or ""), name)
        return errors

    async def _kept(self, connection: Connection) -> dict[str, str]:
        """Return the versions that earlier requests with this key have written, by row number.

        Locks the key.
        """
        if not self.kept_as:
            return {}
        kept = await kept_answers.find(connection, self.kept_as, self.outcomes.request.digest)
        versions: dict[str, str] = {} if kept is None else json.loads(kept.json)
        return versions

    async def _keep(self, connection: Connection, versions: Mapping[str, str]) -> None:
        if self.kept_as:
            answer = StoredRow((), "", json.dumps(versions))
            request = self.outcomes.request.digest
            await kept_answers.keep(connection, self.kept_as, request, answer)


def _parts(rows: Sequence[Wanted]) -> Iterator[Sequence[Wanted]]:
    """Yield the rows in parts of at most AT_ONCE rows that have the same shape."""
    for _, same in groupby(sorted(rows, key=lambda row: row.shape), lambda row: row.shape):
        found = list(same)
        yield from (found[n : n + AT_ONCE] for n in range(0, len(found), AT_ONCE))


def _value(part: Any) -> str:
    """Return a part of a key as JSON, as the client sent it."""
    return str(part) if isinstance(part, Decimal) else json.dumps(part)
