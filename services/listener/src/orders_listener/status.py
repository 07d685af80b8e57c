"""What the listener knows about itself, for ``/health``."""

import time
from dataclasses import dataclass, field
from typing import Any

from orders_contract.batches import Head

BEAT_STALE_S = 5.0
"""A relay that has not reached Redis for so long is not well."""


@dataclass(slots=True)
class Status:
    """Facts that the relay notes and the health page shows. Times are monotonic seconds."""

    listener_id: str
    published: Head | None = None
    beat_at: float | None = None
    sessions: int = 0
    last_error: str | None = None
    started_at: float = field(default_factory=time.monotonic)

    def healthy(self, now: float) -> bool:
        """Tell whether changes reach Redis now."""
        return self.beat_at is not None and now - self.beat_at < BEAT_STALE_S

    def report(self, now: float) -> dict[str, Any]:
        """Return the health page's content."""
        return {
            "status": "ok" if self.healthy(now) else "down",
            "listener": self.listener_id,
            "stream": self.published.stream if self.published else None,
            "position": self.published.position if self.published else None,
            "beat_age_seconds": None if self.beat_at is None else round(now - self.beat_at, 3),
            "sessions": self.sessions,
            "last_error": self.last_error,
            "uptime_seconds": round(now - self.started_at, 3),
        }
