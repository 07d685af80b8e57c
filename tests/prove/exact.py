"""JSON with every digit, and the table as PostgreSQL renders it. Independent of the product."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal
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


_EVERY_DIGIT = Context(prec=200_000)


class Digits(str):
    """A number with a point or an exponent, as it was written: 12.50 is not 12.5, nor "12.50"."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digits) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other


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


def plain(value: Any, *, by_value: bool = False) -> Any:
    """Return a value with numbers as canonical texts, so that rows of any origin compare.

    ``by_value``: 12.50 is 12.5, as in a language whose numbers are doubles.
    """
    match value:
        case bool():
            return value
        case int() | Digits() | Decimal() if by_value:
            number = _EVERY_DIGIT.normalize(Decimal(value))
            return f"number {abs(number) if number == 0 else number}"
        case Digits() | Decimal():
            return f"number {Decimal(value)}"
        case dict():
            return {key: plain(each, by_value=by_value) for key, each in value.items()}
        case list() | tuple():
            return [plain(each, by_value=by_value) for each in value]
    return value


@dataclass(frozen=True, slots=True)
class Digest:
    """Hashes of a row that do not depend on its origin: of each digit, and of its values."""

    exact: int
    by_value: int


def digest(value: Any) -> Digest:
    """Return the hashes of a row."""
    exact, by_value = (
        hash(json.dumps(plain(value, by_value=each), sort_keys=True)) for each in (False, True)
    )
    return Digest(exact, by_value)
