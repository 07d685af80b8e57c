"""How many changes the listener takes at once. Pure."""

_STEPS = 20


class BatchSize:
    """The size of batches: halved when PostgreSQL does not answer in time, then raised in steps.

    Without this, a batch that cannot be rendered within the timeout would be retried for ever.
    """

    def __init__(self, max_events: int) -> None:
        self._max_events = max_events
        self.events = max_events

    def halve(self) -> None:
        """Take fewer events from now on."""
        self.events = max(1, self.events // 2)

    def grow(self) -> None:
        """Take a few more events, after a batch that was answered in time."""
        step = max(1, self._max_events // _STEPS)
        self.events = min(self._max_events, self.events + step)
