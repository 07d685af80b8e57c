"""An external issuer of tokens that serves its public key (JWKS)."""

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
    """Return a token of the issuer, signed with the key of this name."""
    values: dict[str, Any] = {"sub": "ann", "role": "clerk", "aud": "shop"}
    now = int(time.time())
    values |= {"iss": "https://issuer.example", "iat": now, "exp": now + 600, **claims}
    return jwt.encode(values, key, algorithm="ES256", headers={"kid": name})


def trusting(keys: str) -> dict[str, str]:
    """Return settings of services that accept the issuer's tokens; ``keys`` is its address."""
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
    """Serve the public key of ``KEY`` under the name "1"; yield its URL."""
    public = {**json.loads(ECAlgorithm.to_jwk(KEY.public_key())), "kid": "1", "use": "sig"}
    keys = Answer(json.dumps({"keys": [public]}).encode())
    with served(lambda _asked: keys, host) as address:
        yield f"http://{address}/keys"
