"""Parse conditions of the command line (``status=pending``, ``total.gte=100``) to filters. Pure."""

from collections.abc import Iterable
from typing import Any

from orders_cli.errors import BadValueError
from orders_contract.schema import Table

_OPERATORS = ("gte", "gt", "lte", "lt", "not", "contains", "is")


def parse_condition(text: str) -> tuple[str, str]:
    """Split ``COLUMN=VALUE``.

    Raises:
        BadValueError: the text has no = or no column.

    """
    column, equals, value = text.partition("=")
    if not equals or not column:
        raise BadValueError(f"--where {text!r} is not like status=pending")
    return column, value


def parse_filter(texts: Iterable[str], table: Table | None) -> dict[str, Any]:
    """Return the filter of a table in the form of the message ``subscribe``.

    Raises:
        BadValueError: a text is not a condition, or two on one column cannot be combined.

    """
    conditions: dict[str, Any] = {}
    for text in texts:
        name, value = parse_condition(text)
        column, operator = _split(name, table)
        if operator == "is":
            _add_value(conditions, text, column, None)
        elif operator:
            _add_bound(conditions, text, column, {operator: _typed(column, value, table)})
        else:
            _add_value(conditions, text, column, _typed(column, value, table))
    return conditions


def _split(name: str, table: Table | None) -> tuple[str, str]:
    """Return the column and the operator, empty if none; a column's name may contain dots."""
    column, _, operator = name.rpartition(".")
    is_column = table is not None and name in table.columns
    return (column, operator) if operator in _OPERATORS and column and not is_column else (name, "")


def _typed(column: str, value: str, table: Table | None) -> Any:
    """Return a bool for a boolean column, otherwise the text, which keeps numbers exact."""
    described = table.columns.get(column) if table else None
    if described is not None and described.kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value


def _add_value(conditions: dict[str, Any], text: str, column: str, value: Any) -> None:
    values = conditions.setdefault(column, [])
    if not isinstance(values, list):
        raise BadValueError(f"--where {text!r}: {column} has a range already")
    values.append(value)


def _add_bound(conditions: dict[str, Any], text: str, column: str, bound: dict[str, Any]) -> None:
    bounds = conditions.setdefault(column, {})
    if not isinstance(bounds, dict):
        raise BadValueError(f"--where {text!r}: {column} has values already")
    bounds.update(bound)
