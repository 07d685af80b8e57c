"""Checks of responses of the API."""

from typing import Any

import httpx


def problem(response: httpx.Response, status: int, field: str | None = None) -> dict[str, Any]:
    """Return the problem document of a response; fail unless status and field are as given."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in response.text
    assert len(response.text) < 10_000
    if field is not None:
        assert field in [error["field"] for error in body["errors"]], body
    return body


def created(response: httpx.Response) -> dict[str, Any]:
    """Return the order that a POST created."""
    assert response.status_code == 201, response.text
    order: dict[str, Any] = response.json()
    return order


def ok(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of a response that must be 200."""
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body
