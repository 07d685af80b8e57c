"""Error responses as application/problem+json (RFC 9457)."""

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
    FailedError,
    InputError,
    InvalidInputError,
    StaleRowError,
    UnsupportedMediaTypeError,
)
from orders_api.validation import OBJECT_EXPECTED, invalid_input

MEDIA_TYPE = "application/problem+json"

_DETAILS = {
    404: "There is nothing at this path.",
    405: "This path does not take that method.",
}


def problem(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] | None = None,
    stale: StaleRowError | None = None,
) -> Response:
    """Return the response for an error."""
    text = _rendered(status, detail, errors, stale)
    return Response(text, status, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE)


def _rendered(
    status: int,
    detail: str,
    errors: Sequence[Mapping[str, str]] | None = None,
    stale: StaleRowError | None = None,
) -> str:
    """Return a problem as JSON. The present state of a stale row is inserted unparsed."""
    members: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors is not None:
        members["errors"] = errors
    text = json.dumps(members)
    if stale is not None and stale.current.json:
        text = f'{text[:-1]}, "{stale.member}": {stale.current.json}}}'
    return text


def install(app: FastAPI) -> None:
    """Turn every error that a route raises into a problem response."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(Exception, _on_bug)


def from_error(error: ApiError) -> Response:
    """Return the response for an error of the API."""
    return problem(error.status, error.detail, error.headers, *_members(error))


def rendered(error: ApiError) -> str:
    """Return an error of the API as JSON, for one row of a bulk answer."""
    return _rendered(error.status, error.detail, *_members(error))


def _members(error: ApiError) -> tuple[Sequence[Mapping[str, str]] | None, StaleRowError | None]:
    return (
        error.errors if isinstance(error, InputError) else None,
        error if isinstance(error, StaleRowError) else None,
    )


async def _on_api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101  installed for this class
    return from_error(error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  installed for this class
    if error.status_code == 400:  # FastAPI's answer to JSON nested too deep, or not Unicode
        return from_error(InvalidInputError("body", "cannot be read as JSON"))
    detail = _DETAILS.get(error.status_code, error.detail)
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return problem(error.status_code, detail, headers)


def _allowed(request: Request) -> str:
    """Return all methods of a path; the framework returns only those of the first route."""
    known = [
        route
        for route in request.app.routes
        if isinstance(route, Route) and route.path_regex.match(request.url.path)
    ]
    # Only routes with the same pattern as the first: /orders/counts also fits that of an order.
    same = [route.methods or set() for route in known if route.path == known[0].path]
    return ", ".join(sorted(set().union(*same)))


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  installed for this class
    errors = [{**each, "loc": each["loc"][1:] or each["loc"]} for each in error.errors()]
    is_json = "json" in request.headers.get("content-type", "")
    if not is_json and any(each["type"] in OBJECT_EXPECTED for each in errors):
        return from_error(UnsupportedMediaTypeError())
    return from_error(invalid_input(errors))


async def _on_bug(_request: Request, _error: Exception) -> Response:
    """Return status 500; the server logs the traceback."""
    return from_error(FailedError())
