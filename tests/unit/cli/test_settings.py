"""Settings that ``orders up`` refuses before it starts anything."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orders_cli.app import build
from orders_cli.errors import BadValueError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres//u:secret@localhost/db"),
        ("DATABASE_URL", "postgresql://u:secret%zz@localhost/db"),
        ("DATABASE_URL", "postgresql://u:secret/a@localhost/db"),
        ("DATABASE_URL", "host=localhost password=secret"),
        ("DATABASE_URL", "postgresql://u:secret@localhost/db?sslmod=require"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://:secret@localhost:port/0"),
        ("REDIS_URL", "redis://:secret/a@localhost/0"),
        ("REDIS_URL", "redis://:secret\uff03@localhost/0"),
        ("REDIS_URL", "redis+sentinel://localhost?sentinel_password=secret"),
        ("REDIS_URL", "redis+sentinel://localhost/shop/0?sentinel_passwort=secret"),
    ],
)
def test_bad_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """One sentence names the setting and repeats no password; nothing is started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    error = CliRunner().invoke(build(), ["up"]).exception
    assert isinstance(error, BadValueError)
    said = str(error)
    assert said.startswith(f"setting {name}: ")
    assert "\n" not in said
    assert "secret" not in said
    assert not (tmp_path / ".data").exists()


def test_bad_argument() -> None:
    """The address that ``orders attach`` takes is not repeated either."""
    address = "postgresql://u:secret%zz@localhost/db"
    error = CliRunner().invoke(build(), ["attach", address]).exception
    assert isinstance(error, BadValueError)
    assert str(error).startswith("the address is not a URL like postgresql://")


def test_unknown_parameter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names a parameter that does not exist."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/db?sslmod=require")
    assert "there is no parameter sslmod" in str(CliRunner().invoke(build(), ["up"]).exception)
