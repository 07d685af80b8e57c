"""Decide which kind of connection to open next. Pure: the caller passes the time."""

from real_time_orders.kinds import Kind

FIRST_S, CEILING_S = 60.0, 3600.0


class Fallback:
    """Chooses the transport: server-sent events if WebSockets are blocked; WebSocket again later.

    If ``only`` is given, it is always used.
    """

    def __init__(self, only: Kind | None = None) -> None:
        self._only = only
        self._next = Kind.WEBSOCKET if only is None else only
        self._websocket_at_s: float | None = None
        """When WebSocket is tried again; None while it is the kind in use."""
        self._pause_s = FIRST_S

    def kind(self, now_s: float) -> Kind:
        """Return the kind of the next connection."""
        if self.is_over(now_s):
            self._next, self._websocket_at_s = Kind.WEBSOCKET, None
        return self._next

    def is_over(self, now_s: float) -> bool:
        """Return whether it is time to try WebSocket again instead of server-sent events."""
        return self._websocket_at_s is not None and now_s >= self._websocket_at_s

    def other(self, kind: Kind) -> Kind | None:
        """Return the kind to try if this one is blocked; None if only one kind is allowed."""
        if self._only is not None:
            return None
        return Kind.EVENTS if kind is Kind.WEBSOCKET else Kind.WEBSOCKET

    def silent(self, kind: Kind) -> None:
        """Record that a connection opened, but the stream never began."""
        self._websocket_at_s = None
        self._next = self.other(kind) or kind

    def works(self, kind: Kind, now_s: float) -> None:
        """Record that the stream began."""
        if self._only is not None:
            return
        self._next = kind
        if kind is Kind.WEBSOCKET:
            self._websocket_at_s, self._pause_s = None, FIRST_S
        elif self._websocket_at_s is None:
            self._websocket_at_s = now_s + self._pause_s
            self._pause_s = min(CEILING_S, 2 * self._pause_s)
