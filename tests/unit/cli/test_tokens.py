"""``orders token``."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from typer.testing import CliRunner

from orders_access.keys import KeyFile
from orders_access.tokens import Verifier
from orders_cli.app import build
from orders_cli.errors import BadValueError, UnreachableError
from orders_cli.signing_keys import SigningKeys
from orders_cli.stack.data_folder import locked, publish_state
from orders_cli.tokens import parse_ttl

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("MODE", "SECRET", "SECRET_FILE", "JWKS_URL", "JWKS_FILE", "ALGORITHM")
    for name in (f"AUTH_{each}" for each in (*names, "SIGNING_KEY_FILE")):
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


def own(folder: Path, *options: str) -> str:
    """Return a token signed with the key of a named folder."""
    done = CliRunner().invoke(build(), ["token", "--data", str(folder), *options])
    assert done.exit_code == 0, done.exception
    return done.stdout.strip()


def test_key_of_a_named_folder(tmp_path: Path) -> None:
    """The key of a folder signs if the folder is named, and its public keys verify."""
    keys = SigningKeys.in_folder(tmp_path)
    name = keys.load().key_id
    shown = own(tmp_path)
    assert jwt.get_unverified_header(shown) == {"alg": "ES256", "kid": name, "typ": "JWT"}
    checker = Verifier(KeyFile(keys.public, "ES256"), "ES256", "orders", "orders", 60)
    assert asyncio.run(checker.verify(shown)).role == "viewer"


@pytest.mark.parametrize("where", ["a file", "the environment"])
@pytest.mark.parametrize(
    "command", [[], ["rotate-key"], ["retire-key"], ["revoke", "--api", "http://localhost:9", "x"]]
)
def test_token_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, command: list[str]
) -> None:
    """Commands work with the settings of a system in token mode, which do not name its keys."""
    if where == "a file":
        Path(".env").write_text("AUTH_MODE=token\nPUBLISHED_ADDRESS=orders.example\n")
    else:
        monkeypatch.setenv("AUTH_MODE", "token")
    SigningKeys.in_folder(tmp_path).load()
    done = CliRunner().invoke(build(), ["token", *command, "--data", str(tmp_path)])
    if "revoke" in command:
        # It has made a token of its own, and asks the API.
        assert isinstance(done.exception, UnreachableError)
    else:
        assert done.exit_code == 0, done.exception


def test_key_of_another_stack(tmp_path: Path) -> None:
    """Without a running stack the key of the default folder is not used: it may be another's."""
    (tmp_path / ".data").mkdir()
    SigningKeys.in_folder(tmp_path / ".data").load()
    error = fails()
    assert isinstance(error, BadValueError)
    assert "no stack is running on .data" in str(error)


@pytest.mark.parametrize("used", ["AUTH_SECRET", "AUTH_JWKS_URL"])
def test_stack_with_keys_of_its_owner(tmp_path: Path, used: str) -> None:
    """If the running stack verifies tokens with another key, the error names the setting."""
    with locked(tmp_path):
        SigningKeys.in_folder(tmp_path).load()
        publish_state(tmp_path, {"tokens": used})
        assert f"verifies tokens with {used}" in str(fails("--data", str(tmp_path)))


def test_keys_of_containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In containers two settings name the files; the first token makes the keys."""
    monkeypatch.setenv("AUTH_MODE", "token")
    monkeypatch.setenv("AUTH_SIGNING_KEY_FILE", str(tmp_path / "private"))
    monkeypatch.setenv("AUTH_JWKS_FILE", str(tmp_path / "public"))
    done = CliRunner().invoke(build(), ["token"])
    assert done.exit_code == 0, done.exception
    checker = Verifier(KeyFile(tmp_path / "public", "ES256"), "ES256", "orders", "orders", 60)
    assert asyncio.run(checker.verify(done.stdout.strip())).role == "viewer"
    assert "d" not in json.loads((tmp_path / "public").read_text())["keys"][0]


def test_a_token_is_no_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token to revoke is read from stdin: other users of the machine can see arguments."""
    monkeypatch.setenv("AUTH_SECRET", SECRET)
    assert "stdin" in str(fails("revoke", "a.b.c"))


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


def test_keys_of_another_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    """With keys of another issuer no token is made."""
    monkeypatch.setenv("AUTH_JWKS_URL", "https://issuer.example/keys")
    monkeypatch.setenv("AUTH_ALGORITHM", "RS256")
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
