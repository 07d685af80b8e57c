"""Settings of ``orders up`` from ``.env`` and the environment; options override them."""

import os
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from orders_cli.errors import BadValueError

DOTENV = ".env"

Port = Annotated[int, Field(ge=0, le=65535)]


class StackSettings(BaseSettings):
    """Addresses and ports of the processes; port 0 means any free one."""

    model_config = SettingsConfigDict(
        env_file=DOTENV,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    port: Port = 3000
    edge_host: str | None = None
    """Addresses the edge listens on, space separated. Default: this machine only."""
    auth_mode: Literal["open", "token"] = "open"
    api_port: Port = 8000
    listener_port: Port = 8001
    ws_port: Port = 8080
    """Port of the first gateway; the others follow it."""
    status_column: str = "status"
    customer_column: str = "customer_name"
    title_column: str = "product_name"


def load_settings() -> StackSettings:
    """Read the settings.

    Raises:
        BadValueError: one of them is invalid.

    """
    try:
        return StackSettings()
    except ValidationError as exc:
        problems = (f"{error['loc'][0]!s}".upper() + f": {error['msg']}" for error in exc.errors())
        raise BadValueError("bad setting: " + "; ".join(problems)) from exc


def inherited_environment() -> dict[str, str]:
    """Return the environment of the processes; variables override ``.env``."""
    dotenv = {key: value for key, value in dotenv_values(DOTENV).items() if value is not None}
    return dotenv | dict(os.environ)
