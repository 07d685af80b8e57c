"""Settings of ``orders up`` from ``.env`` and the environment; options override them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from dotenv import dotenv_values
from pydantic import Field, FilePath, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from orders_cli.errors import BadValueError

DOTENV = ".env"

Port = Annotated[int, Field(ge=0, le=65535)]


class StackSettings(BaseSettings):
    """The settings that commands read; port 0 means any free port."""

    model_config = SettingsConfigDict(
        env_file=DOTENV,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    port: Port = 3000
    edge_host: str | None = None
    """Addresses on which the edge listens, separated by spaces. Default: this machine only."""
    public_url: str = ""
    """The address by which people reach the dashboard. Default: the address of the edge."""
    auth_mode: Literal["open", "token"] = "open"
    auth_secret: SecretStr | None = None
    auth_secret_file: Path | None = None
    api_port: Port = 8000
    listener_port: Port = 8001
    ws_port: Port = 8080
    """Port of the first gateway; the other gateways have the next ports."""
    status_column: str = "status"
    customer_column: str = "customer_name"
    title_column: str = "product_name"
    database_url: SecretStr | None = None
    db_host: str | None = None
    db_port: int = 5432
    db_name: str = "orders"
    db_user: str = "orders"
    db_password: SecretStr | None = None
    db_password_file: FilePath | None = None
    redis_url: SecretStr | None = None

    def own_database(self) -> str | None:
        """Return the URL of the database to use instead of the embedded one, if one is set.

        Raises:
            BadValueError: the URL is not valid.

        """
        if self.database_url is not None:
            # Imported here, because commands without a database must not wait for the import.
            from orders_service.database import checked_url, of_the_primary  # noqa: PLC0415

            with _refusing("DATABASE_URL"):
                return of_the_primary(checked_url(self.database_url.get_secret_value()))
        if self.db_host is None:
            return None
        password = self.db_password.get_secret_value() if self.db_password else ""
        if not password and self.db_password_file is not None:
            password = self.db_password_file.read_text(encoding="utf-8").strip()
        user, secret = quote(self.db_user, safe=""), quote(password, safe="")
        host = f"[{self.db_host}]" if ":" in self.db_host else self.db_host
        return f"postgresql://{user}:{secret}@{host}:{self.db_port}/{quote(self.db_name, safe='')}"

    def has_secret(self) -> bool:
        """Return whether tokens are signed and verified with one secret (HS256)."""
        return self.auth_secret is not None or self.auth_secret_file is not None

    def own_redis(self) -> str | None:
        """Return the URL of the Redis to use instead of the embedded Valkey, if one is set.

        Raises:
            BadValueError: the URL is not valid.

        """
        if self.redis_url is None:
            return None
        from orders_service.redis_servers import RedisServers  # noqa: PLC0415  as above

        url = self.redis_url.get_secret_value()
        with _refusing("REDIS_URL"):
            RedisServers.parse(url)
        return url


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    try:
        yield
    except ValueError as exc:
        raise BadValueError(f"setting {name}: {exc}") from None


def load_settings() -> StackSettings:
    """Read the settings.

    Raises:
        BadValueError: a setting is not valid.

    """
    try:
        return StackSettings()
    except ValidationError as exc:
        problems = (f"{error['loc'][0]!s}".upper() + f": {error['msg']}" for error in exc.errors())
        raise BadValueError("bad setting: " + "; ".join(problems)) from exc


def inherited_environment() -> dict[str, str]:
    """Return the environment for the processes: this one's variables, completed by ``.env``."""
    dotenv = {key: value for key, value in dotenv_values(DOTENV).items() if value is not None}
    return dotenv | dict(os.environ)
