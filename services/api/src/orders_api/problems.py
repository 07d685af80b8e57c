"""Errors as clients see them: application/problem+json (RFC 9457), whatever went wrong."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from orders_api.errors import (
    ApiError,
    InvalidInputError,
    StaleOrderError,
    UnsupportedMediaTypeError,
)

MEDIA_TYPE = "application/problem+json"

_MAX_ERRORS = 20
_MAX_FIELD_LENGTH = 100
_OBJECT_EXPECTED = ("model_attributes_type", "model_type", "dict_type")
_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_unicode": "must be valid Unicode",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "has too many digits",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "too_long": "must be given at most {max_length} times",
    "value_error": "{error}",
    "json_invalid": "is not JSON: {error}",
    **dict.fromkeys(_OBJECT_EXPECTED, "must be a JSON object"),
}
_DETAILS = {
    404: "There is nothing at this path.",
    405: "This path does not take that method.",
}


def problem(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] | None = None,
    order: str | None = None,
) -> Response:
    """Render a problem; ``order`` is JSON already and stays unopened."""
    members: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors is not None:
        members["errors"] = errors
    text = json.dumps(members)
    if order is not None:
        text = f'{text[:-1]}, "order": {order}}}'
    return Response(text, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Have every error that leaves a route answered by a problem."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(Exception, _on_bug)


def from_error(error: ApiError) -> Response:
    """Render one of our own errors."""
    return problem(
        error.status,
        error.detail,
        error.headers,
        error.errors if isinstance(error, InvalidInputError) else None,
        error.current.json if isinstance(error, StaleOrderError) else None,
    )


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Say in words of the field what pydantic found, and never what was sent."""
    return [{"field": _field(error["loc"]), "message": _message(error)} for error in errors][
        :_MAX_ERRORS
    ]


def _field(location: Sequence[str | int]) -> str:
    """Name the field: ``("body", "quantity")`` is quantity, the body as a whole is body."""
    inner = [str(part) for part in location[1:] if isinstance(part, str)]
    return ".".join(inner)[:_MAX_FIELD_LENGTH] or str(location[0])


def _message(error: Mapping[str, Any]) -> str:
    return _MESSAGES.get(error["type"], "is not valid").format(**error.get("ctx", {}))


async def _on_api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101  what it is installed for
    return from_error(error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  what it is installed for
    if error.status_code == 400:  # FastAPI's word for JSON nested too deep, or not Unicode
        return from_error(InvalidInputError("body", "cannot be read as JSON"))
    detail = _DETAILS.get(error.status_code, error.detail)
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return problem(error.status_code, detail, headers)


def _allowed(request: Request) -> str:
    """Return the methods of a path; the framework names those of the first route that fits."""
    known = [
        route
        for route in request.app.routes
        if isinstance(route, Route) and route.path_regex.match(request.url.path)
    ]
    # The first one decides what a path is: /orders/counts is no order.
    same = [route.methods or set() for route in known if route.path == known[0].path]
    return ", ".join(sorted(set().union(*same)))


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  what it is installed for
    errors = error.errors()
    is_json = "json" in request.headers.get("content-type", "")
    if not is_json and any(each["type"] in _OBJECT_EXPECTED for each in errors):
        return from_error(UnsupportedMediaTypeError())
    return problem(422, InvalidInputError("", "").detail, errors=field_errors(errors))


async def _on_bug(_request: Request, _error: Exception) -> Response:
    """Answer; the server logs the traceback."""
    return problem(500, "Something is wrong on our side.")
