"""Write rows through the API."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from orders_contract.backoff import Backoff
from orders_contract.schema import ORDERS
from real_time_orders.errors import ConflictError, WriteError
from real_time_orders.items import Row, parse_json, to_json
from real_time_orders.problems import Problem, problem_of

ATTEMPTS = 6
"""How often a request is sent at most. By its idempotency key it is carried out only once."""

T = TypeVar("T")


async def insert(api: httpx.AsyncClient, table: str, values: Mapping[str, Any]) -> Row:
    """Create a row, with child rows by table name, and return it.

    Raises:
        WriteError: the API rejects the row, or does not answer.

    """
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    return await repeat(lambda: send(api, "POST", path_of(table), values, headers=headers))


async def change(
    api: httpx.AsyncClient,
    table: str,
    key: Hashable,
    values: Mapping[str, Any] | None,
    read: Row | None = None,
) -> Row:
    """Change columns of a row and return it; remove the row if ``values`` is None.

    If ``read`` has a version, nothing is written to a row of another version.

    Raises:
        ConflictError: the row has another version.
        WriteError: the API rejects the write, or does not answer.

    """
    version = (read or {}).get("version")
    headers = {"If-Match": f'"{version}"'} if isinstance(version, int) else {}
    method = "DELETE" if values is None else "PATCH"
    path = f"{path_of(table)}/{_key(key)}"
    return await send(api, method, path, values, headers=headers, read=read)


async def repeat(
    attempt: Callable[[], Awaitable[T]], is_done: Callable[[T], bool] = lambda _: True
) -> T:
    """Attempt a request until it is done, at most ``ATTEMPTS`` times; return the last answer.

    Raises:
        WriteError: the API rejects the request, or does not answer.

    """
    backoff = Backoff()
    while True:
        is_last = backoff.attempts == ATTEMPTS - 1
        try:
            answer = await attempt()
        except WriteError as exc:
            if is_last or not exc.is_temporary:
                raise
        else:
            if is_last or is_done(answer):
                return answer
        await asyncio.sleep(backoff.next_delay_s())


async def send(  # noqa: PLR0913  the parts of one request
    api: httpx.AsyncClient,
    method: str,
    path: str,
    values: Mapping[str, Any] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    read: Row | None = None,
) -> Row:
    """Send a request and return the content of its answer; raises as ``change``."""
    content = None if values is None else to_json(values)
    sent = {"Content-Type": "application/json", **(headers or {})}
    try:
        response = await api.request(method, path, content=content, headers=sent)
    except httpx.HTTPError as exc:
        raise WriteError(0, str(exc) or type(exc).__name__) from exc
    if response.is_success:
        row: Row = parse_json(response.text or "{}")
        return row
    problem = problem_of(response.text, response.reason_phrase)
    raise error_of(response.status_code, problem, values, read)


def error_of(
    status: int, problem: Problem, values: Mapping[str, Any] | None, read: Row | None
) -> WriteError:
    """Return the error for a write of ``values`` that the API rejects."""
    if status == httpx.codes.PRECONDITION_FAILED and problem.current is not None:
        return ConflictError(problem.detail, values, problem.current, read or {})
    return WriteError(status, problem.explained, problem.errors, problem.code)


def path_of(table: str) -> str:
    """Return the path of a table's rows."""
    return "/api/orders" if table == ORDERS else f"/api/tables/{quote(table, safe='')}"


def _key(key: Hashable) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    return ",".join(quote(str(part), safe="") for part in parts)
