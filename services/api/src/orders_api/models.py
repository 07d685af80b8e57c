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
from orders_contract.messages import MAX_POSITION, Event
from orders_contract.schema import Column

Row = dict[str, Any]
"""A row of a table; OpenAPI describes its columns from the catalog."""


def shown_name(text: str) -> str:
    """Return a name in the form in which it is stored; raise ValueError if it is not allowed."""
    return printable_name(storable(text))


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

    after: int = Field(0, ge=0, le=MAX_POSITION)
    limit: int = Field(1000, ge=1, le=10_000)


class ActivityQuery(RequestModel):
    """Which groups: of events between two positions and times, of some operations, of one actor.

    `since` is the first time, `until` the first one after the last.
    """

    before: int = Field(MAX_POSITION, ge=1, le=MAX_POSITION)
    after: int = Field(0, ge=0, le=MAX_POSITION)
    since: Time | None = None
    until: Time | None = None
    limit: int = Field(50, ge=1, le=100)
    operation: list[Literal["INSERT", "UPDATE", "DELETE", "TRUNCATE"]] = Field([], max_length=4)
    actor: str | None = Field(None, min_length=1, max_length=200)


class BurstQuery(RequestModel):
    """Which events of a group: `first` and `last` are the group's positions."""

    first: int = Field(ge=1, le=MAX_POSITION)
    last: int = Field(ge=1, le=MAX_POSITION)
    before: int = Field(MAX_POSITION, ge=1, le=MAX_POSITION)
    limit: int = Field(50, ge=1, le=100)


class OrderList(BaseModel):
    """A page of orders, and the stream's position, read in one snapshot.

    A page ends early when it grows beyond about 4 MiB; `next_cursor` is null on the last one.
    """

    stream: str
    position: NonNegativeInt
    orders: list[Row]
    next_cursor: str | None


class RowList(BaseModel):
    """A page of rows of a watched table, otherwise as `OrderList`."""

    stream: str
    position: NonNegativeInt
    rows: list[Row]
    next_cursor: str | None


class OrderCounts(Stored):
    """Numbers that are exact at `position`: count on with the events after it.

    `counts` has every choice of the status column, also with 0, and every other status found; ""
    stands for orders without one. `time` is the database's clock, as `changed_at` of events is.
    """

    stream: str
    position: NonNegativeInt
    time: Moment
    counts: dict[str, NonNegativeInt]


class Pulse(Stored):
    """What happened lately, exact at `position`, as `OrderCounts` is.

    `changes` counts the events of each minute since `changes_since`, `recent` those of each second
    of the last minute since `recent_since`; `orders` the orders created in each minute of the last
    25 hours since `orders_since`. `time` lies in the last minute and second.
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
    """Events after a position, oldest first, and the position the stream has reached.

    There is more as long as the last event's position is below `position`. A first event after
    `after` + 1 in the full log means that earlier ones were pruned. A token restricted to some rows
    shows only their events; `last` is how far the page goes, to go on from.
    """

    stream: str
    position: NonNegativeInt
    events: list[Event]
    last: NonNegativeInt


class ActivityGroup(BaseModel):
    """A burst of like changes: one table, operation and actor, the same columns.

    The changes follow each other within two seconds and lie in one minute of the clock. `rows` is
    how many different rows they concern. `columns` are those that an UPDATE changed; null where
    they are large, and under a restricted token, which does not show the actor either. `sample` has
    the events, newest first: all of them if they are few, else the newest; none if they are large.
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
    """Groups of changes, newest first, and the position the stream has reached.

    Earlier groups follow with `before`, which is null at the beginning of the log. A page has about
    as many groups as asked for: it ends where no group is cut, and after 100,000 events, so it may
    have no group that matches although earlier ones do. `log_first` is the oldest position that the
    log still has, `log_since` its time: above 1, earlier events were removed.
    """

    stream: str
    position: NonNegativeInt
    groups: list[ActivityGroup]
    before: PositiveInt | None
    log_first: PositiveInt
    log_since: AwareDatetime | None


class BurstPage(BaseModel):
    """Events of a group, newest first. Earlier ones follow with `before`; null: there are none.

    A page ends after 20,000 events of the log or about 1 MiB, so it may be empty.
    """

    stream: str
    position: NonNegativeInt
    events: list[Event]
    before: PositiveInt | None


class Actor(BaseModel):
    """Who made changes; `changed_at` is the time of the latest one, null where it is not given."""

    name: str
    changed_at: AwareDatetime | None


class ActorList(BaseModel):
    """The actors of the events in the log, at most 500, the latest first.

    A user restricted to some rows sees only themself.
    """

    actors: list[Actor]


class Table(BaseModel):
    """A watched table. `display` names the columns that a dashboard shows in each role.

    `main` is the table whose rows are orders: its name is always `orders`; in the database it is
    `relation` of `schema`.
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
    """The watched tables and their columns. `version` changes whenever one of them does.

    `attached`: the database was there before; it was made live by `orders attach`.
    """

    version: str
    attached: bool
    tables: list[Table]


class Check(BaseModel):
    """The state of one part of the system."""

    status: Literal["ok", "degraded", "down", "unknown"]


class ServerCheck(Check):
    """`reason` names its fault in one sentence; null if no fault is known."""

    reason: str | None = None


class ListenerCheck(Check):
    """The lag of the stream behind the committed changes."""

    lag_events: int | None
    lag_seconds: float | None


class GatewayCheck(Check):
    """The gateways that are present, and the connections and the memory they hold.

    `full` is how many of them accept no more clients; `degraded` when that is all of them.
    """

    count: int | None
    connections: int | None
    memory_mb: int | None
    full: int | None


class LimitsCheck(Check):
    """How many requests and connections were refused by limits since each process began.

    `requests` of the API process that answers, `connections` of all gateways.
    """

    requests: int
    connections: int | None


class Checks(BaseModel):
    """All checks."""

    database: ServerCheck
    redis: ServerCheck
    listener: ListenerCheck
    gateways: GatewayCheck
    storage: ServerCheck
    limits: LimitsCheck


class HealthSummary(BaseModel):
    """The answer to requests without a token where one is needed."""

    status: Literal["ok", "degraded", "down"]


class Health(HealthSummary):
    """`ok`, `degraded` (orders are served, live updates may not be) or `down`."""

    checks: Checks


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """An error (RFC 9457). `order` or `row` comes with 412, `errors` with 422 and some of 409."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None
    order: Row | None = None
    row: Row | None = None


class RowOutcome(BaseModel):
    """The outcome of one row of many: its new `version` (null if it has none), or the `problem`."""

    key: Row
    status: int
    version: int | None = None
    problem: Problem | None = None


class BulkAnswer(BaseModel):
    """The outcomes of the rows, in the order of the request, and how many were written and not."""

    succeeded: NonNegativeInt
    failed: NonNegativeInt
    rows: list[RowOutcome]
