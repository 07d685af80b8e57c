"""Orders as lines of a CSV file. Pure: text in, orders and complaints out."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from orders_cli.errors import BadValueError

COLUMNS = ("customer_name", "product_name", "quantity", "ordered_on", "shipped_on")
"""What a file must have, in any order; other columns are left alone."""

_LONGEST_NAME = 200
_LARGEST_QUANTITY = 2**31 - 1


@dataclass(frozen=True)
class OrderLine:
    """An order: who ordered how many of what, when, and when it was shipped, if ever."""

    line: int
    customer_name: str
    product_name: str
    quantity: int
    ordered_on: date
    shipped_on: date | None


@dataclass(frozen=True)
class MalformedLine:
    """A line that is no order, and why."""

    line: int
    problem: str


def parse(text: Iterable[str]) -> Iterator[OrderLine | MalformedLine]:
    """Read a file, line by line; a malformed line never keeps the rest from being read.

    Raises:
        BadValueError: the first line does not name the columns.

    """
    reader = csv.reader(text, strict=True)
    header = _header(reader)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            yield MalformedLine(line, str(exc))
            continue
        if row:
            yield _order(line, header, row)


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as exc:
        raise BadValueError(f"the first line is no CSV: {exc}") from exc
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise BadValueError(f"the first line does not name the columns {', '.join(missing)}")
    return header


def _order(line: int, header: list[str], row: list[str]) -> OrderLine | MalformedLine:
    if len(row) != len(header):
        return MalformedLine(line, f"{len(row)} columns instead of {len(header)}")
    fields = dict(zip(header, row, strict=True))
    try:
        order = OrderLine(
            line,
            _name(fields, "customer_name"),
            _name(fields, "product_name"),
            _quantity(fields["quantity"]),
            _date(fields, "ordered_on"),
            _date(fields, "shipped_on") if fields["shipped_on"].strip() else None,
        )
    except ValueError as exc:
        return MalformedLine(line, str(exc))
    if order.shipped_on is not None and order.shipped_on < order.ordered_on:
        return MalformedLine(line, "shipped_on is before ordered_on")
    return order


def _name(fields: dict[str, str], column: str) -> str:
    name = fields[column].strip()
    if not name:
        raise ValueError(f"{column} is empty")
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"{column} is longer than {_LONGEST_NAME} characters")
    if any(each == "\0" or "\ud800" <= each <= "\udfff" for each in name):
        raise ValueError(f"{column} is not UTF-8 text")
    return name


def _quantity(text: str) -> int:
    try:
        quantity = int(text)
    except ValueError:
        raise ValueError(f"quantity {text!r} is no number") from None
    if not 1 <= quantity <= _LARGEST_QUANTITY:
        raise ValueError(f"quantity {quantity} is not between 1 and {_LARGEST_QUANTITY}")
    return quantity


def _date(fields: dict[str, str], column: str) -> date:
    try:
        return date.fromisoformat(fields[column].strip())
    except ValueError:
        raise ValueError(f"{column} {fields[column]!r} is no date like 1996-07-04") from None
