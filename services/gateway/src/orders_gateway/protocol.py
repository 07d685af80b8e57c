"""Parse the messages of clients, and render the messages of the gateway. Pure."""

import functools
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orders_access.credentials import Credential, of_token
from orders_access.principal import Principal
from orders_contract.messages import (
    CLIENT_MESSAGE,
    MAX_POSITION,
    Auth,
    ClientMessage,
    Filters,
    ResetReason,
    Subscribe,
)
from orders_gateway.errors import BadRequestError, ProtocolError

PATH = "/ws"
EVENT_STREAM_PATH = "/sse"
_MAX_ERROR_CHARS = 200
"""Longer errors are cut, because an error may quote a client's message of any length."""


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """The parameters of a request for the stream.

    ``after`` is the position to resume from; None: only new events. ``conflate``: send the newest
    state of each row that changed instead of every missed event.
    """

    after: int | None = None
    stream: str | None = None
    conflate: bool = False
    wanted: Filters | None = None
    """Filters in the query, for clients that cannot send messages; None: everything."""
    ticket: str | None = None


def parse_request(target: str, last_event_id: str | None = None) -> StreamRequest:
    """Read a request target such as ``/ws?after=7&stream=...&conflate=1``.

    A browser's EventSource reconnects with the same target and the id of the last event.

    Raises:
        BadRequestError: the target is not a URL, or a parameter is not valid.

    """
    try:
        query = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
    except ValueError as exc:
        raise BadRequestError("the request target is not a URL") from exc
    conflate = query.get("conflate", "0")
    if conflate not in {"0", "1"}:
        raise BadRequestError("conflate must be 0 or 1")
    after, stream = query.get("after"), query.get("stream")
    if last_event_id:
        stream, _, after = last_event_id.rpartition(":")
    return StreamRequest(
        None if after is None else _position(after),
        stream,
        conflate == "1",
        _filters(query["subscribe"]) if "subscribe" in query else None,
        query.get("ticket"),
    )


def _filters(text: str) -> Filters | None:
    """Parse the query parameter ``subscribe``: the message without its type."""
    try:
        given = json.loads(text)
        return Subscribe.model_validate({"type": "subscribe", **given}).wanted
    except (ValueError, TypeError, RecursionError) as exc:
        raise BadRequestError("subscribe must be a JSON object with tables or filter") from exc


def _position(text: str) -> int:
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_POSITION))
    if not digits or int(text) > MAX_POSITION:
        raise BadRequestError("after must be a position: a whole number, 0 or more")
    return int(text)


def parse_message(text: str | bytes) -> ClientMessage:
    """Read a client's message.

    Raises:
        ProtocolError: the text is not a message that a client may send.

    """
    if isinstance(text, bytes):
        raise ProtocolError("binary_not_supported", "messages are JSON in text frames")
    try:
        return CLIENT_MESSAGE.validate_json(text)
    except ValidationError as exc:
        raise _explain(exc.errors(include_url=False, include_input=False)[0]) from exc


def _explain(error: ErrorDetails) -> ProtocolError:
    kind = error["type"]
    if kind == "json_invalid":
        return ProtocolError("invalid_json", _short(error["msg"]))
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return ProtocolError("unknown_type", "type must be 'auth', 'subscribe' or 'ping'")
    # The first part of the place is the type of message, which the client knows.
    place = ".".join(str(step) for step in error["loc"][1:])
    return invalid_message(f"{place}: {error['msg']}".removeprefix(": "))


def invalid_message(reason: str) -> ProtocolError:
    """Return the error for a message of which a field is missing, unknown or not valid."""
    return ProtocolError("invalid_message", _short(reason))


def _short(text: str) -> str:
    return text if len(text) <= _MAX_ERROR_CHARS else text[:_MAX_ERROR_CHARS] + "..."


def credential_of(message: Auth) -> Credential:
    """Return the credential in a message."""
    if message.token is not None:
        return of_token(message.token)
    return Credential(message.ticket or "", is_ticket=True)


def place(stream: str | None, position: int) -> str:
    """Return the identifier of a place in a stream."""
    return f"{stream}:{position}"


@functools.lru_cache(maxsize=16)  # clients that connect at once get the same
def hello(gateway: str, stream: str, position: int, schema: str, heartbeat_s: float) -> bytes:
    """Return the first message of every connection."""
    return _render(
        type="hello",
        gateway=gateway,
        stream=stream,
        position=position,
        schema=schema,
        heartbeat_seconds=heartbeat_s,
    )


def events(first: int, last: int, rendered: bytes) -> bytes:
    """Return an ``events`` message around an array that is already JSON."""
    return b'{"type":"events","first":%d,"last":%d,"events":%b}' % (first, last, rendered)


def conflated(first: int, last: int, rendered: bytes) -> bytes:
    """Return an ``events`` message that holds only the newest state of each row."""
    return b'{"type":"events","first":%d,"last":%d,"conflated":true,"events":%b}' % (
        first,
        last,
        rendered,
    )


def heartbeat(position: int) -> bytes:
    """Return the message which says that the client has every event up to the position."""
    return _render(type="heartbeat", position=position)


def reset(reason: ResetReason, position: int) -> bytes:
    """Return the message which says that events up to the position are missing, and why."""
    return _render(type="reset", reason=reason, position=position)


def subscribed(tables: Filters | None, position: int) -> bytes:
    """Return the answer to ``subscribe``."""
    return _render(type="subscribed", tables=tables, position=position)


def schema_changed(version: str) -> bytes:
    """Return the message which says that tables or columns have changed."""
    return _render(type="schema", version=version)


def pong(position: int) -> bytes:
    """Return the answer to ``ping``."""
    return _render(type="pong", position=position)


def authenticated(principal: Principal) -> bytes:
    """Return the message which says that a token is accepted, with its role and scope."""
    ends = None if principal.expires is None else datetime.fromtimestamp(principal.expires, UTC)
    return _render(
        type="authenticated",
        subject=principal.subject,
        role=principal.role,
        rows=principal.row_values,
        expires=ends and ends.isoformat(),
    )


def expiring(seconds: int) -> bytes:
    """Return the message which says that the token expires in this many seconds."""
    return _render(type="expiring", seconds=seconds)


def unauthorized(reason: str) -> bytes:
    """Return the answer to a token that is not accepted."""
    return error("unauthorized", reason)


def error(code: str, message: str) -> bytes:
    """Return the answer to a message that is not valid."""
    return _render(type="error", code=code, message=message)


def _render(**message: Any) -> bytes:
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()
