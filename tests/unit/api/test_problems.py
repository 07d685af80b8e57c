"""Errors as clients read them."""

import json

import pytest

from orders_api.errors import (
    ApiError,
    BodyTooLargeError,
    BodyTooSlowError,
    DatabaseUnavailableError,
    RowNotFoundError,
    StaleRowError,
)
from orders_api.problems import from_error, problem
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
    response = problem(404, "Nothing here.")
    assert response.media_type == "application/problem+json"
    assert json.loads(bytes(response.body)) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Nothing here.",
    }
