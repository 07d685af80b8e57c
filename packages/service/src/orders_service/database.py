"""Where PostgreSQL is, and how a service connects to it."""

from collections.abc import Mapping

from psycopg.conninfo import make_conninfo
from pydantic import Field, FilePath, SecretStr

from orders_service.settings import ServiceSettings


class DatabaseSettings(ServiceSettings):
    """Where PostgreSQL is."""

    db_host: str = "localhost"
    db_port: int = Field(5432, ge=1, le=65535)
    db_name: str = "orders"
    db_user: str = "orders"
    db_password: SecretStr
    db_password_file: FilePath | None = None

    def conninfo(
        self, service: str, connect_timeout_s: int, session_settings: Mapping[str, str]
    ) -> str:
        """Return the connection string for a service, whose sessions have these settings.

        Keepalive probes reveal within about 10 s that the server's machine is gone.
        """
        return make_conninfo(
            host=self.db_host,
            port=self.db_port,
            dbname=self.db_name,
            user=self.db_user,
            password=self.db_password.get_secret_value(),
            application_name=f"orders-{service}",
            client_encoding="UTF8",
            connect_timeout=connect_timeout_s,
            keepalives_idle=3,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=9000,
            options=" ".join(f"-c {name}={value}" for name, value in session_settings.items()),
        )
