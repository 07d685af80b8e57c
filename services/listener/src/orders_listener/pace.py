"""How fast changes come, and whether it is worth staying awake for them. Pure."""

from collections import deque

WINDOW_S = 0.05
BUSY_EVENTS = 10
"""So many events within the window, 200 a second, and more looks than bells would be rung for:
below, a bell for each costs the listener less than looking, and writers seldom meet at its lock."""


class Pace:
    """Remembers what came within the last WINDOW_S seconds."""

    def __init__(self) -> None:
        self._came: deque[tuple[float, int]] = deque()
        self._events = 0

    def note(self, events: int, now_s: float) -> None:
        """Take down how many events a look has found."""
        if events:
            self._came.append((now_s, events))
            self._events += events

    def is_busy(self, now_s: float) -> bool:
        """Whether writers should rather be silent, and the listener look by itself."""
        while self._came and now_s - self._came[0][0] > WINDOW_S:
            self._events -= self._came.popleft()[1]
        return self._events >= BUSY_EVENTS
