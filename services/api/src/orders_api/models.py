"""Types of requests and responses other than rows, for validation and for OpenAPI."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from psycopg.rows import TupleRow
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PlainSerializer,
    PositiveInt,
)

from orders_access.names import printable_name
from orders_api.columns import storable
from orders_api.errors import codes
from orders_api.field_errors import TEXTS, Message
from orders_contract.messages import MAX_POSITION, Event
from orders_contract.schema import Column

Row = dict[str, Any]
"""A row of a table; OpenAPI describes its columns from the catalog."""


def shown_name(text: str) -> str:
    """Return a name in the form in which it is stored; raise ValueError if it is not allowed."""
    try:
        return printable_name(storable(text))
    except ValueError as exc:
        raise ValueError(Message(str(exc), "name_not_allowed")) from None


def _written_out(value: object) -> object:
    """Return the value; raise ValueError for seconds since 1970, which pydantic would accept."""
    if isinstance(value, str) and not re.match(r"\d{4,}-", value):
        raise ValueError("must be a time such as 2026-12-24T08:00:00Z")
    return value


Time = Annotated[AwareDatetime, BeforeValidator(_written_out)]
Moment = Annotated[AwareDatetime, PlainSerializer(datetime.isoformat, when_used="json")]
"""A time in the form that rows and events have in JSON: with ``+00:00``, not ``Z``."""


class RequestModel(BaseModel):
    """What a client sends; an unknown member is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Stored(BaseModel):
    """What a statement selects, column by column in the order of the fields."""

    @classmethod
    def of(cls, row: TupleRow) -> Self:
        """Return the model of a row that a statement selected."""
        return cls(**dict(zip(cls.model_fields, row, strict=True)))


class EventQuery(RequestModel):
    """Which events: those after a position."""

    after: int = Field(0, ge=0, le=MAX_POSITION, description="Only events after this position.")
    limit: int = Field(1000, ge=1, le=10_000)


class ActivityQuery(RequestModel):
    """Which groups: of events between two positions and times, of some operations, of one actor."""

    before: int = Field(
        MAX_POSITION, ge=1, le=MAX_POSITION, description="Only events before this position."
    )
    after: int = Field(0, ge=0, le=MAX_POSITION, description="Only events after this position.")
    since: Time | None = Field(None, description="Only events at this time or later.")
    until: Time | None = Field(None, description="Only events before this time.")
    limit: int = Field(50, ge=1, le=100, description="About how many groups to return.")
    operation: list[Literal["INSERT", "UPDATE", "DELETE", "TRUNCATE"]] = Field(
        [], max_length=4, description="Only events of these operations. Default: all."
    )
    actor: str | None = Field(
        None, min_length=1, max_length=200, description="Only events of this actor."
    )


class BurstQuery(RequestModel):
    """Which events of a group: `first` and `last` are the group's positions."""

    first: int = Field(ge=1, le=MAX_POSITION, description="`first` of the group.")
    last: int = Field(ge=1, le=MAX_POSITION, description="`last` of the group.")
    before: int = Field(
        MAX_POSITION, ge=1, le=MAX_POSITION, description="`before` of the previous page."
    )
    limit: int = Field(50, ge=1, le=100)


class OrderList(BaseModel):
    """A page of orders, and the position of the stream, read in one snapshot.

    A page ends early when it exceeds about 4 MiB. `next_cursor` is null on the last page.
    """

    stream: str
    position: NonNegativeInt
    orders: list[Row]
    next_cursor: str | None


class RowList(BaseModel):
    """A page of rows of a watched table; otherwise the same as `OrderList`."""

    stream: str
    position: NonNegativeInt
    rows: list[Row]
    next_cursor: str | None


class OrderCounts(Stored):
    """The number of rows by status, exact at `position`; later events change the numbers.

    `counts` has every choice of the status column, even if no row has it, and every other status
    that a row has; "" stands for rows without a status. `time` is the database's clock, which
    `changed_at` of events also uses.
    """

    stream: str
    position: NonNegativeInt
    time: Moment
    counts: dict[str, NonNegativeInt]


class Pulse(Stored):
    """The numbers of recent changes and new orders, exact at `position`, as in `OrderCounts`.

    `changes` has the number of events in each minute since `changes_since`; `recent` in each second
    since `recent_since`, a minute ago; `orders` the number of orders created in each minute since
    `orders_since`, 25 hours ago. The last number of each list is for the minute or second of
    `time`.
    """

    stream: str
    position: NonNegativeInt
    time: Moment
    changes_since: Moment
    changes: list[NonNegativeInt]
    recent_since: Moment
    recent: list[NonNegativeInt]
    orders_since: Moment
    orders: list[NonNegativeInt]


class EventList(BaseModel):
    """Events after a position, oldest first; `position` is the newest position of the stream.

    Send `last` as `after` to get the next page; if `last` equals `after`, there are no more events.
    With a token that is restricted to some rows, only their events are returned, and `last` may be
    after the last event. In the whole log, a first event after `after` + 1 means that earlier
    events were pruned.
    """

    stream: str
    position: NonNegativeInt
    events: list[Event]
    last: NonNegativeInt


class ActivityGroup(BaseModel):
    """A burst of similar changes: the same table, operation, actor and changed columns.

    Each change comes less than two seconds after the one before, within one minute of the clock.
    `events` is the number of changes, `rows` the number of different rows. `columns` are the
    columns that an UPDATE changed; null for other operations, and if the old values are large. With
    a token that is restricted to some rows, `columns` and `actor` are null. `sample` has the newest
    events, newest first: all of a small group, none if they are large.
    """

    table: str
    operation: Literal["INSERT", "UPDATE", "DELETE", "TRUNCATE"]
    actor: str | None
    columns: list[str] | None
    events: PositiveInt
    rows: PositiveInt
    first: PositiveInt
    last: PositiveInt
    began_at: AwareDatetime
    ended_at: AwareDatetime
    sample: list[Event]


class ActivityPage(BaseModel):
    """Groups of changes, newest first; `position` is the newest position of the stream.

    Send `before` to get earlier groups; null means that there are none. A page ends where no group
    is cut, so it has only about `limit` groups. At most 100,000 events are examined for a page
    (20,000 of one actor), so it may be empty although earlier groups match. `log_first` is the
    oldest position that the log still has, and `log_since` the time of this event; if `log_first`
    is above 1, earlier events were removed.
    """

    stream: str
    position: NonNegativeInt
    groups: list[ActivityGroup]
    before: PositiveInt | None
    log_first: PositiveInt
    log_since: AwareDatetime | None


class BurstPage(BaseModel):
    """Events of a group, newest first. Send `before` to get earlier ones; null if there are none.

    At most 20,000 events of the log are examined for a page, so it may be empty. A page has at most
    about 1 MiB.
    """

    stream: str
    position: NonNegativeInt
    events: list[Event]
    before: PositiveInt | None


class Actor(BaseModel):
    """A name under which changes were made. `changed_at` is the time of the latest, or null."""

    name: str
    changed_at: AwareDatetime | None


class ActorList(BaseModel):
    """The actors of the events in the log, at most 500, the most recent first.

    A user restricted to some rows gets only their own name, without a time.
    """

    actors: list[Actor]


class Table(BaseModel):
    """A watched table. `key` has the columns of the primary key, `parent` the order of a row.

    `main` marks the table of orders. Its `name` is always `orders`; `schema` and `relation` are its
    schema and name in the database. `display` names the columns that a dashboard shows as status,
    customer, title and quantity.
    """

    name: str
    schema_: str = Field(alias="schema")
    relation: str
    main: bool
    key: list[str]
    parent: dict[str, str] | None
    columns: list[Column]
    display: dict[str, str | None]


class TablesSchema(BaseModel):
    """The watched tables and their columns. `version` changes whenever a table or column does.

    `attached` is true if the tables existed before and `orders attach` made them live.
    """

    version: str
    attached: bool
    tables: list[Table]


class Check(BaseModel):
    """The state of one part of the system."""

    status: Literal["ok", "degraded", "down", "unknown"]


class ServerCheck(Check):
    """The state of a server. `reason` names its fault in one sentence; null if none is known."""

    reason: str | None = None


class ListenerCheck(Check):
    """How far the stream is behind the committed changes."""

    lag_events: int | None
    lag_seconds: float | None


class GatewayCheck(Check):
    """The number of running gateways, and their connections and memory together.

    `full` is the number of gateways that accept no more clients; if all are full, `status` is
    `degraded`.
    """

    count: int | None
    connections: int | None
    memory_mb: int | None
    full: int | None


class LimitsCheck(Check):
    """How many requests and connections limits have refused since each process began.

    `requests` counts in the API process that answers, `connections` in all gateways together.
    """

    requests: int
    connections: int | None


class Checks(BaseModel):
    """The state of each part of the system."""

    database: ServerCheck
    redis: ServerCheck
    listener: ListenerCheck
    gateways: GatewayCheck
    storage: ServerCheck
    limits: LimitsCheck


class HealthSummary(BaseModel):
    """The state of the system, for requests without the token that is required."""

    status: Literal["ok", "degraded", "down"]


class Health(HealthSummary):
    """The state: `ok`, `degraded` (orders are served, live updates may not be) or `down`."""

    checks: Checks


class FieldError(BaseModel):
    """What is wrong with one field. The values in the message are further members."""

    model_config = ConfigDict(extra="allow")

    field: str
    message: str
    code: str = Field(description="The kind of message; more may be added.", examples=[*TEXTS])


class Problem(BaseModel):
    """An error (RFC 9457). `errors` names fields, with 422 and some 409.

    With 412, `order` or `row` has the present row. Values in the detail are further members.
    """

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="The kind of error; more may be added.", examples=sorted(codes()))
    errors: list[FieldError] | None = None
    order: Row | None = None
    row: Row | None = None


class RowOutcome(BaseModel):
    """The outcome of one row: its new `version` (null if the table has none), or the `problem`.

    `status` is the status that a request for this row alone would get.
    """

    key: Row
    status: int
    version: int | None = None
    problem: Problem | None = None


class BulkAnswer(BaseModel):
    """The outcome of each row, in the order of the request, and how many succeeded and failed."""

    succeeded: NonNegativeInt
    failed: NonNegativeInt
    rows: list[RowOutcome]
