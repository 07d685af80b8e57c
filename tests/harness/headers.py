"""Headers that would end early, were they taken at their word."""

import http.client
import json
from contextlib import closing

from harness.attacks import Entrance

INJECTIONS = [
    "a\nX-Injected: 1",
    "a\rX-Injected: 1",
    "a\r\n X-Injected: 1",
    "a\x00X-Injected: 1",
    "a%0d%0aX-Injected: 1",
    "a%0d%0aX-Injected:1",
    "a\u010d\u010aX-Injected:1",
    "a\\r\\nX-Injected:1",
]
"""Values that hold the end of a line: bare, folded, coded, or what is left of it in eight bits."""


def answer(entrance: Entrance, key: str) -> http.client.HTTPResponse:
    """Create an order with an Idempotency-Key that an honest client could not send."""
    body = json.dumps({"customer_name": "Ann", "product_name": "Lamp"}).encode()
    length = f"Content-Length: {len(body)}"
    kind = "Content-Type: application/json"
    head = entrance.request("POST /api/orders", kind, length, f"Idempotency-Key: {key}")
    with closing(entrance.dial()) as opened:
        opened.sendall(head + body)
        response = http.client.HTTPResponse(opened)
        response.begin()
        response.read()
    return response


def check(entrance: Entrance, key: str) -> None:
    """Check that what is stored under the key, or said of it, brings no header along."""
    for _ in range(2):  # the second is answered from what the first has stored
        response = answer(entrance, key)
        assert response.status in {201, 400, 422}, response.status
        assert response.getheader("X-Injected") is None
