"""The listener's settings, from the environment."""

import os
import socket
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from orders_listener.retention import Retention
from orders_service.database import DatabaseSettings
from orders_service.settings import RedisSettings

# Everything that the listener depends on and that ALTER DATABASE or ALTER ROLE could change.
SESSION = {
    # A batch that clients have seen must survive a crash of the server.
    "synchronous_commit": "on",
    # take_order_events() needs a new snapshot for each statement.
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    # The functions of db/init.sql are written for it.
    "standard_conforming_strings": "on",
    "search_path": "public",
    "TimeZone": "UTC",
    # An error instead of events that a policy hides.
    "row_security": "off",
    # Shorter than the time within which an answer must come.
    "statement_timeout": "4s",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "4s",
    "idle_session_timeout": "0",
    # Without the server's own probes, a dead listener's session would linger for hours.
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "9000",
}
# The observer's session gives up sooner.
OBSERVER_SESSION = {**SESSION, "statement_timeout": "2s", "lock_timeout": "1s"}
# The rows of an attached or detached partition are recorded by one statement.
PARTITIONS_SESSION = {**SESSION, "statement_timeout": "10min"}
CONNECT_TIMEOUT_S = 5


def _retention(given: object) -> object:
    return Retention.parse(given) if isinstance(given, str) else given


class Settings(DatabaseSettings, RedisSettings):
    """Every setting of the listener; names end in their unit."""

    listener_host: str = "127.0.0.1"
    listener_port: int = Field(8001, ge=1, le=65535)
    listener_id: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}", min_length=1
    )
    batch_max_events: int = Field(1000, ge=1, le=100_000)
    retention: Annotated[Retention | None, NoDecode, BeforeValidator(_retention)] = None
    """How much of the log to keep; None keeps everything."""
