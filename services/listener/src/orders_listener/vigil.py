"""When a leader that still holds its lock leads no more. Pure: the caller brings the clock."""

STALLED_S = 3.0
"""A change that waits, or a presence that is missing, for so long: nobody is at work."""


class Vigil:
    """Watches the change that has waited longest and the leader's presence.

    It is the same change that must wait, whatever its age: one from a long transaction is old when
    it commits.
    """

    def __init__(self, now_s: float) -> None:
        self._oldest: int | None = None
        self._oldest_since_s = now_s
        self._present_at_s = now_s

    def stalled(self, now_s: float, oldest: int | None, *, present: bool) -> bool:
        """Take one look and tell whether the leader should be replaced."""
        if oldest != self._oldest:
            self._oldest = oldest
            self._oldest_since_s = now_s
        if present:
            self._present_at_s = now_s
        waits = oldest is not None and now_s - self._oldest_since_s > STALLED_S
        return waits or now_s - self._present_at_s > STALLED_S
