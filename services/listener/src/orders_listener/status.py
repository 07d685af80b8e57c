"""The state of the listener, for its health page and its session."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from prometheus_client import Histogram

from orders_contract.batches import Batch, Head, newest_change_s
from orders_service import metrics
from orders_service.health import Answer, json_answer

STALE_S = 5.0
"""The listener is down if PostgreSQL or Redis has not answered, or a change waits, this long."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What ``order_schema()`` returns, and the version it contains."""

    version: str
    document: bytes


def _publish_seconds() -> Histogram:
    return metrics.delays(
        "orders_listener_publish_seconds",
        "From a batch's newest change, by PostgreSQL's clock, until Redis has the batch.",
    )


@dataclass(slots=True)
class Status:
    """Facts that the listener's tasks record. Times are seconds of the monotonic clock."""

    listener_id: str
    role: Literal["starting", "standby", "leader"] = "starting"
    leader_since: float | None = None
    published: Head | None = None
    newest: Batch | None = None
    """The newest batch that this process has taken, over all sessions."""
    schema: Schema | None = None
    database_at: float | None = None
    """When PostgreSQL last answered."""
    redis_at: float | None = None
    """When Redis last answered."""
    waiting: int | None = None
    """Outbox id of the oldest change that was seen to wait."""
    waiting_since: float | None = None
    sessions: int = 0
    events: int = 0
    batches: int = 0
    event_bytes: int = 0
    """``events``, ``batches`` and ``event_bytes`` count what this listener has published."""
    pruned: int = 0
    """Events that this listener removed from the log."""
    publish_seconds: Histogram = field(default_factory=_publish_seconds)
    last_error: str | None = None
    started_at: float = field(default_factory=time.monotonic)
    instance: str = field(default_factory=lambda: secrets.token_hex(4))
    """A random text that distinguishes listeners with the same id."""

    @property
    def name(self) -> str:
        """The name of the listener in Redis."""
        return f"{self.listener_id}/{self.instance}"

    def lead(self, now: float) -> None:
        """Record that this listener leads."""
        self.role = "leader"
        self.leader_since = now

    def heard(self, database_at: float, redis_at: float) -> None:
        """Record when PostgreSQL and Redis last answered."""
        self.database_at, self.redis_at = database_at, redis_at

    def note_published(self, batch: Batch) -> None:
        """Record that Redis has a batch."""
        self.published = Head(batch.stream, batch.last)
        self.events += len(batch)
        self.batches += 1
        self.event_bytes += len(batch.events)
        if (changed_s := newest_change_s(batch)) is not None:
            self.publish_seconds.observe(max(0.0, time.time() - changed_s))

    def saw_waiting(self, oldest: int | None, now: float) -> None:
        """Record the oldest change in the outbox."""
        if oldest != self.waiting:
            self.waiting = oldest
            self.waiting_since = None if oldest is None else now

    def end_session(self, error: str | None = None) -> None:
        """Record that the session has ended, and why if that is known."""
        self.role = "starting"
        self.leader_since = self.database_at = self.redis_at = self.schema = None
        self.waiting = self.waiting_since = None
        self.last_error = error or self.last_error

    def healthy(self, now: float) -> bool:
        """Return whether PostgreSQL and Redis answer and, in a leader, changes do not wait."""
        if self.database_at is None or self.redis_at is None:
            return False
        evidence = [self.database_at, self.redis_at]
        if self.waiting_since is not None:
            evidence.append(self.waiting_since)
        return now - min(evidence) < STALE_S

    def page(self) -> Answer:
        """Return the health page."""
        now = time.monotonic()
        return json_answer(200 if self.healthy(now) else 503, self.report(now))

    def report(self, now: float) -> dict[str, Any]:
        """Return the health page's content."""
        return {
            "status": "ok" if self.healthy(now) else "down",
            "listener": self.listener_id,
            "role": self.role,
            "leader_seconds": _age(self.leader_since, now),
            "stream": self.published.stream if self.published else None,
            "position": self.published.position if self.published else None,
            "schema": self.schema.version if self.schema else None,
            "database_age_seconds": _age(self.database_at, now),
            "redis_age_seconds": _age(self.redis_at, now),
            "waiting_seconds": _age(self.waiting_since, now),
            "sessions": self.sessions,
            "last_error": self.last_error,
            "uptime_seconds": _age(self.started_at, now),
        }


def _age(since: float | None, now: float) -> float | None:
    return None if since is None else round(now - since, 3)
