"""An issuer's public keys and their rotation."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from harness.webserver import Answer, Request, served
from orders_access import keys
from orders_access.errors import InvalidTokenError, KeysUnavailableError
from orders_access.keys import KeySet
from orders_access.principal import Principal
from orders_access.tokens import Verifier

pytestmark = pytest.mark.anyio

OLD, NEW = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


class Issuer:
    """Serves keys and counts the requests."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.asked = 0
        self.status = 200
        self.url = ""
        self.answers = threading.Event()
        self.answers.set()
        self.called = threading.Event()
        """Set when a request arrives while no request is answered."""

    def answer(self, _asked: Request) -> Answer:
        self.asked += 1
        if not self.answers.is_set():
            self.called.set()
            self.answers.wait(10)
        return Answer(json.dumps({"keys": self.keys}).encode(), self.status)

    def serve(self, **named: Any) -> None:
        """Serve these keys from now on."""
        self.keys = [
            {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": name, "use": "sig"}
            for name, key in named.items()
        ]


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    with served(issuer.answer) as address:
        issuer.url = f"http://{address}/keys"
        yield issuer


def token(key: Any, name: str | None) -> str:
    now = int(time.time())
    claims = {"sub": "ann", "role": "viewer", "aud": "orders", "iss": "orders", "iat": now}
    headers = {} if name is None else {"kid": name}
    return jwt.encode({**claims, "exp": now + 600}, key, algorithm="RS256", headers=headers)


def checker(issuer: Issuer, clock: Clock) -> Verifier:
    return Verifier(KeySet(issuer.url, "RS256", clock), "RS256", "orders", "orders", 60)


async def test_fetched_once(issuer: Issuer) -> None:
    """Keys are fetched once for many tokens."""
    issuer.serve(old=OLD)
    verifier = checker(issuer, Clock())
    for name in ("old", "old", None):
        assert (await verifier.verify(token(OLD, name))).subject == "ann"
    assert issuer.asked == 1


async def test_new_key_counts_at_once(issuer: Issuer) -> None:
    """A token of a new key is accepted: an unknown key id causes a fetch."""
    clock = Clock()
    issuer.serve(old=OLD)
    verifier = checker(issuer, clock)
    await verifier.verify(token(OLD, "old"))
    issuer.serve(old=OLD, new=NEW)
    clock.now_s += keys.COOLDOWN_S
    assert await verifier.verify(token(NEW, "new"))
    assert issuer.asked == 2


async def test_removed_key_counts_no_longer(issuer: Issuer) -> None:
    """After the next fetch, withdrawn keys are refused."""
    clock = Clock()
    issuer.serve(old=OLD)
    verifier = checker(issuer, clock)
    await verifier.verify(token(OLD, "old"))
    issuer.serve(new=NEW)
    clock.now_s += keys.LIFETIME_S + 1
    with pytest.raises(InvalidTokenError):
        await verifier.verify(token(OLD, "old"))


async def test_holders_of_withdrawn_keys(issuer: Issuer) -> None:
    """Holders of a withdrawn key are no longer accepted; those of a key not fetched yet are."""
    clock = Clock()
    issuer.serve(old=OLD)
    verifier = checker(issuer, clock)
    assert verifier.still_accepts(Principal("ann", "viewer", key_id="old"))
    holder = await verifier.verify(token(OLD, "old"))
    issuer.serve(new=NEW)
    clock.now_s += keys.LIFETIME_S + 1
    with pytest.raises(InvalidTokenError):
        await verifier.verify(token(OLD, "old"))
    assert not verifier.still_accepts(holder)
    assert verifier.still_accepts(Principal("ann", "viewer", key_id="newer"))
    issuer.serve(old=OLD)
    clock.now_s += keys.LIFETIME_S + 1
    await verifier.verify(token(OLD, "old"))
    assert verifier.still_accepts(holder)


async def test_unknown_key_ids_do_not_flood_the_issuer(issuer: Issuer) -> None:
    """Unknown key ids do not flood the issuer: one fetch per cool-down."""
    issuer.serve(old=OLD)
    verifier = checker(issuer, Clock())
    await verifier.verify(token(OLD, "old"))
    for number in range(50):
        with pytest.raises(InvalidTokenError):
            await verifier.verify(token(NEW, f"made up {number}"))
    assert issuer.asked == 1


async def test_known_keys_outlive_their_issuer_for_a_while(issuer: Issuer) -> None:
    """Known keys are valid for an hour while the issuer fails; then every token is refused."""
    clock = Clock()
    issuer.serve(old=OLD)
    verifier = checker(issuer, clock)
    await verifier.verify(token(OLD, "old"))
    issuer.status = 500
    clock.now_s += keys.LIFETIME_S + 1
    assert await verifier.verify(token(OLD, "old"))
    clock.now_s += keys.STALE_S
    with pytest.raises(KeysUnavailableError):
        await verifier.verify(token(OLD, "old"))


async def test_tokens_are_refused_until_keys_are_fetched(issuer: Issuer) -> None:
    """Before the first fetch succeeds, tokens are neither accepted nor called invalid."""
    issuer.status = 500
    with pytest.raises(KeysUnavailableError):
        await checker(issuer, Clock()).verify(token(OLD, "old"))


async def test_symmetric_key_in_the_set(issuer: Issuer) -> None:
    """A symmetric key in a public set verifies no token."""
    issuer.serve(old=OLD)
    issuer.keys.append({"kty": "oct", "kid": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"})
    with pytest.raises(InvalidTokenError):
        await checker(issuer, Clock()).verify(token(OLD, "oct"))


async def test_an_issuer_that_hangs_delays_no_known_key(issuer: Issuer) -> None:
    """Tokens whose keys are known are verified while the issuer leaves a request unanswered."""
    clock = Clock()
    issuer.serve(old=OLD)
    verifier = checker(issuer, clock)
    await verifier.verify(token(OLD, "old"))
    issuer.status = 500
    clock.now_s += keys.LIFETIME_S + 1
    await verifier.verify(token(OLD, "old"))
    issuer.answers.clear()
    clock.now_s += keys.COOLDOWN_S
    unknown = asyncio.create_task(verifier.verify(token(NEW, "new")))
    await asyncio.wait_for(asyncio.to_thread(issuer.called.wait), 10)
    assert await verifier.verify(token(OLD, "old"))
    assert not unknown.done()
    issuer.answers.set()
    with pytest.raises(InvalidTokenError):
        await unknown


async def test_an_issuer_that_drips_delays_no_known_key(
    issuer: Issuer,
) -> None:
    """An issuer that sends a byte now and then delays known keys for a bounded time, once."""
    clock = Clock()
    issuer.serve(old=OLD)
    verifier = checker(issuer, clock)
    await verifier.verify(token(OLD, "old"))
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_drip, args=(server, stop))
        thread.start()
        assert isinstance(verifier.keys, KeySet)
        verifier.keys._url = f"http://127.0.0.1:{server.getsockname()[1]}/keys"
        clock.now_s += keys.LIFETIME_S + 1
        try:
            async with asyncio.timeout(10):
                assert await verifier.verify(token(OLD, "old"))
            async with asyncio.timeout(1.5):
                assert await verifier.verify(token(OLD, "old"))
            with pytest.raises(KeysUnavailableError):
                await verifier.verify(token(NEW, "new"))
        finally:
            stop.set()
            await asyncio.to_thread(thread.join)


def _drip(server: socket.socket, stop: threading.Event) -> None:
    """Answer one request with a byte every 50 ms."""
    connection, _ = server.accept()
    with connection, contextlib.suppress(OSError):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not stop.wait(0.05):
            connection.sendall(b" ")
