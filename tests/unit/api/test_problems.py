"""Errors as clients read them."""

import json
from collections.abc import Iterator

import pytest

from harness.answers import documented
from orders_api.errors import (
    ApiError,
    BodyTooLargeError,
    BodyTooSlowError,
    DatabaseUnavailableError,
    InvalidInputError,
    PathNotFoundError,
    RowNotFoundError,
    StaleRowError,
    codes,
)
from orders_api.field_errors import TEXTS, Message, message
from orders_api.problems import from_error
from orders_api.records import StoredRow


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (RowNotFoundError(), 404, set()),
        (BodyTooLargeError(), 413, set()),  # the connection does not end: ADR 16
        (BodyTooSlowError(), 408, {"connection"}),
        (DatabaseUnavailableError(), 503, {"retry-after"}),
    ],
)
def test_own_errors(error: ApiError, status: int, headers: set[str]) -> None:
    """An error determines status, detail and headers of its response."""
    response = from_error(error)
    body = json.loads(bytes(response.body))
    assert (response.status_code, body["status"]) == (status, status)
    assert body["detail"] == error.detail
    assert response.headers["cache-control"] == "no-store"  # a 404 may be cached otherwise
    assert set(response.headers) - {"content-type", "content-length", "cache-control"} == headers


def test_stale_order_travels_unopened() -> None:
    """The current order is part of the problem, as the database rendered it."""
    rendered = '{"id":1,"customer_name":"Zo\\u00eb \\"}","version":3}'
    response = from_error(StaleRowError(StoredRow(("1",), "3", rendered)))
    assert rendered.encode() in bytes(response.body)
    assert json.loads(bytes(response.body))["order"]["version"] == 3
    assert response.headers["etag"].startswith('"3.')


def test_problem_members() -> None:
    """A problem has the members of RFC 9457 that apply, and no others."""
    response = from_error(PathNotFoundError())
    assert response.media_type == "application/problem+json"
    assert json.loads(bytes(response.body)) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this path.",
        "code": "path_not_found",
    }


def test_documented_codes() -> None:
    """docs/problems.md lists every code of the API and the edge with its status, and no others."""
    problems, fields = documented()
    own = {kind.code: str(kind.status) for kind in _kinds(ApiError)}
    assert codes() == own.keys()
    own |= {"no_api_process": "503"}
    assert {code: status for code, (status, *_) in problems.items()} == own
    assert fields.keys() == TEXTS.keys()
    texts = {code: text for code, text in TEXTS.items() if text}
    assert {code: fields[code] for code in texts} == texts
    assert len({*problems, *fields}) == len(problems) + len(fields)


def _kinds(kind: type[ApiError]) -> Iterator[type[ApiError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def test_refused_fields() -> None:
    """A refused field has a code and the values of its message; a plain text has a general code."""
    error = InvalidInputError(
        "note",
        message("too_long", limit=50),
        ("total", "is odd"),
        ("name", Message("must be printable", "name_not_allowed")),
    )
    assert json.loads(bytes(from_error(error).body))["errors"] == [
        {
            "field": "note",
            "message": "must have at most 50 characters",
            "code": "too_long",
            "limit": 50,
        },
        {"field": "total", "message": "is odd", "code": "invalid"},
        {"field": "name", "message": "must be printable", "code": "name_not_allowed"},
    ]
