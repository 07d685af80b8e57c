"""Descriptions of tables for tests, as ``GET /api/schema`` gives them."""

from typing import Any

from orders_contract.schema import Column, Schema, Table


def column(name: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "kind": kind, "nullable": True, "writable": True, **more}


def described(kind: str = "text", **more: Any) -> Column:
    return Column(**column("it", kind, **more))


def orders(*columns: dict[str, Any]) -> Table:
    """Return ``orders`` with the seed's columns and some of the owner's."""
    seed = [
        column("id", "integer", writable=False, nullable=False, default=True),
        column("customer_name", nullable=False),
        column("product_name", nullable=False),
        column("quantity", "integer", nullable=False, default=True),
        column("status", "choice", nullable=False, default=True, choices=["pending", "shipped"]),
    ]
    display = {"status": "status", "customer": "customer_name"}
    display |= {"title": "product_name", "quantity": "quantity"}
    table = {"name": "orders", "key": ["id"], "columns": [*seed, *columns], "display": display}
    return Schema.parse({"version": "v", "tables": [table]}).tables["orders"]
