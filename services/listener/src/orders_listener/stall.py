"""Decide whether a leader that still holds its lock has stopped working. Pure."""

STALLED_S = 3.0
"""A leader stalls if a change stays in the outbox, or its presence is missing, for this long."""


class StallDetector:
    """Watches the oldest change in the outbox and the leader's presence in Redis.

    A leader stalls only if the same change waits for all of STALLED_S. The age of the change does
    not count, because a change of a long transaction is old when it commits. A leader whose
    presence changes is working, even if a change waits: it may be sending history to Redis.
    """

    def __init__(self, now_s: float) -> None:
        self._oldest: int | None = None
        self._presence: str | None = None
        self._same_since_s = now_s
        self._present_at_s = now_s

    def stalled(self, now_s: float, oldest: int | None, presence: str | None) -> bool:
        """Record an observation; return whether the leader should be replaced.

        ``oldest`` is the outbox id of the change that has waited longest; ``presence`` is what the
        leader last wrote to Redis, or None if that has expired.
        """
        if oldest != self._oldest or presence != self._presence:
            self._oldest, self._presence = oldest, presence
            self._same_since_s = now_s
        if presence is not None:
            self._present_at_s = now_s
        waits = oldest is not None and now_s - self._same_since_s > STALLED_S
        return waits or now_s - self._present_at_s > STALLED_S
