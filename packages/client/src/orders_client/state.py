"""What a client says about its connection. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Where a client stands; ``waiting`` and ``connecting`` follow each other without end."""

    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class State:
    """A change of state, as it is told to ``on_state``.

    ``reason`` says why a client waits; ``attempts`` counts those that failed in a row.
    """

    phase: Phase
    url: str = ""
    gateway: str | None = None
    position: int | None = None
    reason: str = ""
    retry_in_s: float = 0.0
    attempts: int = 0
