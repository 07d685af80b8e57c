"""The listener's errors."""


class ListenerError(Exception):
    """Base of the listener's errors. Each ends the session; the listener then starts a new one."""


class DatabaseUnavailableError(ListenerError):
    """PostgreSQL cannot be reached, ended the connection, or refused a statement."""


class NoAnswerError(DatabaseUnavailableError):
    """PostgreSQL did not answer in time, or cancelled a statement that took too long."""


class SharedSessionError(ListenerError):
    """A connection pooler shares this session with other clients, so no notification arrives.

    A new session would be shared as well, so the listener exits.
    """

    def __init__(self) -> None:
        super().__init__(
            "a connection pooler in transaction mode is in front of PostgreSQL; notifications do "
            "not pass it: connect the listener to PostgreSQL itself, or to a pool in session mode"
        )


class RedisUnavailableError(ListenerError):
    """Redis cannot be reached, or refused a command."""


class RedisFullError(RedisUnavailableError):
    """Redis has reached its memory limit."""


class DeposedError(ListenerError):
    """Another listener leads: PostgreSQL ended this listener's session, and it did not notice."""

    def __init__(self) -> None:
        super().__init__("another listener leads")


class RedisForgotError(ListenerError):
    """Redis lost the published events: it was flushed, or restarted empty."""

    def __init__(self, position: int) -> None:
        super().__init__(f"Redis no longer holds the published position {position}")
        self.position = position


class DatabaseReplacedError(ListenerError):
    """The log does not continue the batches of this session: a backup was restored meanwhile.

    A new session finds out what was lost, and has no outbox ids of the replaced database.
    """

    def __init__(self) -> None:
        super().__init__("the database was replaced: its log is not the one published from")


class SupersededError(ListenerError):
    """A standby of this server was promoted, and another listener publishes from it."""

    def __init__(self, origin: str, published: str) -> None:
        super().__init__(
            f"a standby of this PostgreSQL ({origin}) was promoted ({published}): stop the one at "
            "this address, or connect to the new primary"
        )
