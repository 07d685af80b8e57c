"""Where PostgreSQL is, and how a service connects to it."""

import re
from typing import Annotated

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationInfo, field_validator

from orders_service.settings import ServiceSettings

_SCHEMES = ("postgresql://", "postgres://")
_NO_PASSWORD = SecretStr("")


def of_the_primary(url: str) -> str:
    """Return a database's URL, with ``target_session_attrs=read-write`` if it names several hosts.

    A URL that has ``target_session_attrs`` or cannot be parsed is returned as it is.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return url
    if "," not in str(given.get("host") or "") or "target_session_attrs" in given:
        return url
    return f"{url}{'&' if '?' in url else '?'}target_session_attrs=read-write"


def checked_url(url: str) -> str:
    """Return a database's URL.

    Raises:
        ValueError: the URL is not valid. The message repeats only names of its parameters.

    """
    form = "postgresql://user:password@host:5432/name?sslmode=require"
    try:
        ports = str(conninfo_to_dict(url).get("port") or "")
    except psycopg.ProgrammingError as exc:
        # Other messages repeat parts of the value.
        unknown = re.match(r'invalid URI query parameter: "(\w+)"', str(exc))
        hint = f"; there is no parameter {unknown[1]}" if unknown else ""
        raise ValueError(f"is not a URL like {form}{hint}") from None
    if not url.startswith(_SCHEMES) or not re.fullmatch(r"[0-9,]*", ports):
        raise ValueError(f"is not a URL like {form}")
    return url


def _is_database_url(url: SecretStr) -> SecretStr:
    checked_url(url.get_secret_value())
    return url


class DatabaseSettings(ServiceSettings):
    """Where PostgreSQL is: ``database_url``, or else the settings that begin with ``db_``.

    The URL may have all parameters of libpq, also for TLS. If it has no password, ``db_password``
    is used.
    """

    database_url: Annotated[SecretStr, AfterValidator(_is_database_url)] | None = None
    db_host: str = "localhost"
    db_port: int = Field(5432, ge=1, le=65535)
    db_name: str = "orders"
    db_user: str = "orders"
    db_password: SecretStr = Field(_NO_PASSWORD, validate_default=True)
    db_password_file: FilePath | None = None

    @field_validator("db_password")
    @classmethod
    def _require_password(cls, password: SecretStr, info: ValidationInfo) -> SecretStr:
        if not password.get_secret_value() and info.data.get("database_url") is None:
            raise ValueError("is required, unless DATABASE_URL or DB_PASSWORD_FILE is set")
        return password

    def conninfo(self, service: str, connect_timeout_s: int) -> str:
        """Return the connection string for a service.

        The string contains no session settings, because connection pools refuse them
        (``sessions.prepare`` sets them). Keepalive probes show within about 10 s that the server's
        machine is down.
        """
        return make_conninfo(
            "",
            **self._address(),
            application_name=f"orders-{service}",
            client_encoding="UTF8",
            connect_timeout=connect_timeout_s,
            keepalives_idle=3,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=9000,
        )

    def _address(self) -> dict[str, str | int]:
        password = self.db_password.get_secret_value()
        if self.database_url is None:
            return {
                "host": self.db_host,
                "port": self.db_port,
                "dbname": self.db_name,
                "user": self.db_user,
                "password": password,
            }
        given = conninfo_to_dict(of_the_primary(self.database_url.get_secret_value()))
        address: dict[str, str | int] = {
            "dbname": self.db_name,
            "user": self.db_user,
            **{name: value for name, value in given.items() if value is not None},
        }
        if password:
            address.setdefault("password", password)
        return address
