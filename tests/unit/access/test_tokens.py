"""Tokens, above all those that must not count."""

import base64
import hashlib
import hmac
import json
import string
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from orders_access.errors import InvalidTokenError
from orders_access.keys import Key, Secret
from orders_access.tokens import MAX_TOKEN_LENGTH, Verifier, issue

pytestmark = pytest.mark.anyio

SECRET = b"0123456789abcdef0123456789abcdef"
OTHER_SECRET = b"fedcba9876543210fedcba9876543210"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def now() -> int:
    """Return the time, in seconds since 1970: of the test, not of its collection."""
    return int(time.time())


def verifier(key: Key = SECRET, algorithm: str = "HS256") -> Verifier:
    return Verifier(Secret(key), algorithm, "orders", "orders", leeway_s=60)


def claims(**changed: Any) -> dict[str, Any]:
    """Return good claims but for what is changed; None takes a claim out."""
    good = {"sub": "ann", "role": "clerk", "aud": "orders", "iss": "orders"}
    values = {**good, "iat": now(), "exp": now() + 600, "jti": "1", **changed}
    return {name: value for name, value in values.items() if value is not None}


def signed(key: Key = SECRET, algorithm: str = "HS256", **changed: Any) -> str:
    return jwt.encode(claims(**changed), key, algorithm=algorithm)


def handmade(header: dict[str, Any], payload: dict[str, Any], secret: bytes | None) -> str:
    """Return a token as an attacker makes it, without a library that would object."""
    parts = [_encoded(json.dumps(each).encode()) for each in (header, payload)]
    content = ".".join(parts)
    signature = b"" if secret is None else hmac.digest(secret, content.encode(), hashlib.sha256)
    return f"{content}.{_encoded(signature)}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def public_pem(key: Any) -> bytes:
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


async def test_good_token() -> None:
    """A token says whose it is, what it allows, which customers it is for, and until when."""
    principal = await verifier().verify(signed(customers=["Ann", "Bob"]))
    assert principal.subject == "ann"
    assert principal.role == "clerk"
    assert principal.customers == frozenset({"Ann", "Bob"})
    assert now() + 590 <= (principal.expires or 0) <= now() + 600
    assert principal.token_id == "1"


async def test_issued_token_is_accepted() -> None:
    """What ``issue`` makes, ``verify`` takes, and no two are alike."""

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
    assert first.customers == frozenset({"Ann"})
    assert first.token_id != second.token_id


@pytest.mark.parametrize(
    ("key", "algorithm"), [(RSA_KEY, "RS256"), (EC_KEY, "ES256")], ids=["RS256", "ES256"]
)
async def test_public_keys(key: Any, algorithm: str) -> None:
    """A token signed with the private key is checked with the public one."""
    checker = verifier(key.public_key(), algorithm)
    assert (await checker.verify(signed(key, algorithm))).subject == "ann"


def hostile() -> dict[str, str]:
    """Return tokens that must not count, made now: some only for a while."""
    return {
        "nothing": "",
        "no token": "a.b.c",
        "one part": "abc",
        "not base64": "!!.!!.!!",
        "header is no object": f"{_encoded(b'[]')}.{_encoded(b'{}')}.",
        "alg none": handmade({"alg": "none", "typ": "JWT"}, claims(), None),
        "alg None": handmade({"alg": "None"}, claims(), None),
        "alg none, signed all the same": handmade({"alg": "none"}, claims(), SECRET),
        "no alg": handmade({"typ": "JWT"}, claims(), SECRET),
        "alg is a list": handmade({"alg": ["HS256"]}, claims(), SECRET),
        "other alg of the family": jwt.encode(claims(), SECRET * 2, algorithm="HS512"),
        "asymmetric where a secret is expected": signed(RSA_KEY, "RS256"),
        "other secret": signed(OTHER_SECRET),
        "unsigned": handmade({"alg": "HS256"}, claims(), None),
        "expired": signed(exp=now() - 61),
        "expired long ago": signed(exp=0),
        "not valid yet": signed(nbf=now() + 120),
        "issued in the future": signed(iat=now() + 120),
        "other audience": signed(aud="payments"),
        "audiences without ours": signed(aud=["payments", "stock"]),
        "other issuer": signed(iss="mallory"),
        "no exp": signed(exp=None),
        "no aud": signed(aud=None),
        "no iss": signed(iss=None),
        "no sub": signed(sub=None),
        "empty sub": signed(sub=""),
        "sub of control characters": signed(sub="ann\r\nX-Role: admin"),
        "long sub": signed(sub="a" * 201),
        "no role": signed(role=None),
        "unknown role": signed(role="root"),
        "role in capitals": signed(role="ADMIN"),
        "list of roles": signed(role=["admin"]),
        "customers is a text": signed(customers="Ann"),
        "customers is null": handmade({"alg": "HS256"}, {**claims(), "customers": None}, SECRET),
        "customers holds numbers": signed(customers=[1]),
        "customers holds an empty name": signed(customers=[""]),
        "customers holds NUL": signed(customers=["a\x00b"]),
        "customers holds half a surrogate": handmade(
            {"alg": "HS256"}, {**claims(), "customers": ["\ud800"]}, SECRET
        ),
        "too many customers": signed(customers=[str(number) for number in range(101)]),
        "jti is a number": handmade({"alg": "HS256"}, {**claims(), "jti": 7}, SECRET),
        "jti holds NUL": signed(jti="a\x00b"),
        "jti holds half a surrogate": handmade(
            {"alg": "HS256"}, {**claims(), "jti": "\ud800"}, SECRET
        ),
        "exp after the year 9999": signed(exp=10**12),
        "exp beyond any float": handmade({"alg": "HS256"}, {**claims(), "exp": 10**400}, SECRET),
        "iat beyond any float": handmade({"alg": "HS256"}, {**claims(), "iat": -(10**400)}, SECRET),
        "exp is a text": handmade({"alg": "HS256"}, {**claims(), "exp": "tomorrow"}, SECRET),
        "exp is endless": handmade({"alg": "HS256"}, {**claims(), "exp": 1e400}, SECRET),
        "too long": signed(sub="ann", padding="x" * MAX_TOKEN_LENGTH),
        "payload is a list": handmade({"alg": "HS256"}, [], SECRET),  # type: ignore[arg-type]
        "spaces around": f" {signed()} ",
        "not ASCII": signed() + "\u00e9",
        "crit": handmade({"alg": "HS256", "crit": ["exp2"]}, claims(), SECRET),
    }


@pytest.mark.parametrize("name", hostile())
async def test_hostile_token(name: str) -> None:
    """It is refused, in words that hold nothing of it."""
    token = hostile()[name]
    with pytest.raises(InvalidTokenError) as refused:
        await verifier().verify(token)
    assert not [part for part in token.split(".") if len(part) > 8 and part in str(refused.value)]


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_tampered(part: int) -> None:
    """A changed character anywhere is noticed."""
    pieces = signed().split(".")
    for place in range(0, len(pieces[part]), 5):
        changed = list(pieces)
        letter = "A" if pieces[part][place] != "A" else "B"
        changed[part] = pieces[part][:place] + letter + pieces[part][place + 1 :]
        # The last letter of base64 may hold bits that mean nothing.
        if place < len(pieces[part]) - 1:
            with pytest.raises(InvalidTokenError):
                await verifier().verify(".".join(changed))


@pytest.mark.parametrize("key", [RSA_KEY, EC_KEY], ids=["RS256", "ES256"])
async def test_key_confusion(key: Any) -> None:
    """A public key is no secret: a token "signed" with its text is refused."""
    algorithm = "RS256" if key is RSA_KEY else "ES256"
    checker = verifier(key.public_key(), algorithm)
    for claimed in ("HS256", algorithm, "none"):
        token = handmade({"alg": claimed}, claims(), public_pem(key))
        with pytest.raises(InvalidTokenError):
            await checker.verify(token)


async def test_clocks_may_differ() -> None:
    """Up to the leeway a token is accepted after its end and before its beginning."""
    assert await verifier().verify(signed(exp=now() - 30))
    assert await verifier().verify(signed(nbf=now() + 30, iat=now() + 30))


async def test_another_text_of_a_signature_is_the_same_token() -> None:
    """Who pads a token, or changes letters whose bits mean nothing, evades no revocation."""
    token = signed(jti=None)
    letters = string.ascii_letters + string.digits + "-_"
    found = set()
    for text in (token, f"{token}=", f"{token}==", *(token[:-1] + letter for letter in letters)):
        with suppress(InvalidTokenError):
            found.add((await verifier().verify(text)).token_id)
    assert len(found) == 1


async def test_token_without_an_id_has_one() -> None:
    """It can be revoked by its digest, which differs from any other's."""
    first, second = [
        await verifier().verify(signed(jti=None, iat=now() - number)) for number in range(2)
    ]
    assert first.token_id != second.token_id
    assert len(first.token_id) == 64
