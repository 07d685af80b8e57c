"""Which settings are refused, and with which message."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.refusals import refusal
from orders_access.keys import Secret
from orders_access.settings import AccessSettings
from orders_service.settings import refusals

SECRET = "0123456789abcdef0123456789abcdef"


class Settings(AccessSettings):
    """The settings of a service."""

    host: str = "127.0.0.1"

    @property
    def listens_on(self) -> str:
        return self.host


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_open_on_the_loopback(host: str) -> None:
    """Open mode on the loopback needs no setting."""
    assert Settings(host=host).is_open


@pytest.mark.parametrize(
    ("host", "published"),
    [
        ("0.0.0.0", ""),
        ("::", ""),
        ("192.168.1.7", ""),
        ("orders.example", ""),
        ("0.0.0.0", "0.0.0.0"),
        ("127.0.0.1", "127.0.0.1 192.168.1.7"),
        ("127.0.0.1", "::"),
    ],
)
def test_open_to_others_is_refused(host: str, published: str) -> None:
    """Open mode on other addresses is refused with a sentence that says what to set."""
    with pytest.raises(ValidationError) as refused:
        Settings(host=host, published_address=published)
    (sentence,) = refusals(refused.value)
    assert sentence.startswith("AUTH_MODE=open")
    assert "set AUTH_MODE=token" in sentence


def test_container_behind_a_local_edge() -> None:
    """A container in open mode may listen everywhere if its edge is published on the loopback."""
    assert Settings(host="0.0.0.0", published_address="127.0.0.1 ::1").is_open


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "AUTH_JWKS_FILE"),
        ({"auth_jwks_file": "/keys"}, "INTERNAL_SECRET"),
        ({"auth_secret": "short"}, "AUTH_SECRET"),
        ({"auth_secret": SECRET, "auth_algorithm": "RS256"}, "AUTH_SECRET is for HS256"),
        ({"auth_jwks_url": "https://issuer.example/keys"}, "AUTH_ALGORITHM"),
        (
            {"auth_jwks_url": "https://issuer.example/keys", "auth_algorithm": "ES256"},
            "INTERNAL_SECRET",
        ),
        ({"auth_secret": SECRET, "internal_secret": "x"}, "INTERNAL_SECRET .* 32 bytes"),
    ],
)
def test_token_mode_without_a_key(given: dict[str, str], said: str) -> None:
    """Token mode without a usable key is refused, and the message names the setting."""
    with pytest.raises(ValidationError, match=said):
        Settings(auth_mode="token", **given)  # type: ignore[arg-type]  # parsed


def test_keys_decide_the_algorithm() -> None:
    """A secret means HS256, public keys mean ES256; a secret is never mixed with public keys."""
    keys = {"auth_jwks_file": "/keys", "internal_secret": SECRET}
    assert Settings(auth_mode="token", **keys).verifier().algorithm == "ES256"  # type: ignore[arg-type]
    both = Settings(auth_mode="token", auth_secret=SECRET, **keys)  # type: ignore[arg-type]
    assert both.verifier().algorithm == "HS256"
    assert isinstance(both.verifier().keys, Secret)


def test_secret_from_a_file(tmp_path: Path) -> None:
    """The secret may be in a file and is never printed."""
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    settings = Settings(auth_mode="token", auth_secret_file=file, host="0.0.0.0")
    assert SECRET not in repr(settings)
    assert settings.internal_token() not in ("", SECRET)


def test_gateways_and_api_agree() -> None:
    """API and gateways derive the same internal token, or use INTERNAL_SECRET."""
    first, second = (Settings(auth_mode="token", auth_secret=SECRET) for _ in range(2))
    assert first.internal_token() == second.internal_token()
    own = Settings(auth_mode="token", auth_secret=SECRET, internal_secret=SECRET[::-1])
    assert own.internal_token() == SECRET[::-1]
    assert Settings().internal_token() == ""


@pytest.mark.parametrize(
    ("module", "host"), [("orders_api", "API_HOST"), ("orders_gateway", "WS_HOST")]
)
def test_service_refuses_to_start(module: str, host: str) -> None:
    """The process exits with status 2 and one sentence."""
    refused = refusal(module, {"DB_PASSWORD": "secret", host: "0.0.0.0"})
    assert (refused.returncode, refused.stdout) == (2, "")
    (line,) = refused.stderr.splitlines()
    assert "AUTH_MODE=token" in line
