"""The listener's settings, from the environment."""

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from psycopg.conninfo import make_conninfo
from pydantic import Field, FilePath, RedisDsn, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from orders_contract.addresses import with_password


class Settings(BaseSettings):
    """Every setting of the listener; names end in their unit."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    db_host: str = "localhost"
    db_port: int = Field(5432, ge=1, le=65535)
    db_name: str = "orders"
    db_user: str = "orders"
    db_password: SecretStr
    db_password_file: FilePath | None = None
    """Where the password is read from if it is not given itself."""
    redis_url: RedisDsn = RedisDsn("redis://localhost:6379/0")
    redis_password: SecretStr = SecretStr("")
    redis_password_file: FilePath | None = None
    """Where the password is read from if neither address nor setting has it."""

    listener_host: str = "127.0.0.1"
    listener_port: int = Field(8001, ge=1, le=65535)
    listener_id: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}", min_length=1
    )

    batch_max_events: int = Field(1000, ge=1, le=100_000)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"

    @model_validator(mode="before")
    @classmethod
    def _read_passwords(cls, given: dict[str, Any]) -> dict[str, Any]:
        found = dict(given)
        for name in ("db_password", "redis_password"):
            file = given.get(f"{name}_file")
            if file is not None and name not in given:
                with suppress(OSError):  # then there is no password, and the message says so
                    found[name] = Path(file).read_text(encoding="utf-8").strip()
        return found

    def conninfo(self) -> str:
        """Return the connection string for PostgreSQL.

        Keepalives on both sides let either notice within some 10 s that the other was cut off;
        without the server's, a dead listener's session would linger for hours.
        """
        return make_conninfo(
            host=self.db_host,
            port=self.db_port,
            dbname=self.db_name,
            user=self.db_user,
            password=self.db_password.get_secret_value(),
            application_name="orders-listener",
            connect_timeout=5,
            keepalives_idle=3,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=9000,
            options="-c tcp_keepalives_idle=3 -c tcp_keepalives_interval=2"
            " -c tcp_keepalives_count=3 -c tcp_user_timeout=9000"
            " -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s",
        )

    def redis_address(self) -> str:
        """Return the address of Redis, with the password."""
        return with_password(str(self.redis_url), self.redis_password.get_secret_value())
