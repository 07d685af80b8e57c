"""How the listener's health page is rendered."""

import json
import time
from typing import Any

import pytest

from orders_listener.health import _response
from orders_listener.status import Status


def _answer(head: bytes, status: Status) -> tuple[int, dict[bytes, bytes], Any]:
    """Return code, headers and content of a response, its length checked."""
    top, _, body = _response(head, status).partition(b"\r\n\r\n")
    line, *lines = top.split(b"\r\n")
    headers = dict(each.split(b": ", 1) for each in lines)
    assert int(headers[b"Content-Length"]) == len(body)
    return int(line.split()[1]), headers, json.loads(body)


def _get(path: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_well() -> None:
    """A listener that works answers 200 and says what it knows."""
    code, headers, content = _answer(_get(b"/health"), Status("one", well_at=time.monotonic()))
    assert (code, content["status"], content["listener"]) == (200, "ok", "one")
    assert headers[b"Content-Type"] == b"application/json"


@pytest.mark.parametrize("path", [b"/health", b"/health?verbose=1"])
def test_down(path: bytes) -> None:
    """A listener whose changes reach nobody answers 503, and what it knows all the same."""
    code, _, content = _answer(_get(path), Status("one", last_error="PostgreSQL is away"))
    assert (code, content["status"]) == (503, "down")
    assert content["last_error"] == "PostgreSQL is away"


@pytest.mark.parametrize(
    "head", [_get(b"/"), _get(b"/healthy"), b"POST /health HTTP/1.1\r\n\r\n", b"\xff\r\n\r\n"]
)
def test_nothing_else_is_there(head: bytes) -> None:
    """Any other request is answered 404, whatever the listener's state."""
    assert _answer(head, Status("one", well_at=time.monotonic()))[0] == 404
