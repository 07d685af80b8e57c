"""The messages of ``/ws``, both directions, as types. ``docs/asyncapi.yaml`` is held to these.

Servers render their messages by hand where that is faster; tests validate every one of them
against these models.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

Status = Literal["pending", "processing", "shipped", "delivered", "cancelled"]
Operation = Literal["INSERT", "UPDATE", "DELETE", "TRUNCATE", "LEAVE"]
ResetReason = Literal["expired", "slow", "unknown_stream", "ahead"]
Role = Literal["viewer", "clerk", "admin"]
"""In rising order: who reads, who also writes, who also deletes."""

MAX_FILTER_VALUES = 100
"""Most values one key of a filter may list."""

MAX_POSITION = 2**63 - 1
"""PostgreSQL counts positions as bigint."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Order(_Message):
    """A row of ``orders``."""

    id: int
    customer_name: str
    product_name: str
    quantity: PositiveInt
    status: Status
    version: PositiveInt
    created_at: AwareDatetime
    updated_at: AwareDatetime


class Event(_Message):
    """One change. ``order`` is the new row; ``changed`` the old values an UPDATE replaced."""

    position: PositiveInt
    operation: Operation
    order_id: int | None
    order: Order | None
    changed: dict[str, Any] | None
    actor: str | None = None
    changed_at: AwareDatetime


class Filter(_Message):
    """Which orders a client wants: every key given must match, any value of a key will do."""

    status: Annotated[list[Status], Field(min_length=1, max_length=MAX_FILTER_VALUES)] | None = None
    customer_name: (
        Annotated[
            list[Annotated[str, StringConstraints(min_length=1, strict=True)]],
            Field(min_length=1, max_length=MAX_FILTER_VALUES),
        ]
        | None
    ) = None
    order_id: (
        Annotated[
            list[Annotated[int, Field(strict=True)]],
            Field(min_length=1, max_length=MAX_FILTER_VALUES),
        ]
        | None
    ) = None


class Hello(_Message):
    """First of every connection: what follows continues ``stream`` after ``position``."""

    type: Literal["hello"]
    gateway: str
    stream: str
    position: NonNegativeInt
    heartbeat_seconds: float


class Events(_Message):
    """Events ``first`` to ``last``: all of them, or under a filter those that match.

    ``conflated``: only the newest event of each order, for a client that fell behind.
    """

    type: Literal["events"]
    first: PositiveInt
    last: PositiveInt
    conflated: Literal[True] | None = None
    events: list[Event]


class Heartbeat(_Message):
    """Nothing up to ``position`` is missing."""

    type: Literal["heartbeat"]
    position: NonNegativeInt


class Reset(_Message):
    """What happened up to ``position`` will not come: fetch a snapshot, go on from there."""

    type: Literal["reset"]
    reason: ResetReason
    position: NonNegativeInt


class Subscribed(_Message):
    """The answer to ``subscribe``: under ``filter``, what follows continues after ``position``."""

    type: Literal["subscribed"]
    filter: Filter
    position: NonNegativeInt


class Authenticated(_Message):
    """The token is accepted: whose it is, what it allows, and until when."""

    type: Literal["authenticated"]
    subject: str
    role: Role
    customers: list[str] | None
    expires: AwareDatetime | None


class Expiring(_Message):
    """The token ends in so many ``seconds``, and the connection with it unless it is renewed."""

    type: Literal["expiring"]
    seconds: NonNegativeInt


class Pong(_Message):
    """The answer to ``ping``."""

    type: Literal["pong"]
    position: NonNegativeInt


class Error(_Message):
    """A message of the client was not understood; the connection goes on as before."""

    type: Literal["error"]
    code: str
    message: str


class Subscribe(_Message):
    """Replace the connection's filter; with ``after``, resume from that position."""

    type: Literal["subscribe"]
    filter: Filter | None = None
    after: Annotated[int, Field(strict=True, ge=0, le=MAX_POSITION)] | None = None


class Auth(_Message):
    """Say who you are, or renew it: with a token, or a ticket from ``POST /api/tickets``."""

    type: Literal["auth"]
    token: str | None = None
    ticket: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.token is None) == (self.ticket is None):
            raise ValueError("either token or ticket")
        return self


class Ping(_Message):
    """Ask for a ``pong``."""

    type: Literal["ping"]


ServerMessage = Annotated[
    Hello | Authenticated | Expiring | Events | Heartbeat | Reset | Subscribed | Pong | Error,
    Field(discriminator="type"),
]
ClientMessage = Annotated[Auth | Subscribe | Ping, Field(discriminator="type")]

SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)
CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
