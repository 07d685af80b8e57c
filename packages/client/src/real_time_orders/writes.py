"""Writing rows through the API."""

import asyncio
import uuid
from collections.abc import Hashable, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from orders_contract.backoff import Backoff
from orders_contract.schema import ORDERS
from real_time_orders.errors import ConflictError, WriteError
from real_time_orders.items import Row, parse_json, to_json
from real_time_orders.problems import problem_of

ATTEMPTS = 6
"""How often a row is sent at most: with one idempotency key it is created once."""

_TEMPORARY = {408, 425, 429, 502, 503, 504}


async def insert(api: httpx.AsyncClient, table: str, values: Mapping[str, Any]) -> Row:
    """Create a row, with child rows by table name, and return it.

    Raises:
        WriteError: the API rejects it, or does not answer.

    """
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    backoff = Backoff()
    while True:
        try:
            return await _send(api, "POST", _path(table), values, headers=headers)
        except WriteError as exc:
            is_temporary = exc.status == 0 or exc.status in _TEMPORARY
            if not is_temporary or backoff.attempts == ATTEMPTS - 1:
                raise
        await asyncio.sleep(backoff.next_delay_s())


async def change(
    api: httpx.AsyncClient,
    table: str,
    key: Hashable,
    values: Mapping[str, Any] | None,
    read: Row | None = None,
) -> Row:
    """Change columns of a row and return it; remove it where ``values`` is None.

    If ``read`` has a version, nothing is written to a row of another version.

    Raises:
        ConflictError: the row has another version.
        WriteError: the API rejects the write, or does not answer.

    """
    version = (read or {}).get("version")
    headers = {"If-Match": f'"{version}"'} if isinstance(version, int) else {}
    method = "DELETE" if values is None else "PATCH"
    path = f"{_path(table)}/{_key(key)}"
    return await _send(api, method, path, values, headers=headers, read=read)


async def _send(  # noqa: PLR0913  the parts of one request
    api: httpx.AsyncClient,
    method: str,
    path: str,
    values: Mapping[str, Any] | None,
    *,
    headers: Mapping[str, str],
    read: Row | None = None,
) -> Row:
    content = None if values is None else to_json(values)
    sent = {"Content-Type": "application/json", **headers}
    try:
        response = await api.request(method, path, content=content, headers=sent)
    except httpx.HTTPError as exc:
        raise WriteError(0, str(exc) or type(exc).__name__) from exc
    if response.is_success:
        row: Row = parse_json(response.text or "{}")
        return row
    problem = problem_of(response.text, response.reason_phrase)
    if response.status_code == httpx.codes.PRECONDITION_FAILED and problem.current is not None:
        raise ConflictError(problem.detail, values, problem.current, read or {})
    raise WriteError(response.status_code, problem.explained, problem.errors)


def _path(table: str) -> str:
    return "/api/orders" if table == ORDERS else f"/api/tables/{quote(table, safe='')}"


def _key(key: Hashable) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    return ",".join(quote(str(part), safe="") for part in parts)
