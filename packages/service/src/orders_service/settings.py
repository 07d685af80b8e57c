"""Settings that several services have, from the environment; secrets also from files."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import FilePath, RedisDsn, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


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


class RedisSettings(ServiceSettings):
    """Where Redis is."""

    redis_url: RedisDsn = RedisDsn("redis://localhost:6379/0")
    redis_password: SecretStr = SecretStr("")
    redis_password_file: FilePath | None = None

    def redis_address(self) -> str:
        """Return the URL of Redis, with the password."""
        return with_password(str(self.redis_url), self.redis_password.get_secret_value())


def secrets_from_files(given: dict[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Return settings with each secret that is not given itself read from the file named for it.

    ``fields`` are the names of all settings: ``NAME_FILE`` without ``NAME`` is a file by itself.
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
        yield f"setting {name}: {error['msg']}" if name else message
