"""JSON with every digit, and the table as PostgreSQL renders it. Independent of the product."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from prove.tables import key_of

Row = dict[str, Any]
Table = dict[Any, Row]
"""Rows by primary key."""

PINNED = (
    "-c timezone=UTC -c datestyle=ISO,MDY -c intervalstyle=postgres -c bytea_output=hex"
    " -c extra_float_digits=1 -c lc_monetary=C -c search_path=public"
)
"""Settings of a session whose rendering of a row can be compared with an event's."""


class Digits(str):
    """A number with a point or an exponent, as it was written: 12.50 is not 12.5."""

    __slots__ = ()


def parse(text: str) -> Any:
    """Parse JSON and keep every digit of numbers."""
    return json.loads(text, parse_float=Digits)


async def read_table(sql: psycopg.AsyncConnection[TupleRow], table: str) -> Table:
    """Return all rows by key, as a session with ``PINNED`` settings sees them."""
    return by_key(table, await (await sql.execute(reading(table))).fetchall())


def reading(table: str) -> bytes:
    """Return the query for ``by_key``."""
    return f"SELECT to_json(whole)::text FROM {table} AS whole".encode()


def by_key(table: str, found: Iterable[tuple[Any, ...]]) -> Table:
    """Return rows that were read by ``reading``."""
    rows = [parse(row[0]) for row in found]
    return {key_of(table, row): row for row in rows}


def plain(value: Any) -> Any:
    """Return a value with numbers as canonical texts, so that rows of any origin compare."""
    match value:
        case Digits() | Decimal():
            return f"number {Decimal(value)}"
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
    return value


def digest(value: Any) -> int:
    """Return a hash of a row that does not depend on its origin."""
    return hash(json.dumps(plain(value), sort_keys=True))
