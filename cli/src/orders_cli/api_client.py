"""Client of the HTTP API: repeats requests while the API is unavailable."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from orders_cli.credentials import authorization
from orders_cli.errors import RejectedRequestError, UnreachableError
from orders_cli.http_client import Answer, HttpClient, HttpError
from orders_contract.backoff import Backoff

_TIMEOUT_S = 15.0
_GIVE_UP_AFTER_S = 60.0
_TEMPORARY = {408, 409, 425, 429}
"""409: a request with the same Idempotency-Key is still in progress."""


class ApiClient:
    """Sends requests that may be repeated; temporary failures are retried with back-off.

    ``on_retry`` is called with the reason whenever a request has to wait for the API.
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        give_up_after_s: float = _GIVE_UP_AFTER_S,
        on_retry: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.address = address
        self._give_up_after_s = give_up_after_s
        self._on_retry = on_retry
        self._http = HttpClient(address, _TIMEOUT_S)
        self._headers = {"Content-Type": "application/json", **authorization(token)}

    async def __aenter__(self) -> Self:
        """Check that the API answers.

        Raises:
            UnreachableError: it does not.

        """
        try:
            answer = await self._http.request("GET", "/api/health")
        except HttpError as exc:
            raise UnreachableError(f"no API answers at {self.address}: {exc}") from exc
        if "json" not in answer.content_type:
            raise UnreachableError(f"no orders API answers at {self.address}")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.__aexit__()

    async def create(self, row: Mapping[str, Any], idempotency_key: str) -> int:
        """Create an order, once, and return its id."""
        headers = {"Idempotency-Key": idempotency_key}
        return int((await self.request("POST", "/api/orders", row, headers))["id"])

    async def update(self, order_id: int, row: Mapping[str, Any]) -> None:
        """Set columns of an order."""
        await self.request("PUT", f"/api/orders/{order_id}", row)

    async def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request that may safely be repeated; return the JSON of the answer.

        Raises:
            RejectedRequestError: the API rejects the request.
            UnreachableError: the API has been unavailable for too long.

        """
        give_up = time.monotonic() + self._give_up_after_s
        backoff = Backoff(first_s=0.1, ceiling_s=5.0)
        content = b"" if body is None else json.dumps(body).encode()
        all_headers = {**self._headers, **(headers or {})}
        while True:
            try:
                answer = await self._http.request(method, path, content, all_headers)
            except HttpError as exc:
                problem = str(exc)
            else:
                if answer.status < 300:
                    return json.loads(answer.body or b"null")
                if answer.status < 500 and answer.status not in _TEMPORARY:
                    raise RejectedRequestError(answer.status, _detail(answer))
                problem = f"status {answer.status}"
            if time.monotonic() > give_up:
                raise UnreachableError(f"no API answers at {self.address} any more: {problem}")
            self._on_retry(problem)
            await asyncio.sleep(backoff.next_delay_s())


def _detail(answer: Answer) -> str:
    """Return the problem's detail and, if it has any, the errors by field."""
    try:
        problem = json.loads(answer.body)
        errors = [f"{each['field']}: {each['message']}" for each in problem.get("errors") or ()]
        return "; ".join(errors) or str(problem.get("detail") or problem.get("title"))
    except (ValueError, AttributeError, KeyError, TypeError):
        return "no reason given"
