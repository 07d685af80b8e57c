"""The API as a client sees it: requests that outlast a restart."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx

from orders_cli.addresses import is_local
from orders_cli.backoff import Backoff
from orders_cli.errors import OrdersError, UnreachableError

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
        connections: int,
        give_up_after_s: float = _GIVE_UP_AFTER_S,
        lost: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.address = address
        self._give_up_after_s = give_up_after_s
        self._lost = lost
        self._http = httpx.AsyncClient(
            base_url=f"{address}/api",
            timeout=_TIMEOUT_S,
            limits=httpx.Limits(max_connections=connections),
            trust_env=not is_local(address),
        )

    async def __aenter__(self) -> Self:
        """Make sure that there is an API.

        Raises:
            UnreachableError: there is none.

        """
        try:
            answer = await self._http.get("/health")
        except httpx.TransportError as exc:
            await self._http.aclose()
            raise UnreachableError(f"no API answers at {self.address}: {_why(exc)}") from exc
        if "json" not in answer.headers.get("Content-Type", ""):
            await self._http.aclose()
            raise UnreachableError(f"what answers at {self.address} is not the orders API")
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def create(self, fields: dict[str, Any], idempotency_key: str) -> int:
        """Create an order, once, and return its id."""
        headers = {"Idempotency-Key": idempotency_key}
        answer = await self._request("POST", "/orders", json=fields, headers=headers)
        return int(answer.json()["id"])

    async def update(self, order_id: int, fields: dict[str, Any]) -> None:
        """Set fields of an order."""
        await self._request("PUT", f"/orders/{order_id}", json=fields)

    async def _request(self, method: str, path: str, **content: Any) -> httpx.Response:
        give_up = time.monotonic() + self._give_up_after_s
        backoff = Backoff()
        while True:
            try:
                answer = await self._http.request(method, path, **content)
            except httpx.TransportError as exc:
                problem = _why(exc)
            else:
                if answer.is_success:
                    return answer
                if not _is_passing(answer.status_code):
                    raise RefusedError(answer.status_code, _detail(answer))
                problem = f"status {answer.status_code}"
            if time.monotonic() > give_up:
                raise UnreachableError(f"no API answers at {self.address} any more: {problem}")
            self._lost(problem)
            await asyncio.sleep(backoff.next_s())


def _is_passing(status: int) -> bool:
    """Tell whether the same request may succeed a little later."""
    # 409: a request with the same Idempotency-Key is still under way.
    return status >= 500 or status in {408, 409, 425, 429}


def _detail(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        return str(problem.get("detail") or problem.get("title"))
    except (ValueError, AttributeError):
        return answer.reason_phrase


def _why(exc: httpx.TransportError) -> str:
    return str(exc) or type(exc).__name__
