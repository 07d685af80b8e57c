"""Texts that look like SQL, markup, headers or the end of a text."""

from typing import Any

import httpx

from harness.answers import created, ok, problem

STRANGE = [
    "'; DROP TABLE orders; --",
    "Robert'); DELETE FROM orders WHERE ('1'='1",
    "$1 %s %(id)s {conditions}",
    "\\x00 \\' \\\\",
    "\U0001f69a\U00010348 \u202e a",
    "<script>alert(1)</script>",
    "a\r\nSet-Cookie: b=c",
]
NO_TEXT = ['"a\\u0000b"', '"\\ud83d"', '"\\ude00\\ud83d"']
"""JSON strings that PostgreSQL cannot store as text: NUL, half a surrogate pair, swapped halves."""


def named(client: httpx.Client, text: str) -> dict[str, Any]:
    """Use a text in every field and parameter of the API; return the order with this name."""
    order = created(client.post("/api/orders", json={"customer_name": text, "product_name": "x"}))
    path = f"/api/orders/{order['id']}"
    order = ok(client.put(path, json={"product_name": text}))
    assert (order["customer_name"], order["product_name"]) == (text, text)
    for query in ({"customer_name": text}, {"search": text}):
        found = ok(client.get("/api/orders", params=query))["orders"]
        assert order in found
        assert {each["customer_name"] for each in found} == {text}
    for query in ({"status": text}, {"cursor": text}, {"limit": text}):
        problem(client.get("/api/orders", params=query), 422)
    problem(client.put(path, json={"status": text}), 422, "status")
    return order


def refused(client: httpx.Client, string: str) -> None:
    """Use a string that cannot be stored as a name; check that it is refused."""
    for field in ("customer_name", "product_name"):
        names = {"customer_name": '"A"', "product_name": '"B"', field: string}
        body = ",".join(f'"{name}":{value}' for name, value in names.items())
        headers = {"Content-Type": "application/json"}
        answer = client.post("/api/orders", content=f"{{{body}}}", headers=headers)
        problem(answer, 422, field)
