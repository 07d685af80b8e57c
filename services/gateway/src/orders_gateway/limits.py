"""How much a client may say, and how far it may fall behind. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask of a gateway."""

    messages_per_second: float
    messages_burst: int
    conflate_after_events: int
    """So far behind, it gets the newest state of each order instead of every event."""
