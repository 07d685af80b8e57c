"""Convert records of a file to rows of a table, ready to be sent. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from orders_cli.conversion import Conventions, convert, detect_day_order, detect_decimal_mark
from orders_cli.csv_files import BadRecord, CsvFile, Record
from orders_cli.mapping import HeaderMapping, needs_value
from orders_contract.schema import Column, Table

_EXCERPT = 40
"""Maximum number of characters of a value in a message."""


@dataclass(frozen=True)
class ImportRow:
    """A row, with the line number and the fields of its record.

    ``identity`` names the row in every import of the same file.
    """

    line: int
    fields: tuple[str, ...]
    values: dict[str, Any]
    identity: str


class RowBuilder:
    """Builds the rows of a file.

    The identity of a row is made of the file's name, the record's fields and the number of equal
    records before it. It does not depend on the line number, because lines may be inserted, removed
    or corrected between two imports.
    """

    def __init__(
        self, file_name: str, mapping: HeaderMapping, table: Table, conventions: Conventions
    ) -> None:
        self._file_name = file_name
        self._mapping = mapping
        self._table = table
        self._conventions = conventions
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._order_record: Record | None = None
        """The first record of the order that is being read, in a shop's export."""

    def build(self, file: CsvFile) -> Iterator[ImportRow | BadRecord]:
        """Yield a row for each record, or a BadRecord if the record is not valid."""
        conventions = self._with_detected(file)
        for record in file.records:
            if isinstance(record, BadRecord):
                yield record
                continue
            try:
                values = self._values(record, conventions)
            except ValueError as exc:
                yield BadRecord(record.line, str(exc))
            else:
                yield ImportRow(record.line, record.fields, values, self._identity(record))

    def _with_detected(self, file: CsvFile) -> Conventions:
        given = self._conventions
        return replace(
            given,
            decimal_mark=given.decimal_mark or detect_decimal_mark(self._texts(file, {"number"})),
            day_order=given.day_order or detect_day_order(self._texts(file, {"date", "timestamp"})),
        )

    def _texts(self, file: CsvFile, kinds: set[str]) -> Iterator[str]:
        """Yield all texts of the file that belong to columns of these kinds."""
        for name, positions in self._mapping.columns.items():
            if self._table.columns[name].kind in kinds:
                for record in file.records:
                    if isinstance(record, Record):
                        yield _text(record, positions)

    def _values(self, record: Record, conventions: Conventions) -> dict[str, Any]:
        order = self._first_of_order(record)
        values = {}
        for name, positions in self._mapping.columns.items():
            column = self._table.columns[name]
            text = _text(record, positions)
            if not text.strip() and needs_value(column):
                text = _text(order, positions)
            try:
                if text.strip():
                    values[name] = convert(text, column, conventions)
                elif (empty := _empty(column)) is not _OMIT:
                    values[name] = empty
            except ValueError as exc:
                shown = f"{name} {excerpt(text)}" if text.strip() else name
                raise ValueError(f"{shown} {exc}") from None
        return values

    def _first_of_order(self, record: Record) -> Record:
        at, order = self._mapping.order_position, self._order_record
        if (
            at is None
            or order is None
            or not record.fields[at]
            or record.fields[at] != order.fields[at]
        ):
            self._order_record = order = record
        return order

    def _identity(self, record: Record) -> str:
        self._seen[record.fields] += 1
        parts = (self._file_name, *record.fields, str(self._seen[record.fields]))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def rows_by_key(rows: Iterable[ImportRow], column: str) -> Iterator[ImportRow | BadRecord]:
    """Yield each row, or a BadRecord if its value in a column is empty or on an earlier line."""
    lines: dict[str, int] = {}
    for row in rows:
        value = row.values.get(column)
        if value is None:
            yield BadRecord(row.line, f"{column} is empty")
        elif (first := lines.setdefault(str(value), row.line)) != row.line:
            yield BadRecord(row.line, f"{column} is the same as on line {first}")
        else:
            yield row


def excerpt(value: object) -> str:
    """Return a value in quotes, shortened, for an error message."""
    text = str(value)
    return repr(text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}...")


def _text(record: Record, positions: tuple[int, ...]) -> str:
    """Return the text of one field, or of several fields joined by blanks."""
    if len(positions) == 1:
        return record.fields[positions[0]]
    parts = (record.fields[position].strip() for position in positions)
    return " ".join(part for part in parts if part)


_OMIT = object()


def _empty(column: Column) -> object:
    """Return None for an empty field, or _OMIT if the column has a default.

    Raises:
        ValueError: the column needs a value.

    """
    if column.default:
        return _OMIT
    if column.nullable:
        return None
    raise ValueError("is empty")
