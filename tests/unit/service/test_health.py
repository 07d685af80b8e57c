"""How a health page is served."""

import json
from typing import Any

import pytest

from orders_service.health import Page, json_answer, response


def _parsed(answer: bytes) -> tuple[int, dict[bytes, bytes], Any]:
    """Return code, headers and content of a response, its length checked."""
    top, _, body = answer.partition(b"\r\n\r\n")
    line, *lines = top.split(b"\r\n")
    headers = dict(each.split(b": ", 1) for each in lines)
    assert int(headers[b"Content-Length"]) == len(body)
    return int(line.split()[1]), headers, json.loads(body)


def _get(path: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _page(code: int, **content: str) -> dict[str, Page]:
    return {"/health": lambda: json_answer(code, content)}


def test_page_is_served_as_json() -> None:
    """GET /health returns the page's status code and its content as JSON."""
    code, headers, content = _parsed(response(_get(b"/health"), _page(200, status="ok")))
    assert (code, content) == (200, {"status": "ok"})
    assert headers[b"Content-Type"] == b"application/json"


@pytest.mark.parametrize("path", [b"/health", b"/health?verbose=1"])
def test_page_may_say_down(path: bytes) -> None:
    """A page may answer 503 with content; a query string changes nothing."""
    answer = response(_get(path), _page(503, status="down", last_error="PostgreSQL is away"))
    code, _, content = _parsed(answer)
    assert (code, content["last_error"]) == (503, "PostgreSQL is away")


@pytest.mark.parametrize(
    "head", [_get(b"/"), _get(b"/healthy"), b"POST /health HTTP/1.1\r\n\r\n", b"\xff\r\n\r\n"]
)
def test_other_requests_are_not_found(head: bytes) -> None:
    """Any other request is answered 404."""
    assert _parsed(response(head, _page(200, status="ok")))[0] == 404
