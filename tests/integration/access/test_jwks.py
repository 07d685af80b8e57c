"""Tokens of another issuer, by its public keys, against the real processes."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from answers import created, problem
from follower import Follower
from pipeline import Pipeline
from processes import LOOPBACK
from tokens import bearer

KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


def signed(key: Any, name: str, **claims: Any) -> str:
    values: dict[str, Any] = {"sub": "ann", "role": "clerk", "aud": "shop"}
    values |= {"iss": "https://issuer.example", "exp": int(time.time()) + 600, **claims}
    return jwt.encode(values, key, algorithm="ES256", headers={"kid": name})


@pytest.fixture
def keys() -> Iterator[str]:
    """Serve the issuer's public key."""
    public = {**json.loads(ECAlgorithm.to_jwk(KEY.public_key())), "kid": "1", "use": "sig"}
    body = json.dumps({"keys": [public]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://{LOOPBACK}:{server.server_port}/keys"
    server.shutdown()
    server.server_close()
    thread.join()


def test_tokens_of_an_issuer(pipeline: Pipeline, keys: str) -> None:
    """API and gateway take its tokens, and no others; gateways still read history from the API."""
    settings = {
        "AUTH_MODE": "token",
        "AUTH_ALGORITHM": "ES256",
        "AUTH_JWKS_URL": keys,
        "AUTH_AUDIENCE": "shop",
        "AUTH_ISSUER": "https://issuer.example",
        "INTERNAL_SECRET": "between gateways and API",
    }
    pipeline.listener().ready()
    api = pipeline.api(**settings)
    url = f"http://{LOOPBACK}:{api.port}"
    gateway = pipeline.gateway(**settings, API_URL=url, RING_MAX_EVENTS="1").ready()
    good = signed(KEY, "1")
    with httpx.Client(base_url=url) as client:
        for bad in (signed(OTHER, "1"), signed(OTHER, "2"), signed(KEY, "1", aud="orders")):
            problem(client.get("/api/orders", headers=bearer(bad)), 401)
        order = {"customer_name": "Ann", "product_name": "Desk"}
        for _ in range(5):
            created(client.post("/api/orders", json=order, headers=bearer(good)))
    with Follower(gateway.ws_url, additional_headers=bearer(good)) as follower:
        follower.until(5)
    with pipeline.valkey.connect() as redis:
        redis.delete("orders:log")
    with Follower(gateway.ws_url, after=0, additional_headers=bearer(good)) as follower:
        assert [event["actor"] for event in follower.until(5)] == ["ann"] * 5
