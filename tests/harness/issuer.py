"""Somebody else who issues tokens, and serves the public key by which they are known."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from harness.webserver import Answer, served

KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def issued(key: Any, name: str, **claims: Any) -> str:
    """Return a token as the issuer makes it, signed with a key of that name."""
    values: dict[str, Any] = {"sub": "ann", "role": "clerk", "aud": "shop"}
    now = int(time.time())
    values |= {"iss": "https://issuer.example", "iat": now, "exp": now + 600, **claims}
    return jwt.encode(values, key, algorithm="ES256", headers={"kid": name})


def trusting(keys: str) -> dict[str, str]:
    """Return the settings of services that take the issuer's tokens; ``keys`` is its address."""
    return {
        "AUTH_MODE": "token",
        "AUTH_ALGORITHM": "ES256",
        "AUTH_JWKS_URL": keys,
        "AUTH_AUDIENCE": "shop",
        "AUTH_ISSUER": "https://issuer.example",
        "INTERNAL_SECRET": "between gateways and API, of 32 bytes",
    }


@contextmanager
def issuer(host: str) -> Iterator[str]:
    """Serve the public key of ``KEY`` as "1" at an address of this machine; yield the URL."""
    public = {**json.loads(ECAlgorithm.to_jwk(KEY.public_key())), "kid": "1", "use": "sig"}
    keys = Answer(json.dumps({"keys": [public]}).encode())
    with served(lambda _asked: keys, host) as address:
        yield f"http://{address}/keys"
