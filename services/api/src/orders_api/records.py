"""What the database hands over: rows and events rendered as JSON, passed on unopened (I4)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """One order; ``json`` is PostgreSQL's rendering of the row."""

    id: int
    version: int
    json: str

    @property
    def etag(self) -> str:
        """The entity tag of this version."""
        return f'"{self.version}"'


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Some orders, newest first, and where the stream stood when they were read.

    ``last_id`` is the id after which the next page begins, None where there is none.
    """

    stream: UUID
    position: int
    orders: str
    last_id: int | None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, oldest first, and where the stream stood when they were read.

    ``last`` is how far the page covers the log: under a scope it holds fewer events than it covers.
    """

    stream: UUID
    position: int
    events: str
    last: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Orders by status, where the stream stood, and what the database's clock said."""

    stream: UUID
    position: int
    time: str
    counts: str


@dataclass(frozen=True, slots=True)
class RecentPast:
    """Events of each minute and new orders of each quarter of an hour, since when, and up to when.

    ``changes`` and ``orders`` are JSON arrays.
    """

    changes_since: datetime
    orders_since: datetime
    stream: UUID
    position: int
    time: str
    changes: str
    orders: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far the stream has come, and how much waits to be published."""

    events: int
    seconds: float
