"""Checks of responses of the API."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "problems.md"


@cache
def documented() -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return what docs/problems.md lists: status and members by code; messages of fields."""
    problems, fields = _PAGE.read_text().split("## Fields")
    listed = re.findall(r"^\| `(\w+)` \| (\d+) \| (.*) \| (.*)\|$", problems, re.MULTILINE)
    return (
        {code: [status, *re.findall(r"\w+", members)] for code, status, _, members in listed},
        dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", fields, re.MULTILINE)),
    )


def described(problem: dict[str, Any]) -> None:
    """Fail unless docs/problems.md describes this problem, and each of its fields."""
    codes, messages = documented()
    status, *members = codes[problem["code"]]
    assert problem["status"] == int(status)
    assert problem.keys() >= set(members), problem
    for field in problem.get("errors", ()):
        values = re.findall(r"{(\w+)}", messages[field["code"]])
        assert field.keys() >= {"message", *values}, field


def problem(response: httpx.Response, status: int, field: str | None = None) -> dict[str, Any]:
    """Return the problem document of a response; fail unless status and field are as given."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    described(body)
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
