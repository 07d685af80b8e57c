"""Errors as clients read them."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from orders_api.errors import (
    ApiError,
    BodyTooLargeError,
    BodyTooSlowError,
    DatabaseUnavailableError,
    OrderNotFoundError,
    StaleOrderError,
)
from orders_api.models import NewOrder, OrderChanges
from orders_api.problems import field_errors, from_error, problem
from orders_api.records import StoredOrder


def errors_of(body: object, model: type[NewOrder | OrderChanges] = NewOrder) -> dict[str, str]:
    """Return messages by field, as for a request with that body."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)
    located: list[Any] = [
        {**error, "loc": ("body", *error["loc"])} for error in caught.value.errors()
    ]
    return {error["field"]: error["message"] for error in field_errors(located)}


def test_messages_speak_of_the_field() -> None:
    """Each kind of mistake has words of its own."""
    long = {
        "customer_name": "x" * 201,
        "product_name": "",
        "quantity": 0,
        "status": "lost",
        "colour": 1,
    }
    assert errors_of(long) == {
        "customer_name": "must have at most 200 characters",
        "product_name": "must not be empty",
        "quantity": "must be at least 1",
        "status": "must be one of 'pending', 'processing', 'shipped', 'delivered' or 'cancelled'",
        "colour": "is not known here",
    }
    assert errors_of({"customer_name": 7, "quantity": "7", "product_name": " "}) == {
        "customer_name": "must be a string",
        "product_name": "must not be blank",
        "quantity": "must be a whole number",
    }
    assert errors_of({}) == {"customer_name": "is required", "product_name": "is required"}
    assert errors_of([]) == {"body": "must be a JSON object"}
    assert "at least one of" in errors_of({}, OrderChanges)["body"]
    assert errors_of({"quantity": 2**31}, OrderChanges) == {
        "quantity": "must be at most 2147483647"
    }


def test_nothing_large_comes_back() -> None:
    """However large the input, the answer is small and does not repeat its values."""
    huge: dict[str, object] = {"x" * 50_000: 1, "status": "y" * 50_000, "quantity": "z" * 50_000}
    huge |= {f"field{n}": n for n in range(1000)}
    errors = errors_of(huge)
    text = json.dumps(errors)
    assert len(text) < 5000
    assert "yyy" not in text
    assert "zzz" not in text


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (OrderNotFoundError(), 404, set()),
        (BodyTooLargeError(), 413, set()),  # the connection does not end: ADR 16
        (BodyTooSlowError(), 408, {"connection"}),
        (DatabaseUnavailableError(), 503, {"retry-after"}),
    ],
)
def test_own_errors(error: ApiError, status: int, headers: set[str]) -> None:
    """An error knows its status, its words and its headers."""
    response = from_error(error)
    body = json.loads(bytes(response.body))
    assert (response.status_code, body["status"]) == (status, status)
    assert body["detail"] == error.detail
    assert set(response.headers) - {"content-type", "content-length"} == headers


def test_stale_order_travels_unopened() -> None:
    """The current order is put into the problem as the database rendered it."""
    rendered = '{"id":1,"customer_name":"Zo\\u00eb \\"}","version":3}'
    response = from_error(StaleOrderError(StoredOrder(1, 3, rendered)))
    assert rendered.encode() in bytes(response.body)
    assert json.loads(bytes(response.body))["order"]["version"] == 3
    assert response.headers["etag"] == '"3"'


def test_problem_members() -> None:
    """A problem has the members of RFC 9457, and none that do not apply."""
    response = problem(404, "Nothing here.")
    assert response.media_type == "application/problem+json"
    assert json.loads(bytes(response.body)) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Nothing here.",
    }
