"""Tokens that are accepted, and above all tokens that must not be."""

import json
import string
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.forgeries import SECRET, claims, confused, hostile, now, signed, tampered
from orders_access.errors import InvalidTokenError
from orders_access.keys import Key, Secret
from orders_access.principal import Principal
from orders_access.tokens import Verifier, issue

pytestmark = pytest.mark.anyio

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def verifier(key: Key = SECRET, algorithm: str = "HS256") -> Verifier:
    return Verifier(Secret(key), algorithm, "orders", "orders", leeway_s=60)


async def test_good_token() -> None:
    """A token names its subject, role, restriction and end."""
    principal = await verifier().verify(signed(customers=["Ann", "Bob"]))
    assert principal.subject == "ann"
    assert principal.role == "clerk"
    assert principal.rows == {"customer_name": frozenset({"Ann", "Bob"})}
    assert now() + 590 <= (principal.expires or 0) <= now() + 600
    assert principal.token_id == "1"


async def test_issued_token_is_accepted() -> None:
    """An issued token is accepted, and each has its own id."""

    def made() -> str:
        return issue(
            SECRET,
            "HS256",
            {"sub": "ann", "role": "viewer", "customers": ["Ann"]},
            ttl=timedelta(hours=8),
            audience="orders",
            issuer="orders",
        )

    first, second = [await verifier().verify(made()) for _ in range(2)]
    assert first.rows == {"customer_name": frozenset({"Ann"})}
    assert first.token_id != second.token_id


@pytest.mark.parametrize(
    ("key", "algorithm"), [(RSA_KEY, "RS256"), (EC_KEY, "ES256")], ids=["RS256", "ES256"]
)
async def test_public_keys(key: Any, algorithm: str) -> None:
    """A token signed with a private key is verified with the public key."""
    checker = verifier(key.public_key(), algorithm)
    assert (await checker.verify(signed(key, algorithm))).subject == "ann"


@pytest.mark.parametrize("name", hostile())
async def test_hostile_token(name: str) -> None:
    """A hostile token is refused, and the message quotes nothing of it."""
    token = hostile()[name]
    with pytest.raises(InvalidTokenError) as refused:
        await verifier().verify(token)
    assert not [part for part in token.split(".") if len(part) > 8 and part in str(refused.value)]


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_tampered(part: int) -> None:
    """A token with any character changed is refused."""
    for changed in tampered(signed(), part, step=5):
        with pytest.raises(InvalidTokenError):
            await verifier().verify(changed)


@pytest.mark.parametrize("key", [RSA_KEY, EC_KEY], ids=["RS256", "ES256"])
async def test_key_confusion(key: Any) -> None:
    """A token signed with the text of a public key as the secret is refused."""
    algorithm = "RS256" if key is RSA_KEY else "ES256"
    checker = verifier(key.public_key(), algorithm)
    for token in confused(key.public_key(), algorithm, claims()):
        with pytest.raises(InvalidTokenError):
            await checker.verify(token)


async def test_clocks_may_differ() -> None:
    """Within the leeway a token is accepted after its end and before its start."""
    assert await verifier().verify(signed(exp=now() - 30))
    assert await verifier().verify(signed(nbf=now() + 30, iat=now() + 30))


async def test_another_text_of_a_signature_is_the_same_token() -> None:
    """Padding and unused bits of a token do not change its id, so it stays revoked."""
    token = signed(jti=None)
    letters = string.ascii_letters + string.digits + "-_"
    found = set()
    for text in (token, f"{token}=", f"{token}==", *(token[:-1] + letter for letter in letters)):
        with suppress(InvalidTokenError):
            found.add((await verifier().verify(text)).token_id)
    assert len(found) == 1


async def test_token_without_an_id_has_one() -> None:
    """A token without a jti has an id of its own."""
    first, second = [
        await verifier().verify(signed(jti=None, iat=now() - number)) for number in range(2)
    ]
    assert first.token_id != second.token_id
    assert len(first.token_id) == 64


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"store": ["Berlin", "Rome"]}, {"store": {"Berlin", "Rome"}}),
        ({"store": []}, {"store": set()}),
        ({"total": [1, 2.5], "open": [True]}, {"total": {1, 2.5}, "open": {True}}),
        ({"id": [10**400]}, {"id": {10**400}}),
    ],
)
async def test_rows(rows: Any, expected: Any) -> None:
    """A token may be restricted by the values of any columns."""
    principal = await verifier().verify(signed(rows=rows))
    assert principal.rows == expected
    assert Principal.from_json(json.loads(json.dumps(principal.to_json()))) == principal


async def test_customers_is_short_for_the_customer_column() -> None:
    """A setting names the column that ``customers`` restricts."""
    checker = Verifier(Secret(SECRET), "HS256", "orders", "orders", 60, customer_column="buyer")
    assert (await checker.verify(signed(customers=["Ann"]))).rows == {"buyer": frozenset({"Ann"})}


async def test_a_token_of_a_year_is_accepted() -> None:
    """A token may live 366 days."""
    issued = now() - 300 * 86_400
    assert await verifier().verify(signed(iat=issued, exp=issued + 366 * 86_400))
