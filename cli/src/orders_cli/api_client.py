"""Client of the HTTP API that repeats requests while the API is unavailable."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from orders_cli.credentials import authorization
from orders_cli.errors import BadValueError, RejectedRequestError, UnreachableError
from orders_cli.http_client import Answer, HttpClient, HttpError, Take
from orders_contract.backoff import Backoff
from orders_contract.schema import MalformedSchemaError, Schema, Table
from real_time_orders.errors import TEMPORARY
from real_time_orders.items import parse_json, to_json

Row = dict[str, Any]

NO_ORDERS = "the database has no table of orders; choose one with `orders attach --orders TABLE`"

_SIGN_IN = (
    "the system asks for a token: make one with `orders token --role clerk >FILE`, and name the "
    "file with --token-file, or put the token into ORDERS_TOKEN"
)
_TIMEOUT_S = 15.0
_GIVE_UP_AFTER_S = 60.0


@dataclass(frozen=True)
class Created:
    """A created row. ``is_new`` is false if an earlier request with the same key created it."""

    row: Row
    is_new: bool


class ApiClient:
    """Sends requests that may be repeated; temporary failures are retried with back-off.

    ``on_retry`` is called with the reason before each repetition of a request.
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
        self._key = "id"
        self._headers = {"Content-Type": "application/json", **authorization(token)}

    async def __aenter__(self) -> Self:
        """Check that the API answers.

        Raises:
            UnreachableError: nothing answers, or another server does.

        """
        try:
            answer = await self._http.request("GET", "/api/health")
        except HttpError as exc:
            raise UnreachableError(f"no API answers at {self.address}: {exc}") from exc
        if "json" not in answer.headers.get("content-type", ""):
            raise UnreachableError(f"no orders API answers at {self.address}")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.__aexit__()

    async def schema(self) -> Schema:
        """Return the description of the tables.

        Raises:
            RejectedRequestError: the token is not accepted, or is missing.
            UnreachableError: the answer is not a description of tables.

        """
        try:
            return Schema.parse(await self.request("GET", "/api/schema"))
        except RejectedRequestError as exc:
            if exc.status in {401, 403}:
                raise
            raise UnreachableError(f"no schema at {self.address}: {exc}") from exc
        except MalformedSchemaError as exc:
            raise UnreachableError(f"no schema at {self.address}: {exc}") from exc

    async def orders_table(self) -> Table:
        """Return the description of the table of orders.

        Raises:
            BadValueError: the database has no table of orders.

        """
        table = (await self.schema()).orders
        if table is None:
            raise BadValueError(NO_ORDERS)
        self._key = table.key[0]
        return table

    async def create(self, row: Mapping[str, Any], idempotency_key: str) -> Created:
        """Create an order, only once for each key, and return its row."""
        headers = {"Idempotency-Key": idempotency_key}
        answer = await self._request("POST", "/api/orders", row, headers)
        return Created(_content(answer), is_new="idempotency-replayed" not in answer.headers)

    async def update(self, order: Row, values: Mapping[str, Any]) -> Row:
        """Set columns of an order and return its row."""
        return dict(await self.request("PUT", f"/api/orders/{order[self._key]}", values))

    async def find(self, query: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Return a page of orders."""
        return dict(await self.request("GET", f"/api/orders?{urlencode(list(query))}"))

    async def download(self, path: str, take: Take) -> None:
        """Call ``take`` with each piece of an answer. Repeat the request only before the first.

        Raises:
            RejectedRequestError: the API rejects the request.
            UnreachableError: the API has been unavailable for too long, or the answer broke off.

        """
        await self._request("GET", path, None, {}, take)

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a request that may safely be repeated; return the JSON of the answer.

        Raises:
            RejectedRequestError: the API rejects the request.
            UnreachableError: the API has been unavailable for too long.

        """
        return _content(await self._request(method, path, body, {}))

    async def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        take: Take | None = None,
    ) -> Answer:
        give_up = time.monotonic() + self._give_up_after_s
        backoff = Backoff(first_s=0.1, ceiling_s=5.0)
        content = b"" if body is None else to_json(body).encode()
        all_headers = {**self._headers, **headers}
        while True:
            try:
                answer = await self._http.request(method, path, content, all_headers, take)
            except HttpError as exc:
                problem = str(exc)
                if exc.has_begun:
                    raise UnreachableError(f"the answer ended early: {problem}") from exc
            else:
                if answer.status < 300:
                    return answer
                if answer.status == 401 and "Authorization" not in all_headers:
                    raise RejectedRequestError(answer.status, _SIGN_IN)
                if not _is_temporary(answer):
                    raise RejectedRequestError(answer.status, _detail(answer))
                problem = f"status {answer.status}"
            if time.monotonic() > give_up:
                raise UnreachableError(f"no API answers at {self.address} any more: {problem}")
            self._on_retry(problem)
            await asyncio.sleep(backoff.next_delay_s())


def _content(answer: Answer) -> Any:
    return parse_json(answer.body.decode() or "null")


def _is_temporary(answer: Answer) -> bool:
    """Return whether the same request may succeed a little later."""
    if answer.status == 409:
        # An answer with errors means that a constraint is violated. Without errors it means that
        # the next id is taken, and the id after that may be free.
        return b'"errors"' not in answer.body
    return answer.status >= 500 or answer.status in TEMPORARY


def _detail(answer: Answer) -> str:
    """Return the errors by field, or the problem's detail if it has none."""
    try:
        problem = json.loads(answer.body)
        errors = [f"{each['field']}: {each['message']}" for each in problem.get("errors") or ()]
        return "; ".join(errors) or str(problem.get("detail") or problem.get("title"))
    except (ValueError, AttributeError, KeyError, TypeError):
        return "no reason given"
