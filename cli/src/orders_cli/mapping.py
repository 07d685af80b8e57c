"""Assign the fields of a file to columns of a table. Pure.

A header belongs to the column of the same name; case, blanks, underscores, hyphens and dots do not
matter. Exports of shop systems have other headers, which are listed below.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from orders_cli.errors import BadValueError
from orders_contract.schema import Column, Table

_EXTERNAL_NUMBER = ("external_id", "external_number", "order_number", "order_no", "number")
_ORDERED_AT = ("ordered_at", "ordered_on", "order_date", "placed_at")
_EMAIL = ("customer_email",)


@dataclass(frozen=True)
class ShopFormat:
    """The format of a shop system's export.

    Each of ``targets`` has one header, or several whose fields are joined by a blank, and the
    columns for them: names, or with @ roles of ``Table.display``. The first that exists is used.
    """

    name: str
    signature: frozenset[str]
    """Headers by which the format is recognised."""
    targets: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    order_header: str
    """Records with the same value in this field belong to one order. Only the first of them has
    the fields of the order."""


# The headers are those in the documentation of the shops. Shopify writes one record for each line
# item; only the first record of an order has the fields of the order.
SHOP_FORMATS = (
    ShopFormat(
        "Shopify",
        frozenset({"name", "financial status", "lineitem name", "lineitem quantity"}),
        (
            (("Name",), _EXTERNAL_NUMBER),
            (("Billing Name",), ("@customer",)),
            (("Shipping Name",), ("@customer",)),
            (("Lineitem name",), ("@title",)),
            (("Lineitem quantity",), ("@quantity",)),
            (("Lineitem price",), ("price", "unit_price")),
            (("Lineitem sku",), ("sku",)),
            (("Email",), _EMAIL),
            (("Created at",), _ORDERED_AT),
            (("Financial Status",), ("payment_status",)),
        ),
        "Name",
    ),
    ShopFormat(
        "WooCommerce",  # Customer/Order/Coupon Export and Import Export Suite
        frozenset({"order_number", "status", "billing_first_name", "billing_last_name"}),
        (
            (("order_number",), _EXTERNAL_NUMBER),
            (("billing_first_name", "billing_last_name"), ("@customer",)),
            (("item_name",), ("@title",)),
            (("item_quantity",), ("@quantity",)),
            (("item_price",), ("price", "unit_price")),
            (("item_sku",), ("sku",)),
            (("status",), ("@status",)),
            (("order_total",), ("total",)),
            (("order_currency",), ("currency",)),
            (("billing_email",), _EMAIL),
            (("order_date",), _ORDERED_AT),
            (("date",), _ORDERED_AT),
        ),
        "order_number",
    ),
    ShopFormat(
        "WooCommerce Analytics",  # the Orders report, which core WooCommerce downloads
        frozenset({"order #", "status", "product(s)", "items sold"}),
        (
            (("Order #",), _EXTERNAL_NUMBER),
            (("Customer",), ("@customer",)),
            (("Product(s)",), ("@title",)),
            (("Items sold",), ("@quantity",)),
            (("Status",), ("@status",)),
            (("N. Revenue",), ("total",)),
            (("Date",), _ORDERED_AT),
        ),
        "Order #",
    ),
)


@dataclass(frozen=True)
class HeaderMapping:
    """For each column, the positions of the fields that make up its value."""

    columns: Mapping[str, tuple[int, ...]]
    ignored: tuple[str, ...]
    """Headers that belong to no column."""
    shop: ShopFormat | None
    order_position: int | None
    """Position of the field that groups the records of a shop's export into orders."""


def map_headers(
    header: tuple[str, ...],
    table: Table,
    explicit: Iterable[str] = (),
    *,
    key: str | None = None,
    must_be_complete: bool = True,
) -> HeaderMapping:
    """Map the headers of a file to columns; ``explicit`` holds ``Header=column`` assignments.

    If several headers are assigned to one column, their fields are joined by a blank. ``key`` is
    the column by which rows are found; it need not be writable.

    Raises:
        BadValueError: an assignment names no header or no writable column, a header that is used
            occurs twice, or no header belongs to a column that needs a value.

    """
    positions = _positions(header)
    columns = _explicit_columns(positions, table, explicit, key)
    shop = next((each for each in SHOP_FORMATS if _is_export_of(each, header)), None)
    taken = {position for each in columns.values() for position in each}
    for name, found in (
        *_shop_columns(shop, positions, table),
        *_same_names(positions, table, key),
    ):
        if name not in columns and not taken & set(found):
            columns[name] = found
            taken.update(found)
    _check_unique(header, taken)
    if must_be_complete:
        _check_required(columns, table)
    ignored = tuple(
        name or f"column {position + 1} (no header)"
        for position, name in enumerate(header)
        if position not in taken
    )
    order = positions[letters(shop.order_header)] if shop else None
    return HeaderMapping(columns, ignored, shop, order)


def letters(name: str) -> str:
    """Return a name in the form for comparison: no case, blanks, underscores, hyphens or dots."""
    return "".join(each for each in name.casefold() if not each.isspace() and each not in "_-.")


def _positions(header: tuple[str, ...]) -> dict[str, int]:
    """Return the first position of each header, by its ``letters``."""
    positions: dict[str, int] = {}
    for position, name in enumerate(header):
        if name:
            positions.setdefault(letters(name), position)
    return positions


def _explicit_columns(
    positions: Mapping[str, int], table: Table, explicit: Iterable[str], key: str | None
) -> dict[str, tuple[int, ...]]:
    columns: dict[str, tuple[int, ...]] = {}
    for assignment in explicit:
        name, sign, column = assignment.rpartition("=")
        if not sign:
            raise BadValueError(f"--map {assignment!r} is not like 'Header=column'")
        if letters(name) not in positions:
            raise BadValueError(f"--map {assignment!r}: the file has no header {name!r}")
        _check_writable(assignment, column, table, key)
        columns[column] = (*columns.get(column, ()), positions[letters(name)])
    return columns


def _shop_columns(
    shop: ShopFormat | None, positions: Mapping[str, int], table: Table
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the columns of a shop's headers with the positions, most preferred first."""
    for names, targets in shop.targets if shop else ():
        found = tuple(positions[letters(name)] for name in names if letters(name) in positions)
        column = _first_column(targets, table)
        if column is not None and found:
            yield column, found


def _same_names(
    positions: Mapping[str, int], table: Table, key: str | None
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the columns that have the name of a header, with its position."""
    for column in table.columns.values():
        if (column.writable or column.name == key) and letters(column.name) in positions:
            yield column.name, (positions[letters(column.name)],)


def _check_unique(header: tuple[str, ...], taken: set[int]) -> None:
    names = [letters(name) for name in header]
    for position in sorted(taken):
        if names.count(names[position]) > 1:
            raise BadValueError(f"the file has two headers {header[position]!r}")


def _is_export_of(shop: ShopFormat, header: tuple[str, ...]) -> bool:
    return {letters(name) for name in shop.signature} <= {letters(name) for name in header}


def _first_column(targets: tuple[str, ...], table: Table) -> str | None:
    for target in targets:
        shown = table.display.get(target[1:]) if target.startswith("@") else target
        if shown is not None and shown in table.columns and table.columns[shown].writable:
            return shown
    return None


def _check_writable(assignment: str, column: str, table: Table, key: str | None) -> None:
    if column not in table.columns:
        known = ", ".join(each.name for each in table.columns.values() if each.writable)
        raise BadValueError(
            f"--map {assignment!r}: {table.name} has no column {column!r}, but {known}"
        )
    if not table.columns[column].writable and column != key:
        raise BadValueError(f"--map {assignment!r}: the column {column} cannot be written")


def needs_value(column: Column) -> bool:
    """Return whether a row cannot be created without a value for the column."""
    return column.writable and not column.nullable and not column.default


def _check_required(columns: Mapping[str, tuple[int, ...]], table: Table) -> None:
    missing = [
        each.name
        for each in table.columns.values()
        if needs_value(each) and each.name not in columns
    ]
    if missing:
        raise BadValueError(
            f'no header belongs to {", ".join(missing)}; use --map "Header={missing[0]}"'
        )
