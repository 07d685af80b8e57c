"""What the listener knows about itself, for ``/health``."""

import time
from dataclasses import dataclass, field
from typing import Any, Literal

from orders_contract.batches import Head

STALE_S = 5.0
"""A listener that has not reached both PostgreSQL and Redis for so long is not well."""


@dataclass(slots=True)
class Status:
    """Facts that the relay notes and the health page shows. Times are monotonic seconds."""

    listener_id: str
    role: Literal["starting", "standby", "leader"] = "starting"
    leader_since: float | None = None
    published: Head | None = None
    well_at: float | None = None
    sessions: int = 0
    last_error: str | None = None
    started_at: float = field(default_factory=time.monotonic)

    def lead(self, now: float) -> None:
        """Note that this listener leads."""
        self.role = "leader"
        self.leader_since = now

    def step_down(self) -> None:
        """Note that it leads no more."""
        self.role = "starting"
        self.leader_since = self.well_at = None

    def lose(self, error: str | None) -> None:
        """Note that its session is over, and why."""
        self.step_down()
        self.last_error = error

    def healthy(self, now: float) -> bool:
        """Tell whether it does its work: as leader publishing, as standby watching."""
        return self.well_at is not None and now - self.well_at < STALE_S

    def page(self) -> tuple[int, dict[str, Any]]:
        """Return the health page's status code and content."""
        now = time.monotonic()
        return (200 if self.healthy(now) else 503), self.report(now)

    def report(self, now: float) -> dict[str, Any]:
        """Return the health page's content."""
        return {
            "status": "ok" if self.healthy(now) else "down",
            "listener": self.listener_id,
            "role": self.role,
            "leader_seconds": _age(self.leader_since, now),
            "stream": self.published.stream if self.published else None,
            "position": self.published.position if self.published else None,
            "well_age_seconds": _age(self.well_at, now),
            "sessions": self.sessions,
            "last_error": self.last_error,
            "uptime_seconds": _age(self.started_at, now),
        }


def _age(since: float | None, now: float) -> float | None:
    return None if since is None else round(now - since, 3)
