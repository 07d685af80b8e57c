"""Responses of JSON and CSV that PostgreSQL has rendered."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from urllib.parse import quote

import structlog
from fastapi import Response
from starlette.types import Receive, Scope, Send

from orders_api import cursor, filters, sending
from orders_api.bulk import Outcomes
from orders_api.errors import ApiError, StatementError
from orders_api.filters import Selection
from orders_api.records import EventPage, Page, StoredRow
from orders_contract.schema import Table

CSV = "text/csv; charset=utf-8"

logger = structlog.get_logger()


def rendered(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response of JSON text, which caches must not store."""
    return Response(
        text, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json"
    )


def row(stored: StoredRow, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with a row and its entity tag."""
    return rendered(stored.json, status, {"ETag": stored.etag, **(headers or {})})


def created(stored: StoredRow, location: str) -> Response:
    """Return a response with a row that this or an earlier request with the same key created."""
    return row(stored, 201, {"Location": location, **_replayed(is_so=stored.replayed)})


def outcomes(found: Outcomes) -> Response:
    """Return a response with the outcome of each row of a request."""
    return rendered(found.json(), headers=_replayed(is_so=found.is_replayed))


def _replayed(*, is_so: bool) -> dict[str, str]:
    return {"Idempotency-Replayed": "true"} if is_so else {}


def page(found: Page, table: Table, selection: Selection, member: str) -> Response:
    """Return a response with a page of rows; ``member`` is the name of their list in the JSON."""
    order = filters.order_of(table, selection.sort)
    next_cursor = None if found.end is None else cursor.encode(found.end, order)
    return rendered(
        f'{{"stream":"{found.stream}","position":{found.position},'
        f'"{member}":{found.rows},"next_cursor":{json.dumps(next_cursor)}}}'
    )


def events(found: EventPage) -> Response:
    """Return a response with a page of events."""
    return rendered(
        f'{{"stream":"{found.stream}","position":{found.position},"events":{found.events},'
        f'"last":{found.last}}}'
    )


class Csv(Response):
    """A CSV file that is sent while it is read. An incomplete file must not look complete."""

    def __init__(self, table: str, first: bytes, others: AsyncGenerator[bytes]) -> None:
        file = quote(f"{table}-{datetime.now(UTC):%Y-%m-%d}.csv")
        super().__init__(
            headers={
                "Content-Type": CSV,
                "Content-Disposition": f"attachment; filename*=UTF-8''{file}",
                "Cache-Control": "no-store",
            }
        )
        del self.headers["Content-Length"]
        self._table = table
        self._first = first
        self._others = others

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the pieces; abort the connection if the database fails."""
        async with aclosing(self._others):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send(_piece(self._first))
            try:
                async for piece in self._others:
                    if sending.is_gone():
                        return
                    await send(_piece(piece))
            except (ApiError, StatementError) as exc:
                # The detail is not logged, because it may quote a value.
                logger.warning("export_broken_off", table=self._table, error=type(exc).__name__)
                sending.break_off()
                return
        await send({"type": "http.response.body"})


def _piece(content: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": content, "more_body": True}
