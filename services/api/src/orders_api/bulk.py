"""Changes and deletions of many rows: each row succeeds or fails by itself."""

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
"""Rows of one transaction: it locks them for milliseconds, and is a small part of a batch."""
WITHIN_S = 10.0
"""Rows that are not reached by then are answered as such: clients and proxies wait for so long."""
_MAX_BYTES = PAGE_MAX_BYTES * AT_ONCE // 1000
"""Of the present states that the outcomes of one transaction tell."""


@dataclass(slots=True)
class Outcomes:
    """The outcome of each row: its new version, or why it was not written.

    ``is_replayed``: an earlier request with the same Idempotency-Key has written some of them.
    """

    request: BulkBody
    versions: dict[int, str] = field(default_factory=dict)
    errors: dict[int, ApiError] = field(default_factory=dict)
    is_replayed: bool = False

    def fail(self, rows: Iterable[Wanted], error: ApiError) -> None:
        """Record that some rows were not written."""
        self.errors |= {row.number: error for row in rows}

    def json(self) -> str:
        """Render them in the order of the request."""
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
    """Writes many rows, a few in one transaction: no other writer waits long for one of them.

    If a row makes a transaction fail, each half is tried alone, down to the row itself.
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

        A repeated request with the same ``idempotency_key`` writes only rows that no earlier one
        has written: what was done is recorded in the transaction that does it.

        Raises:
            InvalidInputError: the key was used for another request.
            DatabaseUnavailableError: PostgreSQL does not answer, and no row is done. Later on that
                is the outcome of the rows that are left.
            SchemaChangedError: likewise, if the table is no longer as described.

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
    """A running request. ``kept_as`` is its Idempotency-Key, if it has one."""

    writes: Database
    table: WatchedTable
    who: Principal
    outcomes: Outcomes
    kept_as: str | None

    async def attempt(self, rows: Sequence[Wanted]) -> Sequence[Sequence[Wanted]]:
        """Write rows. If one of several fails, return the halves; record why a single one did."""
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
        """Return why a row was not written; log the first error that no client has caused."""
        if isinstance(error, OutOfScopeError):
            return error
        found = await rejections.of_write(self.writes, error, self.table.statements, row.body)
        if isinstance(found, ApiError):
            return found
        if not any(isinstance(each, FailedError) for each in self.outcomes.errors.values()):
            logger.error("rows_failed", table=self.table.table.name, error=str(found))
        return FailedError()

    async def _written(self, connection: Connection, rows: Sequence[Wanted]) -> dict[str, str]:
        """Return the versions of the rows that were written, by their numbers."""
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
        """Return why rows were not found: they are not there, or have another version."""
        name = self.table.table.name
        statement = bulk_statements.present(self.table.statements, rows, self.who.rows, _MAX_BYTES)
        errors: dict[int, ApiError] = {row.number: RowNotFoundError(name) for row in rows}
        for number, key, version, text in await (await connection.execute(*statement)).fetchall():
            errors[number] = StaleRowError(StoredRow(tuple(key), version, text or ""), name)
        return errors

    async def _kept(self, connection: Connection) -> dict[str, str]:
        """Return the rows that earlier requests with this key have written. Locks the key."""
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
    """Return the rows in parts of one shape."""
    for _, same in groupby(sorted(rows, key=lambda row: row.shape), lambda row: row.shape):
        found = list(same)
        yield from (found[n : n + AT_ONCE] for n in range(0, len(found), AT_ONCE))


def _value(part: Any) -> str:
    """Render a part of a key as it was sent."""
    return str(part) if isinstance(part, Decimal) else json.dumps(part)
