"""Error responses as application/problem+json (RFC 9457)."""

import json
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from orders_api.errors import (
    ApiError,
    FailedError,
    InvalidInputError,
    MethodNotAllowedError,
    PathNotFoundError,
    StaleRowError,
    UnsupportedMediaTypeError,
)
from orders_api.validation import OBJECT_EXPECTED, invalid_input

MEDIA_TYPE = "application/problem+json"


def install(app: FastAPI) -> None:
    """Turn every error that a route raises into a problem response."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(Exception, _on_bug)


def from_error(error: ApiError) -> Response:
    """Return the response for an error of the API."""
    headers = {"Cache-Control": "no-store", **error.headers}
    return Response(rendered(error), error.status, headers, MEDIA_TYPE)


def rendered(error: ApiError) -> str:
    """Return an error of the API as JSON. The present state of a stale row is inserted unparsed."""
    members = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        **error.members,
    }
    text = json.dumps(members)
    if isinstance(error, StaleRowError) and error.current.json:
        text = f'{text[:-1]}, "{error.member}": {error.current.json}}}'
    return text


async def _on_api_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101  installed for this class
    return from_error(error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  installed for this class
    match error.status_code:
        case 400:  # FastAPI's answer to JSON nested too deep, or not Unicode
            return from_error(InvalidInputError("body", "cannot be read as JSON"))
        case 404:
            return from_error(PathNotFoundError())
        case 405:
            return from_error(MethodNotAllowedError(_allowed(request)))
    return from_error(FailedError())


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
