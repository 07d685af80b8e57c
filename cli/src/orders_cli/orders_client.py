"""The API as a client sees it: requests that outlast a restart."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, Self

from orders_cli.credentials import authorization
from orders_cli.errors import OrdersError, UnreachableError
from orders_cli.http_client import Answer, HttpClient, HttpError
from orders_contract.backoff import Backoff

_TIMEOUT_S = 15.0
_GIVE_UP_AFTER_S = 60.0


class RefusedError(OrdersError):
    """The API understood, and refuses; ``status`` is the HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"refused with {status}: {detail}")
        self.status = status


class OrdersClient:
    """Creates and changes orders; what fails for the moment is tried again, with back-off.

    Every request may be repeated safely: creating carries an Idempotency-Key, and the others set
    values. ``lost`` is told when a request has to wait for the API to come back.
    """

    def __init__(
        self,
        address: str,
        give_up_after_s: float = _GIVE_UP_AFTER_S,
        lost: Callable[[str], None] = lambda _: None,
        token: str | None = None,
    ) -> None:
        self.address = address
        self._give_up_after_s = give_up_after_s
        self._lost = lost
        self._http = HttpClient(address, _TIMEOUT_S)
        self._headers = authorization(token)

    async def __aenter__(self) -> Self:
        """Make sure that there is an API.

        Raises:
            UnreachableError: there is none.

        """
        try:
            answer = await self._http.request("GET", "/api/health")
        except HttpError as exc:
            raise UnreachableError(f"no API answers at {self.address}: {exc}") from exc
        if "json" not in answer.content_type:
            raise UnreachableError(f"what answers at {self.address} is not the orders API")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.__aexit__()

    async def create(self, fields: dict[str, Any], idempotency_key: str) -> int:
        """Create an order, once, and return its id."""
        headers = {"Idempotency-Key": idempotency_key}
        answer = await self._request("POST", "/api/orders", fields, headers)
        return int(json.loads(answer.body)["id"])

    async def update(self, order_id: int, fields: dict[str, Any]) -> None:
        """Set fields of an order."""
        await self._request("PUT", f"/api/orders/{order_id}", fields, {})

    async def _request(
        self, method: str, path: str, fields: dict[str, Any], headers: dict[str, str]
    ) -> Answer:
        give_up = time.monotonic() + self._give_up_after_s
        backoff = Backoff(first_s=0.1, ceiling_s=5.0)
        body = json.dumps(fields).encode()
        headers = {"Content-Type": "application/json", **self._headers, **headers}
        while True:
            try:
                answer = await self._http.request(method, path, body, headers)
            except HttpError as exc:
                problem = str(exc)
            else:
                if answer.status < 300:
                    return answer
                if not _is_passing(answer.status):
                    raise RefusedError(answer.status, _detail(answer))
                problem = f"status {answer.status}"
            if time.monotonic() > give_up:
                raise UnreachableError(f"no API answers at {self.address} any more: {problem}")
            self._lost(problem)
            await asyncio.sleep(backoff.next_delay_s())


def _is_passing(status: int) -> bool:
    """Tell whether the same request may succeed a little later."""
    # 409: a request with the same Idempotency-Key is still under way.
    return status >= 500 or status in {408, 409, 425, 429}


def _detail(answer: Answer) -> str:
    try:
        problem = json.loads(answer.body)
        return str(problem.get("detail") or problem.get("title"))
    except (ValueError, AttributeError):
        return "no reason given"
