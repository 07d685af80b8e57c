"""Settings that several services have, from the environment; secrets also from files."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from orders_service.redis_servers import RedisServers


class ServiceSettings(BaseSettings):
    """The settings of every service. Names end in their unit.

    A secret ``NAME`` may instead be in a file that ``NAME_FILE`` names.
    """

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, given: dict[str, Any]) -> dict[str, Any]:
        return secrets_from_files(given, cls.model_fields)


def _is_redis_url(url: SecretStr) -> SecretStr:
    RedisServers.parse(url.get_secret_value())
    return url


class RedisSettings(ServiceSettings):
    """Where Redis is."""

    redis_url: Annotated[SecretStr, AfterValidator(_is_redis_url)] = SecretStr(
        "redis://localhost:6379/0"
    )
    redis_password: SecretStr = SecretStr("")
    redis_password_file: FilePath | None = None
    redis_sentinel_password: SecretStr = SecretStr("")
    redis_sentinel_password_file: FilePath | None = None
    redis_prefix: str = Field("", pattern=r"^[\w.:-]*(\{[\w.:-]+\})?[\w.:-]*$", max_length=64)
    """The beginning of the names of keys and channels, in place of ``orders``."""

    def redis_servers(self) -> RedisServers:
        """Return the servers of REDIS_URL, with the passwords."""
        return RedisServers.parse(
            with_password(
                self.redis_url.get_secret_value(), self.redis_password.get_secret_value()
            ),
            self.redis_prefix,
            self.redis_sentinel_password.get_secret_value(),
        )


def secrets_from_files(given: dict[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Return the settings; read each secret ``NAME`` that is not given from ``NAME_FILE``.

    ``fields`` are the names of all settings. If there is a ``NAME_FILE`` but no ``NAME`` among
    them, it does not hold a secret.
    """
    found = dict(given)
    for name, file in given.items():
        secret = name.removesuffix("_file")
        if secret != name and secret in fields and file and not found.get(secret):
            # An unreadable file leaves the secret unset; its validation then names both settings.
            with suppress(OSError):
                found[secret] = Path(file).read_text(encoding="utf-8").strip()
    return found


def with_password(url: str, password: str) -> str:
    """Return a URL with a password, unless the password is empty or the URL has one."""
    parts = urlsplit(url)
    if not password or parts.password:
        return url
    user, _, host = parts.netloc.rpartition("@")
    credentials = f"{user.partition(':')[0]}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{credentials}@{host}"))


def refusals(exc: ValidationError) -> Iterator[str]:
    """Yield a sentence for each refused setting, without its value."""
    for error in exc.errors():
        name = "_".join(str(part) for part in error["loc"]).upper()
        message = error["msg"].removeprefix("Value error, ")
        # An error about several settings names them itself.
        yield f"setting {name}: {message}" if name else message
