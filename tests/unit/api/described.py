"""Tables described by hand, as the catalog would describe them."""

from typing import Any

from orders_contract.schema import Table

STATUSES = ["pending", "processing", "shipped"]


def column(name: str, kind: str = "text", **facts: Any) -> dict[str, Any]:
    """Describe a column; by default text, required and writable."""
    described = {"name": name, "kind": kind, "type": kind, "nullable": False, "writable": True}
    return {**described, **facts}


def table(*columns: dict[str, Any], **facts: Any) -> Table:
    """Describe a table of orders with an id and some columns."""
    key = column("id", "integer", type="bigint", writable=False, default=True)
    described = {"name": "orders", "schema": "public", "relation": "orders", "key": ["id"]}
    return Table.model_validate({**described, "columns": [key, *columns], **facts})


ORDERS = table(
    column("customer_name", max_length=200),
    column("quantity", "integer", type="integer", default=True),
    column("status", "choice", type="text", choices=STATUSES, default=True),
    column("total", "number", type="numeric(12,2)", nullable=True),
    column("due", "timestamp", type="timestamp with time zone", nullable=True),
    column("paid", "boolean", type="boolean", nullable=True),
    column("extra", "json", type="jsonb", nullable=True),
    column("tags", "array", type="text[]", nullable=True),
    column("limit", "integer", type="integer", nullable=True),
    column("version", "integer", type="integer", writable=False, default=True),
)
