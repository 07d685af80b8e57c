"""Tokens that must be refused."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness import signing
from orders_access.keys import Key
from orders_access.tokens import MAX_TOKEN_LENGTH

SECRET = signing.SECRET.encode()
OTHER_SECRET = b"fedcba9876543210fedcba9876543210"
_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def now() -> int:
    """Return the time in seconds since 1970, when the test runs."""
    return int(time.time())


def claims(**changed: Any) -> dict[str, Any]:
    """Return valid claims with some replaced; None removes a claim."""
    good = {"sub": "ann", "role": "clerk", "aud": "orders", "iss": "orders"}
    values = {**good, "iat": now(), "exp": now() + 600, "jti": "1", **changed}
    return {name: value for name, value in values.items() if value is not None}


def signed(key: Key = SECRET, algorithm: str = "HS256", **changed: Any) -> str:
    return jwt.encode(claims(**changed), key, algorithm=algorithm)


def handmade(header: dict[str, Any], payload: dict[str, Any], secret: bytes | None) -> str:
    """Return a token made by hand, because a library would refuse to make it."""
    parts = [_encoded(json.dumps(each).encode()) for each in (header, payload)]
    content = ".".join(parts)
    signature = b"" if secret is None else hmac.digest(secret, content.encode(), hashlib.sha256)
    return f"{content}.{_encoded(signature)}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def hostile() -> dict[str, str]:
    """Return tokens that must be refused, by name. Times in them are relative to now."""
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
        "asymmetric where a secret is expected": signed(_RSA_KEY, "RS256"),
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
        "no iat": signed(iat=None),
        "valid for more than 366 days": signed(iat=now(), exp=now() + 367 * 86_400),
        "valid for more than 366 days, most of them past": signed(
            iat=now() - 300 * 86_400, exp=now() + 67 * 86_400
        ),
        "rows and customers": signed(customers=["Ann"], rows={"store": ["Berlin"]}),
        "rows is a list": signed(rows=["Berlin"]),
        "rows is null": handmade({"alg": "HS256"}, {**claims(), "rows": None}, SECRET),
        "rows restricts nothing": signed(rows={}),
        "rows without a column's name": signed(rows={"": ["Berlin"]}),
        "rows of a column with a long name": signed(rows={"\u00e4" * 32: ["Berlin"]}),
        "rows of too many columns": signed(rows={f"c{each}": ["x"] for each in range(21)}),
        "rows restricts by version": signed(rows={"version": [1]}),
        "rows of one value": signed(rows={"store": "Berlin"}),
        "rows holds null": signed(rows={"store": ["Berlin", None]}),
        "rows holds lists": signed(rows={"store": [["Berlin"]]}),
        "rows mixes numbers and booleans": signed(rows={"open": [1, True]}),
        "rows mixes numbers and texts": signed(rows={"store": [1, "1"]}),
        "rows holds infinity": handmade(
            {"alg": "HS256"}, {**claims(), "rows": {"total": [1e400]}}, SECRET
        ),
        "rows holds NUL": signed(rows={"store": ["a\x00b"]}),
        "rows holds too many values": signed(rows={"total": list(range(101))}),
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


def tampered(token: str, part: int, step: int) -> Iterator[str]:
    """Yield a token with one character of a part changed, at every ``step``-th place.

    The last character is not changed, because in base64 it may have bits without a meaning.
    """
    pieces = token.split(".")
    text = pieces[part]
    for place in range(0, len(text) - 1, step):
        letter = "A" if text[place] != "A" else "B"
        changed = text[:place] + letter + text[place + 1 :]
        yield ".".join([*pieces[:part], changed, *pieces[part + 1 :]])


def confused(public_key: Any, algorithm: str, payload: dict[str, Any], **header: str) -> list[str]:
    """Return tokens signed by HMAC with the text of a public key."""
    pem = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return [
        handmade({"alg": claimed, **header}, payload, pem)
        for claimed in ("HS256", algorithm, "none")
    ]
