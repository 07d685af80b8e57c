"""Answers of an OpenID provider that must not be believed, and of one that is ill."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import jwt
import pytest
from jwt.algorithms import ECAlgorithm
from pydantic import SecretStr

from harness.forgeries import confused
from harness.issuer import KEY, OTHER
from harness.webserver import Answer, Request, served
from orders_api.company_settings import CompanySettings
from orders_api.errors import ProviderAwayError, ProviderRefusesError
from orders_api.login import Login
from orders_api.provider import Granted, Provider

SECRET = "of the provider, 32 bytes or more"
LOGIN = Login.begin("s" * 43, "/", time.time())
EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Hostile:
    """A provider whose answers a test chooses."""

    def __init__(self) -> None:
        self.key: Any = KEY
        self.description: dict[str, Any] = {}
        self.token: Callable[[], Answer] = lambda: self.granted(self.id_token())
        self.person: dict[str, Any] = {"sub": "u1", "groups": ["all"]}
        self.asked: list[str] = []
        self.issuer = ""

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": "orders",
            "sub": "u1",
            "nonce": LOGIN.nonce,
        }
        claims |= {"iat": now, "exp": now + 300, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def id_token(self, key: Any = KEY, algorithm: str = "ES256", **changes: Any) -> str:
        return jwt.encode(self.claims(**changes), key, algorithm, headers={"kid": "1"})

    def granted(self, id_token: str | None) -> Answer:
        values: dict[str, Any] = {"access_token": "a", "token_type": "Bearer", "expires_in": 300}
        values |= {"refresh_token": "r", "id_token": id_token}
        return _json({name: value for name, value in values.items() if value is not None})

    def answer(self, asked: Request) -> Answer:
        self.asked.append(asked.path)
        match asked.path:
            case "/.well-known/openid-configuration":
                return _json(self.description)
            case "/keys":
                public = json.loads(ECAlgorithm.to_jwk(self.key.public_key()))
                return _json({"keys": [{**public, "kid": "1", "use": "sig"}]})
            case "/token":
                return self.token()
            case _:
                return _json(self.person)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(value).encode(), status=status)


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with _provider() as started:
        yield started


@contextmanager
def _provider() -> Iterator[Hostile]:
    started = Hostile()
    with served(started.answer) as address:
        started.issuer = f"http://{address}"
        started.description = {
            "issuer": started.issuer,
            "authorization_endpoint": f"{started.issuer}/authorize",
            "token_endpoint": f"{started.issuer}/token",
            "userinfo_endpoint": f"{started.issuer}/person",
            "jwks_uri": f"{started.issuer}/keys",
            "id_token_signing_alg_values_supported": ["ES256"],
        }
        yield started


@asynccontextmanager
async def known(hostile: Hostile) -> AsyncIterator[Provider]:
    """Give the provider as the API knows it."""
    settings = CompanySettings(
        oidc_issuer=hostile.issuer,
        oidc_client_id="orders",
        oidc_client_secret=SecretStr(SECRET),
        oidc_rules='[{"when": {}, "role": "viewer"}]',
        oidc_algorithm="ES256",
    )
    provider = Provider(settings, "http://localhost:3000", 60)
    try:
        yield provider
    finally:
        await provider.close()


def redeem(hostile: Hostile, issuer: str | None = None) -> Granted:
    """Redeem a code."""

    async def ask() -> Granted:
        async with known(hostile) as provider:
            return await provider.redeem(LOGIN, "code", issuer)

    return asyncio.run(ask())


def test_right_answer(hostile: Hostile) -> None:
    """The claims are those of the ID token and of userinfo."""
    granted = redeem(hostile, hostile.issuer)
    assert granted.claims is not None
    assert (granted.claims["groups"], granted.claims["nonce"]) == (["all"], LOGIN.nonce)
    assert (granted.refresh_token, granted.lasts_s) == ("r", 300)
    assert "secret" not in repr(granted)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": OTHER},
        {"key": SECRET, "algorithm": "HS256"},
        {"key": None, "algorithm": "none"},
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": ["orders", "another client"]},
        {"aud": ["orders", "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"sub": "u2"},
        {"exp": 1},
        {"exp": None},
        {"iat": 4_102_444_800},
        {"at_hash": "x" * 22},
    ],
)
def test_forged_id_token(hostile: Hostile, changes: dict[str, Any]) -> None:
    """An ID token of another key, issuer, client, attempt, person or time is refused."""
    hostile.token = lambda: hostile.granted(hostile.id_token(**changes))
    with pytest.raises(ProviderRefusesError):
        redeem(hostile)


def test_confused_keys(hostile: Hostile) -> None:
    """An ID token that is signed with the text of the public key is refused."""
    for forged in confused(KEY.public_key(), "ES256", hostile.claims(), kid="1"):
        hostile.token = lambda forged=forged: hostile.granted(forged)  # type: ignore[misc]
        with pytest.raises(ProviderRefusesError):
            redeem(hostile)


def test_no_id_token(hostile: Hostile) -> None:
    """Without an ID token nobody is signed in, even if userinfo names a person."""
    hostile.token = lambda: hostile.granted(None)
    with pytest.raises(ProviderRefusesError):
        redeem(hostile)


@pytest.mark.parametrize("issuer", ["https://evil.example", ""])
def test_mixed_up(hostile: Hostile, issuer: str) -> None:
    """Mix-up: a code that another issuer says to have given is sent to nobody."""
    with pytest.raises(ProviderRefusesError):
        redeem(hostile, issuer)
    assert "/token" not in hostile.asked


def test_issuer_has_to_be_named(hostile: Hostile) -> None:
    """A provider that says that it names itself in each answer must do so."""
    hostile.description["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(ProviderRefusesError):
        redeem(hostile)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": "http://evil.example/me"},
        {"id_token_signing_alg_values_supported": ["RS256"]},
        {"authorization_endpoint": 7},
    ],
)
def test_bad_description(hostile: Hostile, changes: dict[str, Any]) -> None:
    """A description of another issuer, without HTTPS or without what is needed, is not used."""
    hostile.description |= changes
    with pytest.raises(ProviderAwayError):
        redeem(hostile)
    assert "/token" not in hostile.asked


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_json({"error": "invalid_grant"}, 400), ProviderRefusesError),
        (_json({"error": "invalid_client"}, 401), ProviderAwayError),
        (_json({"error": "temporarily_unavailable"}, 400), ProviderAwayError),
        (_json({}, 503), ProviderAwayError),
        (_json({}), ProviderAwayError),
        (_json([]), ProviderAwayError),
        (Answer(b"<html>"), ProviderAwayError),
        (Answer(b"[" * 100_000), ProviderAwayError),
        (Answer(b"\xff\xfe"), ProviderAwayError),
    ],
)
def test_errors_are_told_apart(hostile: Hostile, answer: Answer, error: type[Exception]) -> None:
    """Only an answer about the person is a refusal; everything else may pass."""
    hostile.token = lambda: answer
    with pytest.raises(error):
        redeem(hostile)


@pytest.mark.parametrize("person", [[], {}, {"sub": "u2"}, {"sub": None}, "x"])
def test_userinfo_of_another_person(hostile: Hostile, person: Any) -> None:
    """Userinfo counts only if it is of the person whom the ID token names."""
    hostile.person = person
    with pytest.raises((ProviderRefusesError, ProviderAwayError)):
        redeem(hostile)


@pytest.mark.parametrize(
    "changes",
    [
        {"events": None},
        {"events": {}},
        {"events": [EVENT], "nonce": "x"},
        {"sub": None},
        {"aud": "another client"},
        {"exp": 1},
        {"key": OTHER},
        {"jti": None},
        {},
    ],
)
def test_forged_logout_token(hostile: Hostile, changes: dict[str, Any]) -> None:
    """Only a logout token of the provider ends a session: an ID token does not."""
    values = {"events": {EVENT: {}}, "jti": "1", "nonce": None, **changes}
    shown = hostile.id_token(**(values if changes else {}))

    async def ask() -> None:
        async with known(hostile) as provider:
            await provider.signed_out(shown)

    with pytest.raises(ProviderRefusesError):
        asyncio.run(ask())
