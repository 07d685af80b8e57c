"""Header values that contain line ends (header injection)."""

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
"""Line ends in values: plain, folded, percent-encoded, or as the low byte of a character."""


def answer(entrance: Entrance, key: str) -> http.client.HTTPResponse:
    """Create an order with an Idempotency-Key that ordinary clients cannot send."""
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
    """Check that neither the stored response nor an error contains an injected header."""
    for _ in range(2):  # the second response is the stored one
        response = answer(entrance, key)
        assert response.status in {201, 400, 422}, response.status
        assert response.getheader("X-Injected") is None
