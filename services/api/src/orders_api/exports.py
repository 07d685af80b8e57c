"""Exports of all rows of a query as CSV, read from one snapshot by cursors in bounded pieces."""

import csv
import io
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from psycopg import AsyncServerCursor
from psycopg.rows import TupleRow

from orders_access.principal import Principal
from orders_api import filters, rejections
from orders_api.catalog import WatchedTable
from orders_api.database import Connection, Database, answering
from orders_api.errors import InvalidInputError, StatementError, TooManyExportsError
from orders_api.filters import Selection
from orders_contract.csv_cells import neutralised
from orders_contract.schema import Column, Table

AT_ONCE = 4
"""Exports that a process runs at once, on connections of their own, so that other reads never wait
for an export."""
OF_ONE_SUBJECT = 2
WITHIN_S = 270.0
"""Time limit of an export. The edge waits a little longer. The limit is needed because PostgreSQL
cannot remove dead rows that an export's snapshot may still see."""
STATEMENT_S = 60.0
"""Time limit of one statement of an export; the first one sorts all rows."""
_PIECE_ROWS = 1000
_PIECE_BYTES = 256 * 1024
"""Maximum size of the large values in one piece; a single row may exceed it."""
_SIZES_AT_ONCE = 5000
_BYTE_ORDER_MARK = "\ufeff"
_NEVER_FORMULAS = frozenset({"integer", "number", "boolean"})
DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t"}
_BOOLEANS = {"true": True, "false": False}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The rows and columns of an export, and its format. Excel recognises UTF-8 by a ``bom``."""

    selection: Selection
    columns: tuple[Column, ...]
    delimiter: str = ","
    bom: bool = False


def read(table: Table, parameters: Iterable[tuple[str, str]]) -> Wanted:
    """Read a query: a list's parameters without paging, and ``columns``, ``delimiter``, ``bom``.

    Raises:
        InvalidInputError: a parameter is unknown, or its value is not valid.

    """
    own: dict[str, list[str]] = {"columns": [], "delimiter": [], "bom": []}
    selecting = []
    for name, text in parameters:
        if name in filters.PAGING:
            raise InvalidInputError(name, "is not a parameter of exports, which have all rows")
        if name in own:
            own[name].append(text)
        else:
            selecting.append((name, text))
    return Wanted(
        filters.read(table, selecting),
        _columns(table, own["columns"]),
        _choice("delimiter", own["delimiter"], DELIMITERS, ","),
        _choice("bom", own["bom"], _BOOLEANS, default=False),
    )


def _columns(table: Table, texts: Sequence[str]) -> tuple[Column, ...]:
    """Return the named columns, or all if none is named; a text may join several by commas."""
    names = filters.names_in(texts, table.columns) or tuple(table.columns)
    unknown = [name for name in names if name not in table.columns]
    if unknown:
        raise InvalidInputError(
            "columns", f"names a column that this table does not have: {unknown[0][:100]}"
        )
    return tuple(table.columns[name] for name in names)


def _choice(name: str, texts: Sequence[str], choices: Mapping[str, T], default: T) -> T:
    if not texts:
        return default
    if len(texts) > 1 or texts[0] not in choices:
        raise InvalidInputError(name, f"must be one of {' '.join(choices)}")
    return choices[texts[0]]


class Exports:
    """Runs exports on connections of its own: at most AT_ONCE, and OF_ONE_SUBJECT per subject."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._running: Counter[str] = Counter()

    async def pieces(
        self, watched: WatchedTable, wanted: Wanted, who: Principal
    ) -> AsyncGenerator[bytes]:
        """Yield the file in pieces; the first has the header.

        Raises:
            TooManyExportsError: too many exports are running.
            InvalidInputError: the database refuses a value of the query.
            DatabaseUnavailableError: PostgreSQL does not answer, perhaps after some pieces.

        """
        text = _Text(wanted)
        with self._turn(who.subject):
            try:
                await rejections.check_spelling(self._database, wanted.selection)
                async with self._database.snapshot(WITHIN_S) as connection:
                    async for rows in _rows(connection, watched, wanted, who):
                        yield text.of(rows)
            except StatementError as exc:
                raise await rejections.of_query(self._database, exc, wanted.selection) from None
        if text.is_new:
            yield text.of([])

    @contextmanager
    def _turn(self, subject: str) -> Iterator[None]:
        if self._running.total() >= AT_ONCE or self._running[subject] >= OF_ONE_SUBJECT:
            raise TooManyExportsError
        self._running[subject] += 1
        try:
            yield
        finally:
            self._running[subject] -= 1
            self._running += Counter()  # removes subjects whose count is 0


class _Text:
    """Renders rows of texts as CSV."""

    def __init__(self, wanted: Wanted) -> None:
        self._buffer = io.StringIO(newline="")
        self._writer = csv.writer(self._buffer, delimiter=wanted.delimiter)
        self._guarded = [column.kind not in _NEVER_FORMULAS for column in wanted.columns]
        self._start = _BYTE_ORDER_MARK if wanted.bom else ""
        self._header = [neutralised(column.name) for column in wanted.columns]
        self.is_new = True

    def of(self, rows: Iterable[TupleRow]) -> bytes:
        """Return rows as CSV; the first call adds the header."""
        if self.is_new:
            self.is_new = False
            self._buffer.write(self._start)
            self._writer.writerow(self._header)
        self._writer.writerows(
            [
                neutralised(cell) if is_guarded and cell is not None else cell
                for cell, is_guarded in zip(row, self._guarded, strict=True)
            ]
            for row in rows
        )
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text.encode()


async def _rows(
    connection: Connection, watched: WatchedTable, wanted: Wanted, who: Principal
) -> AsyncIterator[list[TupleRow]]:
    """Yield the matching rows in pieces.

    PostgreSQL and the driver hold all rows of a piece in memory, so a piece must not be too large.
    A second cursor over the same rows in the same order returns their sizes, without fetching
    large values.
    """
    of_sizes, of_rows, values = watched.statements.export(
        wanted.selection, who.rows, wanted.columns
    )
    await connection.execute(
        "SELECT set_config('statement_timeout', %s, true)", (f"{STATEMENT_S:.0f}s",)
    )
    async with (
        AsyncServerCursor(connection, "sizes") as sizes,
        AsyncServerCursor(connection, "rows") as rows,
    ):
        with answering(connection, STATEMENT_S + 2):
            await sizes.execute(of_sizes, values)
        with answering(connection, STATEMENT_S + 2):
            await rows.execute(of_rows, values)
        while True:
            with answering(connection, STATEMENT_S + 2):
                found = await sizes.fetchmany(_SIZES_AT_ONCE)
            for number in piece_lengths(size for (size,) in found):
                with answering(connection, STATEMENT_S + 2):
                    piece = await rows.fetchmany(number)
                yield piece
            if len(found) < _SIZES_AT_ONCE:
                return


def piece_lengths(sizes: Iterable[int]) -> Iterator[int]:
    """Divide rows of these sizes into pieces; yield the number of rows of each piece."""
    number = held = 0
    for size in sizes:
        if number and (number == _PIECE_ROWS or held + size > _PIECE_BYTES):
            yield number
            number = held = 0
        number, held = number + 1, held + size
    if number:
        yield number
