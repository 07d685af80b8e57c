"""``orders token``."""

from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from typer.testing import CliRunner

from orders_cli.app import build
from orders_cli.errors import BadValueError
from orders_cli.tokens import parse_ttl

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("AUTH_MODE", "AUTH_SECRET", "AUTH_SECRET_FILE", "AUTH_JWKS_URL"):
        monkeypatch.delenv(name, raising=False)


def made(*options: str) -> dict[str, object]:
    """Return the claims of the token that is printed."""
    done = CliRunner().invoke(build(), ["token", *options])
    assert done.exit_code == 0, done.exception
    claims: dict[str, object] = jwt.decode(
        done.stdout.strip(), SECRET, algorithms=["HS256"], audience="orders"
    )
    return claims


def fails(*options: str) -> BaseException | None:
    return CliRunner().invoke(build(), ["token", *options]).exception


def test_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token has the requested claims and lifetime."""
    monkeypatch.setenv("AUTH_SECRET", SECRET)
    claims = made("--role", "clerk", "--customer", "Ann", "--customer", "Bob", "--ttl", "90s")
    assert claims["role"] == "clerk"
    assert claims["rows"] == {"customer_name": ["Ann", "Bob"]}
    assert int(str(claims["exp"])) - int(str(claims["iat"])) == 90


def test_without_customers_it_is_for_everyone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --customer and --rows the token is unrestricted."""
    monkeypatch.setenv("AUTH_SECRET", SECRET)
    assert "rows" not in made("--subject", "ann")


def test_secret_of_the_stack(tmp_path: Path) -> None:
    """Without a configured secret, the stack's secret signs."""
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "auth-secret").write_text(SECRET + "\n")
    assert made()["role"] == "viewer"


def test_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is restricted by any column, and by several at once."""
    monkeypatch.setenv("AUTH_SECRET", SECRET)
    claims = made("--rows", "store=Berlin", "--rows", "store=Rome", "--customer", "Ann")
    assert claims["rows"] == {"store": ["Berlin", "Rome"], "customer_name": ["Ann"]}


@pytest.mark.parametrize(
    "options", [["--rows", "store"], ["--role", "root"], ["--ttl", "soon"], ["--subject", ""]]
)
def test_no_such_token(monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    """A token that the services would reject is not made."""
    monkeypatch.setenv("AUTH_SECRET", SECRET)
    assert isinstance(fails(*options), BadValueError)


def test_no_secret() -> None:
    """Without a secret the error names the missing setting."""
    assert "AUTH_SECRET" in str(fails())


def test_keys_of_another_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    """With keys of another issuer no token is made."""
    monkeypatch.setenv("AUTH_JWKS_URL", "https://issuer.example/keys")
    monkeypatch.setenv("AUTH_ALGORITHM", "RS256")
    monkeypatch.setenv("INTERNAL_SECRET", "secret")
    assert "AUTH_JWKS_URL" in str(fails())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("8h", timedelta(hours=8)),
        ("7d", timedelta(days=7)),
    ],
)
def test_parse_ttl(text: str, meant: timedelta) -> None:
    """A lifetime is given in seconds, minutes, hours or days."""
    assert parse_ttl(text) == meant


@pytest.mark.parametrize("text", ["", "8", "h", "0h", "-1h", "1.5h", "8 h", "1w", "9999999d"])
def test_no_parse_ttl(text: str) -> None:
    """Any other lifetime is an error."""
    with pytest.raises(BadValueError):
        parse_ttl(text)
