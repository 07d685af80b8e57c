"""The API's settings, from the environment."""

from typing import Literal

from psycopg.conninfo import make_conninfo
from pydantic import Field, FilePath, PositiveInt, RedisDsn, SecretStr

from orders_access.settings import AccessSettings
from orders_contract.addresses import with_password

STATEMENT_TIMEOUT_S = 10


class Settings(AccessSettings):
    """Every setting of the API; names end in their unit."""

    db_host: str = "localhost"
    db_port: int = Field(5432, ge=1, le=65535)
    db_name: str = "orders"
    db_user: str = "orders"
    db_password: SecretStr
    db_password_file: FilePath | None = None
    """Where the password is read from if it is not given itself."""
    db_pool_connections: PositiveInt = 10
    redis_url: RedisDsn = RedisDsn("redis://localhost:6379/0")
    redis_password: SecretStr = SecretStr("")
    redis_password_file: FilePath | None = None
    """Where the password is read from if neither address nor setting has it."""

    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=1, le=65535)
    api_workers: int = Field(1, ge=1, le=64)

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"

    @property
    def listens_on(self) -> str:
        """The address the API listens on."""
        return self.api_host

    def conninfo(self) -> str:
        """Return the connection string for PostgreSQL.

        PostgreSQL renders the rows, so the session's time zone is the zone of every time we serve.
        """
        return make_conninfo(
            host=self.db_host,
            port=self.db_port,
            dbname=self.db_name,
            user=self.db_user,
            password=self.db_password.get_secret_value(),
            application_name="orders-api",
            client_encoding="UTF8",
            connect_timeout=3,
            keepalives_idle=3,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=9000,
            options=f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_S}s"
            " -c idle_in_transaction_session_timeout=15s",
        )

    def redis_address(self) -> str:
        """Return the address of Redis, with the password."""
        return with_password(str(self.redis_url), self.redis_password.get_secret_value())
