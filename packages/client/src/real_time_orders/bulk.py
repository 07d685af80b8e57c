"""Change or remove many rows, some in each request. Each row succeeds or fails by itself."""

import uuid
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from orders_contract.schema import Schema
from real_time_orders import writes
from real_time_orders.errors import WriteError
from real_time_orders.items import Row, row_key, to_json
from real_time_orders.problems import problem_in

AT_ONCE = 100
"""Rows of one request by default, as many as the API writes in one transaction."""
MOST_AT_ONCE = 1000
"""The API's limit to the rows of a request."""
MOST_BYTES = 64 * 1024
"""The API's limit to the body of a request."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one row: its new ``version``, or the ``error`` if it was not written.

    ``version`` is None after a removal, and if the rows of the table have no versions.
    """

    key: Hashable
    version: int | None = None
    error: WriteError | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row to write: its key, also by column, and the row that the write is based on."""

    key: Hashable
    columns: Mapping[str, Any]
    read: Row | None

    @property
    def named(self) -> Row:
        """The key and version of the row, as the request has them."""
        version = (self.read or {}).get("version")
        protected = {"version": version} if isinstance(version, int) else {}
        return {"key": self.columns, **protected}


def wanted(
    row: Hashable | Row, columns: Sequence[str], known: Callable[[Hashable], Row | None]
) -> Wanted:
    """Return the row to write, given its key or the row itself; ``columns`` are the key's.

    Raises:
        ValueError: the key has other columns.

    """
    if isinstance(row, Mapping):
        missing = [column for column in columns if column not in row]
        if missing:
            raise ValueError(f"the row lacks {missing[0]!r}, a column of the key")
        named = {column: row[column] for column in columns}
        return Wanted(row_key(named), named, dict(row))
    values = row if isinstance(row, tuple) else (row,)
    if len(values) != len(columns):
        raise ValueError(f"{row!r} is not a key: it is {', '.join(columns)}")
    return Wanted(row, dict(zip(columns, values, strict=True)), known(row))


def parts(
    rows: Sequence[Wanted], values: Mapping[str, Any] | None, at_once: int
) -> Iterator[tuple[Sequence[Wanted], Row]]:
    """Yield the rows and body of each request: ``at_once`` rows, or fewer if they are large."""
    if not 1 <= at_once <= MOST_AT_ONCE:
        raise ValueError(f"at_once must be 1 to {MOST_AT_ONCE}")
    common: Row = {} if values is None else {"set": values}
    sizes = [len(to_json(row.named)) + 1 for row in rows]
    most = MOST_BYTES - len(to_json({"rows": [], **common}))
    start = size = 0
    for end, more in enumerate(sizes):
        if end - start == at_once or (end > start and size + more > most):
            yield _part(rows[start:end], common)
            start, size = end, 0
        size += more
    if rows:
        yield _part(rows[start:], common)


def _part(rows: Sequence[Wanted], common: Row) -> tuple[Sequence[Wanted], Row]:
    return rows, {"rows": [row.named for row in rows], **common}


async def key_columns(api: httpx.AsyncClient, table: str) -> Sequence[str]:
    """Return the columns of a table's primary key; raises WriteError."""
    schema = Schema.parse(await writes.repeat(lambda: writes.send(api, "GET", "/api/schema")))
    if table not in schema.tables:
        raise WriteError(404, f"{table} is not watched")
    return schema.tables[table].key


async def write(
    api: httpx.AsyncClient,
    table: str,
    rows: Sequence[Wanted],
    body: Row,
    values: Mapping[str, Any] | None,
) -> list[Outcome]:
    """Send one request and return the outcome of each row, in the order of ``rows``.

    A request without an answer, and rows that the API had no time for, are sent again with the same
    idempotency key, so no row is written twice.
    """
    method = "DELETE" if values is None else "PATCH"
    headers = {"Idempotency-Key": str(uuid.uuid4())}

    async def send() -> list[Outcome]:
        answer = await writes.send(api, method, writes.path_of(table), body, headers=headers)
        return [_outcome(row, told, values) for row, told in zip(rows, answer["rows"], strict=True)]

    try:
        return await writes.repeat(send, _is_done)
    except WriteError as exc:
        return [Outcome(row.key, error=exc) for row in rows]


def no_answer(outcomes: Sequence[Outcome]) -> WriteError | None:
    """Return the error of a request that the API has not answered."""
    error = outcomes[0].error
    return error if error is not None and error.status == 0 else None


def _is_done(outcomes: Sequence[Outcome]) -> bool:
    return not any(each.error is not None and each.error.is_temporary for each in outcomes)


def _outcome(row: Wanted, told: Row, values: Mapping[str, Any] | None) -> Outcome:
    if told.get("problem") is None:
        return Outcome(row.key, told.get("version"))
    return Outcome(
        row.key,
        error=writes.error_of(told["status"], problem_in(told["problem"]), values, row.read),
    )
