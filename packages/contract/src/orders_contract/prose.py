"""What types cannot say about ``/ws``: meanings, codes, examples. ``asyncapi`` renders it."""

from typing import Any

from pydantic import BaseModel

from orders_contract import messages
from orders_contract.matching import MAX_FILTER_VALUES
from orders_contract.messages import MAX_POSITION

_STREAM = "5f0c1a52-7c1e-4b52-9f0e-0d2b8f6a3f11"
_ORDER = {
    "id": 7,
    "customer_name": "Ann",
    "product_name": "Laptop",
    "quantity": 1,
    "status": "shipped",
    "version": 3,
    "created_at": "2026-11-22T11:12:52.70211+00:00",
    "updated_at": "2026-11-22T11:20:01.5+00:00",
}

ABOUT = """\
Every committed change of an order, in order, without a gap. Connecting is enough: what follows is
everything from now on. No message need be sent.

### Positions

Events are numbered 1, 2, 3, ... within one `stream`, the identity of a numbering; positions of
different streams cannot be compared. A `position` in a message of the server means: on this
connection nothing up to it is missing. After a `hello` at p the first event is p + 1.

Remember the last position you have: `last` of `events`, `position` of everything else. Come back
with it, `/ws?after=<position>&stream=<stream>`, and every event you missed comes once, in order, or
a `reset` says why it cannot.

A frame may begin at or before the position you have: skip the events you know. Under a filter a
frame covers `first` to `last` without a gap though it holds only the events that match.

### Joining snapshot and stream

`GET /api/orders` gives the orders and the position they stand at; go on with
`/ws?after=<that position>`. Apply an event only where its `order.version` is newer than what you
have. After a `reset` do the same again.

### Signing in

Where the system asks for tokens, show one in one of these ways, never in the address:

- in the header `Authorization: Bearer <token>`;
- as a subprotocol: ask for `orders` and `orders.token.<token>`, or `orders.ticket.<ticket>`; the
  answer is `orders`;
- in the first message, `{"type":"auth","token":...}`, within ten seconds.

`hello` comes once you are let in, `authenticated` right after it. A ticket comes from
`POST /api/tickets`, is good for 30 s and for one connection. A minute before a token ends comes
`expiring`: send `auth` with a new one and go on, or be closed with 4001.

A token may be restricted to customers. Then everything here speaks of their orders alone, as if
each filter named them: an order that passes to another customer comes as LEAVE, one that comes from
another as an UPDATE whose `changed` is null; positions still count every order's changes."""

QUERY: dict[str, Any] = {
    "after": {
        "type": "integer",
        "minimum": 0,
        "maximum": MAX_POSITION,
        "description": "Resume after this position. Without it: from now.",
        "examples": [1041],
    },
    "stream": {
        "type": "string",
        "description": "The stream that `after` belongs to. If it is another by now, a `reset` "
        "with reason `unknown_stream` follows the `hello`.",
        "examples": [_STREAM],
    },
}

CLOSING_CODES = {
    1001: "Going away: come back soon, with your position.",
    1002: "Not the WebSocket protocol.",
    1003: "Data of a kind that is not accepted.",
    1007: "A text frame was not UTF-8.",
    1008: "You broke a rule, such as sending too many messages.",
    1009: "Your message was too big.",
    1011: "The gateway failed, or you left its pings unanswered: come back with your position.",
    1012: "The gateway restarts: come back soon, with your position; another may take you.",
    1013: "Busy, or what you missed is out of reach from here: try another gateway later.",
    4001: "Sign in: no token in time, or it has expired, was revoked or is not accepted.",
}
"""Codes 4000 to 4099 are the project's own."""

REFUSALS = {
    400: "`after` is not a position.",
    401: "The token or ticket is not accepted.",
    403: "The page is of another origin.",
    404: "The WebSocket is at `/ws`.",
    429: "Too many connections from your address or with your token: see `Retry-After`.",
    503: "This gateway is full, stopping or cut off from the stream: see `Retry-After`.",
}

RESET_REASONS = {
    "expired": "The events after your position are no longer kept.",
    "slow": "You fell behind further than the gateway keeps events.",
    "unknown_stream": "Your position belongs to another numbering: the database is another one.",
    "ahead": "Your position has not been reached: the database went back to an earlier state.",
}

ERROR_CODES = {
    "binary_not_supported": "Messages are JSON in text frames.",
    "invalid_json": "The text is not JSON.",
    "unknown_type": "`type` is none of `auth`, `subscribe` and `ping`.",
    "unauthorized": "The token or ticket is not accepted; `message` says why.",
    "invalid_message": "A field is missing, unknown or of the wrong shape; `message` names it.",
}

DETAILS: dict[type[BaseModel], str] = {
    messages.Events: """\
`operation` is INSERT, UPDATE, DELETE, TRUNCATE (`order_id` is null, all orders are gone) or, under
a filter, LEAVE: the order no longer matches, and its row is not shown. `order` is the new row, null
after DELETE. `changed` holds the old values of the columns that an UPDATE changed, without
`version` and `updated_at`; after DELETE the row that was deleted.""",
    messages.Heartbeat: "Comes every `heartbeat_seconds` while all is well. If nothing at "
    "all comes for twice as long, connect again.",
    messages.Reset: "The connection goes on from `position`.",
    messages.Authenticated: """\
Comes after `hello` where tokens are asked for, and in answer to `auth`. `customers` is null for
those who see everyone's orders, `expires` where nothing expires.""",
    messages.Auth: "Before `hello`: sign in. Later: go on under a new token of the same subject, "
    "with the same customers.",
    messages.Subscribe: f"""\
`after` is a position of the connection's own stream.

All keys of the filter must match, any value of a key will do, at most {MAX_FILTER_VALUES} values a
key; no filter means everything. A filter replaces the one before. What already matched is not sent:
fetch a snapshot for it.""",
}

EXAMPLES: dict[type[BaseModel], dict[str, dict[str, Any]]] = {
    messages.Hello: {
        "first": {
            "type": "hello",
            "gateway": "gateway-1",
            "stream": _STREAM,
            "position": 1041,
            "schema": "5f0c1a52",
            "heartbeat_seconds": 15.0,
        }
    },
    messages.Events: {
        "update": {
            "type": "events",
            "first": 1042,
            "last": 1042,
            "events": [
                {
                    "position": 1042,
                    "table": "orders",
                    "operation": "UPDATE",
                    "order_id": 7,
                    "order": _ORDER,
                    "changed": {"status": "processing"},
                    "actor": None,
                    "changed_at": "2026-11-22T11:20:01.5+00:00",
                }
            ],
        },
        "filtered": {
            "type": "events",
            "first": 1043,
            "last": 1050,
            "events": [
                {
                    "position": 1048,
                    "table": "orders",
                    "operation": "LEAVE",
                    "order_id": 7,
                    "order": None,
                    "changed": None,
                    "actor": None,
                    "changed_at": "2026-11-22T11:21:40.25+00:00",
                }
            ],
        },
    },
    messages.Heartbeat: {"regular": {"type": "heartbeat", "position": 1050}},
    messages.Reset: {
        "expired": {"type": "reset", "reason": "expired", "position": 250_000},
    },
    messages.Subscribed: {
        "filtered": {
            "type": "subscribed",
            "tables": {"orders": {"status": ["pending", "processing"], "total": {"gte": 100}}},
            "position": 1050,
        },
        "everything": {"type": "subscribed", "tables": None, "position": 1050},
    },
    messages.SchemaChanged: {"changed": {"type": "schema", "version": "5f0c1a52"}},
    messages.Authenticated: {
        "clerk": {
            "type": "authenticated",
            "subject": "ann@example.com",
            "role": "clerk",
            "rows": {"store": ["Berlin", "Hamburg"]},
            "expires": "2026-11-22T19:00:00+00:00",
        },
        "everyone": {
            "type": "authenticated",
            "subject": "",
            "role": "admin",
            "rows": None,
            "expires": None,
        },
    },
    messages.Expiring: {"soon": {"type": "expiring", "seconds": 60}},
    messages.Pong: {"answer": {"type": "pong", "position": 1050}},
    messages.Error: {
        "unknown": {
            "type": "error",
            "code": "unknown_type",
            "message": "type must be 'auth', 'subscribe' or 'ping'",
        }
    },
    messages.Auth: {
        "token": {"type": "auth", "token": "eyJhbGciOi..."},
        "ticket": {"type": "auth", "ticket": "Zb0W..."},
    },
    messages.Subscribe: {
        "filtered": {
            "type": "subscribe",
            "filter": {"status": ["pending", "processing"], "customer_name": ["Ann"]},
        },
        "tables": {
            "type": "subscribe",
            "tables": {"orders": {"total": {"gte": 100, "lt": 500}}, "order_lines": {}},
        },
        "resume": {"type": "subscribe", "filter": {"id": [7, 8]}, "after": 1041},
        "everything": {"type": "subscribe"},
    },
    messages.Ping: {"question": {"type": "ping"}},
}
