"""Decide whether changes come so fast that the listener should stay awake. Pure."""

from collections import deque

WINDOW_S = 0.05
BUSY_EVENTS = 10
"""Changes come fast if there are this many within WINDOW_S, which is 200 a second. Below this rate
one notification per change costs the listener less than polling, and writers seldom wait for
NOTIFY's lock."""


class Pace:
    """Counts the events of the last WINDOW_S seconds."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, int]] = deque()
        self._events = 0

    def note(self, events: int, now_s: float) -> None:
        """Record how many events were found."""
        if events:
            self._recent.append((now_s, events))
            self._events += events

    def is_busy(self, now_s: float) -> bool:
        """Return whether the listener should poll, so that writers need not notify."""
        while self._recent and now_s - self._recent[0][0] > WINDOW_S:
            self._events -= self._recent.popleft()[1]
        return self._events >= BUSY_EVENTS
