"""What the API takes and gives, as types: requests are held to them, OpenAPI shows them."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    model_validator,
)

from orders_access.tokens import MAX_TOKEN_LENGTH
from orders_contract.messages import Event, Order, Role, Status

MAX_BIGINT = 2**63 - 1
MAX_INTEGER = 2**31 - 1
MAX_NAME_LENGTH = 200


def _writable(text: str) -> str:
    """Refuse what PostgreSQL cannot store."""
    if "\x00" in text:
        raise ValueError("must not contain the character U+0000")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must not contain half a surrogate pair")
    return text


def _not_blank(text: str) -> str:
    if text.isspace():
        raise ValueError("must not be blank")
    return text


def _absent() -> Any:
    """Stand in for a field that was not sent; ``model_fields_set`` tells."""


Text = Annotated[str, AfterValidator(_writable)]
ShortText = Annotated[str, Field(max_length=MAX_NAME_LENGTH), AfterValidator(_writable)]
Name = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=MAX_NAME_LENGTH),
    AfterValidator(_writable),
    AfterValidator(_not_blank),
]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_INTEGER)]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewOrder(_Request):
    """An order to create."""

    customer_name: Name
    product_name: Name
    quantity: Quantity = 1
    status: Status = "pending"


class OrderChanges(_Request):
    """New values for some of an order's fields; what is not sent stays as it is."""

    customer_name: Name = Field(default_factory=_absent)
    product_name: Name = Field(default_factory=_absent)
    quantity: Quantity = Field(default_factory=_absent)
    status: Status = Field(default_factory=_absent)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            fields = ", ".join(type(self).model_fields)
            raise ValueError(f"must contain at least one of {fields}")
        return self


class CountQuery(_Request):
    """Which orders to count: every key given must match, any value of a key will do."""

    customer_name: list[Text] = Field([], max_length=100, description="The whole name, exactly.")
    search: ShortText = Field(
        "",
        description="Part of the customer's or product's name, in upper or lower case; or an id.",
    )


class OrderQuery(CountQuery):
    """Which orders: every key given must match, any value of a key will do."""

    status: list[Status] = Field([], max_length=5)
    limit: int = Field(100, ge=1, le=1000)
    cursor: str | None = Field(None, description="`next_cursor` of the page before.")


class EventQuery(_Request):
    """Which events: those after a position."""

    after: int = Field(0, ge=0, le=MAX_BIGINT)
    limit: int = Field(1000, ge=1, le=10_000)


class OrderList(BaseModel):
    """A page of orders, newest first, and the stream's position, read in one snapshot.

    A page ends early when it grows past some 16 MiB; `next_cursor` is null on the last one.
    """

    stream: UUID
    position: NonNegativeInt
    orders: list[Order]
    next_cursor: str | None


class StatusCounts(BaseModel):
    """How many orders there are of each status."""

    pending: NonNegativeInt
    processing: NonNegativeInt
    shipped: NonNegativeInt
    delivered: NonNegativeInt
    cancelled: NonNegativeInt


class OrderCounts(BaseModel):
    """Numbers that are exact at `position`: events after it count on from there.

    `time` is the database's clock, the one that events bear in `changed_at`.
    """

    stream: UUID
    position: NonNegativeInt
    time: AwareDatetime
    counts: StatusCounts


class Pulse(BaseModel):
    """What happened lately, exact at `position`, as `OrderCounts` is.

    `changes` counts the events of each minute since `changes_since`; `orders` the orders that were
    created in each quarter of an hour since `orders_since`. The last minute and the last quarter
    are those in which `time` lies.
    """

    stream: UUID
    position: NonNegativeInt
    time: AwareDatetime
    changes_since: AwareDatetime
    changes: list[NonNegativeInt]
    orders_since: AwareDatetime
    orders: list[NonNegativeInt]


class EventList(BaseModel):
    """Events after a position, oldest first, and the position the stream has reached.

    There is more as long as the last event's position is below `position`. A first event past
    `after` + 1 in the full log means that what came between has been pruned. With a token that is
    restricted to customers only theirs are shown; `last` is how far the page goes, to go on from.
    """

    stream: UUID
    position: NonNegativeInt
    events: list[Event]
    last: NonNegativeInt


class Check(BaseModel):
    """The state of one thing the system stands on."""

    status: Literal["ok", "degraded", "down", "unknown"]


class ListenerCheck(Check):
    """How far what clients were told lags behind what was committed."""

    lag_events: int | None
    lag_seconds: float | None


class GatewayCheck(Check):
    """The gateways that say they live, and the connections and the memory they hold.

    `full` is how many of them take no more clients; `degraded` when that is all of them.
    """

    count: int | None
    connections: int | None
    memory_mb: int | None
    full: int | None


class LimitsCheck(Check):
    """How often somebody was refused who asked for too much, since each process began.

    `requests` of the API process that answers, `connections` of all gateways.
    """

    requests: int
    connections: int | None


class Checks(BaseModel):
    """All checks."""

    database: Check
    redis: Check
    listener: ListenerCheck
    gateways: GatewayCheck
    limits: LimitsCheck


class HealthSummary(BaseModel):
    """All that is said to those who show no token where one is asked for."""

    status: Literal["ok", "degraded", "down"]


class Health(HealthSummary):
    """`ok`, `degraded` (orders are served, live updates may not be) or `down`."""

    checks: Checks


class Me(BaseModel):
    """Who you are to this system. In open mode nobody in particular, who may do everything.

    `customers` is null for those who see everyone's orders, `expires` where nothing expires.
    """

    mode: Literal["open", "token"]
    subject: str
    role: Role
    customers: list[str] | None
    expires: AwareDatetime | None


class Ticket(BaseModel):
    """Good for one connection to `/ws`, for so many seconds."""

    ticket: str
    expires_in: PositiveInt


class Revocation(_Request):
    """What no longer counts: one token, or its id (`jti`), or all that a subject has had so far."""

    token: str | None = Field(None, min_length=1, max_length=MAX_TOKEN_LENGTH)
    token_id: Annotated[ShortText, Field(min_length=1)] | None = None
    subject: Annotated[ShortText, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(each is not None for each in (self.token, self.token_id, self.subject)) != 1:
            raise ValueError("must contain exactly one of token, token_id, subject")
        return self


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it. `order` comes with 412, `errors` with 422."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None
    order: Order | None = None
