"""The document of ``GET /api/schema``."""

import json
from typing import Any

import pytest

from orders_contract.schema import MalformedSchemaError, Schema

_COLUMN = {
    "name": "status",
    "type": "text",
    "kind": "choice",
    "nullable": False,
    "writable": True,
    "default": True,
    "choices": ["pending", "shipped"],
    "next": {"pending": ["shipped"]},
    "max_length": None,
    "comment": "how far it is",
}
_DOCUMENT: dict[str, Any] = {
    "version": "5f0c",
    "tables": [
        {
            "name": "orders",
            "schema": "public",
            "key": ["id"],
            "parent": None,
            "columns": [_COLUMN],
            "display": {"status": "status", "title": None},
        },
        {
            "name": "sales.lines",
            "schema": "sales",
            "key": ["order", "number"],
            "parent": {"table": "orders", "column": "order"},
            "columns": [],
        },
    ],
}


@pytest.mark.parametrize(
    "given", [_DOCUMENT, json.dumps(_DOCUMENT), json.dumps(_DOCUMENT).encode()]
)
def test_tables_and_columns_are_found_by_name(given: Any) -> None:
    """The document is read as text or as values."""
    schema = Schema.parse(given)
    assert schema.version == "5f0c"
    orders, lines = schema.tables.values()
    assert orders.columns["status"].choices == ("pending", "shipped")
    assert orders.columns["status"].next == {"pending": ("shipped",)}
    assert orders.display["title"] is None
    assert (lines.name, lines.namespace, lines.key) == ("sales.lines", "sales", ("order", "number"))
    assert lines.parent is not None
    assert (lines.parent.table, lines.parent.column) == ("orders", "order")


def test_fields_of_later_versions_are_ignored() -> None:
    """A newer database may describe more of a column."""
    column = {**_COLUMN, "unit": "EUR"}
    table = {**_DOCUMENT["tables"][0], "columns": [column], "more": 1}
    assert Schema.parse({**_DOCUMENT, "tables": [table], "more": 1}).tables.keys() == {"orders"}


@pytest.mark.parametrize(
    "given",
    [
        b"",
        "{}",
        "[]",
        7,
        {"version": "1"},
        {"version": "1", "tables": [7]},
        {"version": "1", "tables": 7},
        {"version": "1", "tables": [{"name": "orders", "key": ["id"]}]},
        {
            "version": "1",
            "tables": [{"name": "o", "key": [], "columns": [{**_COLUMN, "kind": ""}]}],
        },
    ],
)
def test_malformed_schemas_are_refused(given: Any) -> None:
    """The error says what is wrong and quotes nothing."""
    with pytest.raises(MalformedSchemaError):
        Schema.parse(given)
