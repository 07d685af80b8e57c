"""What can go wrong in the listener."""


class ListenerError(Exception):
    """Base of all the listener's own errors."""


class DatabaseUnavailableError(ListenerError):
    """PostgreSQL cannot be reached, ended the session or refused a command."""


class RedisUnavailableError(ListenerError):
    """Redis cannot be reached, or refused a command."""


class DeposedError(ListenerError):
    """Another listener leads: PostgreSQL ended this one's session without its noticing."""

    def __init__(self) -> None:
        super().__init__("another listener leads")


class RedisForgotError(ListenerError):
    """Redis no longer holds what was published to it: it was flushed, or restarted empty."""

    def __init__(self, published: int) -> None:
        super().__init__(f"Redis no longer holds the head that was published: {published}")
        self.published = published
