"""Responses made of what PostgreSQL has rendered."""

import json
from collections.abc import Mapping

from fastapi import Response

from orders_api import cursor, filters
from orders_api.filters import Selection
from orders_api.records import EventPage, Page, StoredRow
from orders_contract.schema import Table


def rendered(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with rendered JSON. Caches must not keep what rows hold."""
    return Response(
        text, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json"
    )


def row(stored: StoredRow, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a row and its entity tag."""
    return rendered(stored.json, status, {"ETag": stored.etag, **(headers or {})})


def created(stored: StoredRow, location: str) -> Response:
    """Answer with a row that was created, now or by an earlier request with the same key."""
    replayed = {"Idempotency-Replayed": "true"} if stored.replayed else {}
    return row(stored, 201, {"Location": location, **replayed})


def page(found: Page, table: Table, selection: Selection, member: str) -> Response:
    """Answer with a page of rows, which are the object's ``member``."""
    order = filters.order_of(table, selection.sort)
    next_cursor = None if found.end is None else cursor.encode(found.end, order)
    return rendered(
        f'{{"stream":"{found.stream}","position":{found.position},'
        f'"{member}":{found.rows},"next_cursor":{json.dumps(next_cursor)}}}'
    )


def events(found: EventPage) -> Response:
    """Answer with a page of events."""
    return rendered(
        f'{{"stream":"{found.stream}","position":{found.position},"events":{found.events},'
        f'"last":{found.last}}}'
    )
