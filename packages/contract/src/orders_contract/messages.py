"""The messages of ``/ws``, in both directions, as types.

Gateways render most of their messages by hand because that is faster; tests validate each of them
against these models. ``docs/asyncapi.yaml`` describes the messages for people. To add one: write
its class here, add it to ``ServerMessage`` or ``ClientMessage``, refresh the files that
``json_schema`` and ``asyncapi`` write, and describe it in ``docs/asyncapi.yaml``.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from typing_extensions import TypeAliasType

from orders_contract.filters import MAX_FILTER_VALUES, MAX_SEARCH_CHARACTERS
from orders_contract.schema import ORDERS

Operation = Literal["INSERT", "UPDATE", "DELETE", "TRUNCATE", "LEAVE"]
ResetReason = Literal["expired", "slow", "unknown_stream", "ahead"]
Role = Literal["viewer", "clerk", "admin"]
"""In rising order: viewers read, clerks also write, admins also delete."""

MAX_POSITION = 2**63 - 1
"""Positions are of PostgreSQL's type bigint."""

Row = dict[str, Any]
"""A row of any table: its columns by name."""

_SCALAR: JsonSchemaValue = {"type": ["string", "number", "boolean", "null"]}
_LIST: JsonSchemaValue = {
    "type": "array",
    "items": _SCALAR,
    "minItems": 1,
    "maxItems": MAX_FILTER_VALUES,
}
_BOUND: JsonSchemaValue = {"type": ["string", "number"]}
_RANGE: JsonSchemaValue = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("gte", "gt", "lte", "lt"), _BOUND),
        "not": {"anyOf": [_SCALAR, _LIST]},
        "contains": {"type": "string", "maxLength": MAX_SEARCH_CHARACTERS},
    },
    "additionalProperties": False,
    "minProperties": 1,
}
_CONDITION: JsonSchemaValue = {
    "description": "What a column must hold: one of the listed values, or a value within bounds.",
    "anyOf": [_LIST, _RANGE],
}
# Not validated here but by ``matching``, whose errors name table and column.
Condition = TypeAliasType("Condition", Annotated[Any, WithJsonSchema(_CONDITION)])
Conditions = dict[str, Condition]
Filters = dict[str, Conditions]
"""Conditions by table and column."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(_Message):
    """One change of one row.

    In events of ``orders``, ``order`` is the new row and ``order_id`` its id. In events of other
    tables, ``row`` is the new row, ``key`` its primary key, and ``order_id`` the id of the order
    that the row belongs to, or null. ``changed`` has the old values of the columns that an UPDATE
    changed, or the whole old row of a DELETE; of a row that is too large to be sent, because it was
    there before its table was watched, the key and the short values.
    """

    position: PositiveInt
    table: str
    operation: Operation
    order_id: int | None
    order: Row | None = None
    key: Row | None = None
    row: Row | None = None
    changed: Row | None
    actor: str | None
    changed_at: AwareDatetime

    @model_validator(mode="after")
    def _has_the_row_of_its_table(self) -> Self:
        expected = {"order"} if self.table == ORDERS else {"key", "row"}
        if self.model_fields_set & {"order", "key", "row"} != expected:
            raise ValueError(f"an event of {self.table} has {' and '.join(sorted(expected))}")
        return self


class Hello(_Message):
    """First message of a connection: events continue ``stream`` after ``position``.

    ``schema`` is the version of ``GET /api/schema``; empty while the gateway does not know it.
    """

    type: Literal["hello"]
    gateway: str
    stream: str
    position: NonNegativeInt
    schema_version: str = Field(alias="schema")
    heartbeat_seconds: float


class Events(_Message):
    """The events from ``first`` to ``last``; with a filter, only those that match.

    ``conflated`` marks a frame that holds only the newest event of each row, for a client that
    fell behind.
    """

    type: Literal["events"]
    first: PositiveInt
    last: PositiveInt
    conflated: Literal[True] | None = None
    events: list[Event]


class Heartbeat(_Message):
    """The client has every event up to ``position``."""

    type: Literal["heartbeat"]
    position: NonNegativeInt


class Reset(_Message):
    """Events up to ``position`` cannot be sent. Fetch a snapshot; events continue after it."""

    type: Literal["reset"]
    reason: ResetReason
    position: NonNegativeInt


class Subscribed(_Message):
    """The answer to ``subscribe``: matching events follow after ``position``.

    ``tables`` are the filters in force, by table; null means every event of every table.
    """

    type: Literal["subscribed"]
    tables: Filters | None
    position: NonNegativeInt


class SchemaChanged(_Message):
    """Tables or columns have changed: fetch ``GET /api/schema`` again."""

    type: Literal["schema"]
    version: str


class Authenticated(_Message):
    """The token was accepted. The message has its subject, role, restriction and expiry.

    The holder sees only rows that have, in each column of ``rows``, one of the listed values; null
    means no restriction. ``expires`` is null if the token never expires.
    """

    type: Literal["authenticated"]
    subject: str
    role: Role
    rows: dict[str, list[str | int | float | bool]] | None
    expires: AwareDatetime | None


class Expiring(_Message):
    """The token expires in ``seconds``. The connection is closed then, unless it is renewed."""

    type: Literal["expiring"]
    seconds: NonNegativeInt


class Pong(_Message):
    """The answer to ``ping``."""

    type: Literal["pong"]
    position: NonNegativeInt


class Error(_Message):
    """A message of the client was not valid and has no effect. The connection stays open."""

    type: Literal["error"]
    code: str
    message: str


class Subscribe(_Message):
    """Replace the connection's filters; with ``after``, resume from that position.

    ``tables`` names the tables to follow, each with the conditions that a row must fulfil.
    ``filter`` is short for ``tables`` with ``orders`` alone. Without either, all events are sent.
    """

    type: Literal["subscribe"]
    tables: Filters | None = None
    filter: Conditions | None = None
    after: Annotated[int, Field(strict=True, ge=0, le=MAX_POSITION)] | None = None

    @model_validator(mode="after")
    def _has_tables_or_filter(self) -> Self:
        if self.tables is not None and self.filter is not None:
            raise ValueError("give tables or filter, not both")
        return self

    @property
    def wanted(self) -> Filters | None:
        """The filters by table; None asks for everything."""
        return self.tables if self.filter is None else {ORDERS: self.filter}


class Auth(_Message):
    """Sign in, or replace an expiring token, with a token or a ticket of ``POST /api/tickets``."""

    type: Literal["auth"]
    token: str | None = None
    ticket: str | None = None

    @model_validator(mode="after")
    def _has_token_or_ticket(self) -> Self:
        if (self.token is None) == (self.ticket is None):
            raise ValueError("give exactly one of token and ticket")
        return self


class Ping(_Message):
    """Ask for a ``pong``."""

    type: Literal["ping"]


ServerMessage = Annotated[
    Hello
    | Authenticated
    | Expiring
    | Events
    | Heartbeat
    | Reset
    | Subscribed
    | SchemaChanged
    | Pong
    | Error,
    Field(discriminator="type"),
]
ClientMessage = Annotated[Auth | Subscribe | Ping, Field(discriminator="type")]

SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)
CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
