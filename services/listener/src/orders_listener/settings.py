"""The listener's settings, from the environment."""

import os
import socket

from pydantic import Field

from orders_service.database import DatabaseSettings
from orders_service.settings import RedisSettings

_SESSION_SETTINGS = {
    # Without the server's own probes, a dead listener's session would linger for hours.
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "9000",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "30s",
}


class Settings(DatabaseSettings, RedisSettings):
    """Every setting of the listener; names end in their unit."""

    listener_host: str = "127.0.0.1"
    listener_port: int = Field(8001, ge=1, le=65535)
    listener_id: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}", min_length=1
    )
    batch_max_events: int = Field(1000, ge=1, le=100_000)

    def session_conninfo(self) -> str:
        """Return the connection string for the listener's session of PostgreSQL."""
        return self.conninfo("listener", 5, _SESSION_SETTINGS)
