"""Results of the database: rows and events as JSON, which the API passes on unparsed (I4)."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from orders_api.cursor import Bookmark
from orders_api.growth import EMPTY, Storage


@dataclass(frozen=True)
class StoredRow:
    """One row: its key, its version, and its JSON as PostgreSQL rendered it, perhaps with children.

    ``version`` is empty if the table has no versions. ``replayed`` is whether an earlier request
    with the same Idempotency-Key created the row.
    """

    key: tuple[str, ...]
    version: str
    json: str
    replayed: bool = False

    @cached_property
    def tag(self) -> str:
        """The tag of this state. The version is not enough: it repeats if an id is used again."""
        digest = hashlib.md5(self.json.encode(errors="surrogateescape"), usedforsecurity=False)
        return f"{self.version}.{digest.hexdigest()[:16]}".removeprefix(".")

    @property
    def etag(self) -> str:
        """The tag in quotes, as the ETag header has it."""
        return f'"{self.tag}"'


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows as a JSON array, and the stream's position when they were read.

    ``end`` is where the page ends, None for the last page.
    """

    stream: str
    position: int
    rows: str
    end: Bookmark | None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events as a JSON array, oldest first, and the stream's position when they were read.

    ``last`` is the position up to which the page covers the log. Under a scope, events before it
    may be left out.
    """

    stream: str
    position: int
    events: str
    last: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many changes wait to be published, and for how long the oldest has waited.

    ``waiting`` changes are in the outbox; ``unpublished`` ones are in the log but not in Redis,
    None if Redis does not answer. ``notifications`` is how full PostgreSQL's NOTIFY queue is, from
    0 to 1. ``triggers_fire`` is False if changes in the API's session make no events.
    """

    waiting: int
    unpublished: int | None
    seconds: float
    notifications: float = 0.0
    triggers_fire: bool = True
    is_standby: bool = False
    storage: Storage = EMPTY

    @property
    def events(self) -> int:
        """The number of changes that are not published yet."""
        return self.waiting + (self.unpublished or 0)
