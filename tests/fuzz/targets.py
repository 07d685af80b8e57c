"""The targets of fuzzing: each passes arbitrary bytes to a parser and checks what it promises.

The fuzzer generates the bytes; the tests run every seed through each target.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from pydantic import TypeAdapter

from orders_access.credentials import of_handshake
from orders_access.errors import InvalidTokenError
from orders_access.keys import Secret
from orders_access.origins import host_is_ours, origin_is_ours
from orders_access.principal import Principal
from orders_access.tokens import Verifier
from orders_contract.matching import FilterError, Scope, Selection, View, view
from orders_contract.messages import (
    CLIENT_MESSAGE,
    MAX_POSITION,
    SERVER_MESSAGE,
    Auth,
    ServerMessage,
    Subscribe,
)
from orders_gateway import protocol
from orders_gateway.errors import BadRequestError, ProtocolError

SECRET = b"the secret of tests: 32 bytes or more"
INSERTED = {
    "operation": "INSERT",
    "order": {"id": 7, "customer_name": "Ann", "status": "pending"},
    "changed": None,
}
IN_2100 = 4_102_444_800
"""Seconds since 1970, the same in every process, so that tokens are the same, too."""

MAX_ANSWER_BYTES = 2_000
"""Maximum length of an error, whatever the input."""


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


HEADER = _encoded(b'{"alg":"HS256","typ":"JWT"}')
_VERIFIER = Verifier(Secret(SECRET), "HS256", "orders", "orders", leeway_s=60)
_SERVER: TypeAdapter[ServerMessage] = SERVER_MESSAGE


@dataclass(frozen=True)
class Target:
    """A function that takes bytes, and its seeds."""

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    """Inputs that the fuzzer would need long to find."""


def message(data: bytes) -> None:
    """Parse a client's message: one of the contract, or a short error."""
    try:
        text = data.decode()  # the library refuses other bytes than UTF-8
    except UnicodeDecodeError:
        return
    try:
        said = protocol.parse_message(text)
    except ProtocolError as exc:
        answer = protocol.error(exc.code, exc.message)
        _SERVER.validate_json(answer)
        assert len(answer) < MAX_ANSWER_BYTES
        return
    assert CLIENT_MESSAGE.validate_json(said.model_dump_json()) == said
    if isinstance(said, Subscribe):
        _subscribe(said)
    if isinstance(said, Auth):
        shown = protocol.credential_of(said)
        assert shown.text not in repr(shown) or len(shown.text) < len(repr(shown))


def _subscribe(said: Subscribe) -> None:
    """Check that the answer fits the contract, and that no filter widens a scope."""
    _SERVER.validate_json(protocol.subscribed(said.wanted, said.after or 0))
    for names in ((), ("Bob",)):
        with suppress(FilterError):
            scoped = Selection.parse(said.wanted, scope=Scope({"customer_name": names}))
            assert view(INSERTED, scoped) is View.HIDDEN


def request(data: bytes) -> None:
    """Parse a request target: a position to resume from, or refused."""
    try:
        resume = protocol.parse_request(data.decode("latin-1"))
    except BadRequestError:
        return
    assert resume.after is None or 0 <= resume.after <= MAX_POSITION


def token(data: bytes) -> None:
    """Accept only signed tokens, and each with the claims that were signed.

    The text of a signature can be changed without changing its meaning. That must not yield
    another token, which the revocation of the first would not cover.
    """
    text = data.decode("latin-1")
    with suppress(InvalidTokenError):
        assert _principal(text) == _principal(SIGNED)


def claims(data: bytes) -> None:
    """Read a signed payload: refused with a message, or a principal that can be stored."""
    try:
        principal = _principal(signed(data))
    except InvalidTokenError as exc:
        str(exc).encode()
        return
    kept = json.dumps(principal.to_json()).encode()  # as a ticket in Redis
    assert Principal.from_json(json.loads(kept)) == principal
    assert "\0" not in principal.token_id + principal.subject  # PostgreSQL stores both
    (principal.token_id + principal.subject).encode()
    _SERVER.validate_json(protocol.authenticated(principal))


def headers(data: bytes) -> None:
    """No header raises an unexpected error, and no foreign origin is accepted."""
    lines = (data.decode("latin-1").split("\n") + [""] * 3)[:3]
    authorization, host, offered = lines
    of_handshake(authorization, offered.split(","))
    host_is_ours(host)
    assert not origin_is_ours(f"https://{host}.evil.example", host, "")


def _principal(text: str) -> Principal:
    """Verify without an event loop; with a secret there is nothing to wait for."""
    try:
        _VERIFIER.verify(text).send(None)
    except StopIteration as done:
        found: Principal = done.value
        return found
    raise AssertionError("it waits for something")


def signed(payload: bytes) -> str:
    """Return a token for any payload."""
    content = f"{HEADER}.{_encoded(payload)}"
    return f"{content}.{_encoded(hmac.digest(SECRET, content.encode(), hashlib.sha256))}"


def _claims(**more: object) -> bytes:
    good = {"sub": "ann", "role": "clerk", "aud": "orders", "iss": "orders"}
    return json.dumps({**good, "exp": IN_2100, **more}).encode()


SIGNED = signed(_claims())

TARGETS = {
    "message": Target(
        message,
        (
            b'{"type":"ping"}',
            b'{"type":"subscribe","filter":{"status":["pending"],"order_id":[7]},"after":5}',
            b'{"type":"subscribe","filter":{"customer_name":["Ann","Bob"]}}',
            b'{"type":"subscribe","filter":null,"after":null}',
            b'{"type":"auth","token":"a.b.c"}',
            b'{"type":"auth","ticket":"abc"}',
            b"[" * 300,
        ),
        (b'"type"', b'"filter"', b'"after"', b'"customer_name"', b'"order_id"', b"\\ud800", b"1e9"),
    ),
    "request": Target(
        request,
        (b"/ws", b"/ws?after=7&stream=5ee97b66-0000-0000-0000-000000000000", b"/ws?after=-1"),
        (b"after=", b"stream=", b"&", b"%", b"//[", b"9223372036854775808"),
    ),
    "token": Target(
        token,
        (
            SIGNED.encode(),
            *(f"{SIGNED[:-1]}{letter}".encode() for letter in "AEIMQUYcgkosw048BCD"),
            f"{SIGNED}=".encode(),
            f"{SIGNED}!".encode(),
            signed(b"{}").encode(),
            b"a.b.c",
            b"eyJhbGciOiJub25lIn0.e30.",
            f"{_encoded(b'[' * 5_000)}.e30.x".encode(),
        ),
        (b"eyJ", b"."),
    ),
    "claims": Target(
        claims,
        (
            _claims(),
            _claims(customers=["Ann"], jti="1", iat=1, nbf=1),
            _claims(exp=10**12),
            _claims(exp=10**400),
            _claims(iat=10**400),
            _claims(iat=float("inf")),
            _claims(jti="\0"),
            _claims(jti="\ud800"),
            _claims(customers=["\ud800"]),
        ),
        (b'"sub"', b'"role"', b'"exp"', b'"iat"', b'"nbf"', b'"jti"', b'"customers"', b"Infinity"),
    ),
    "headers": Target(
        headers,
        (
            b"Bearer a.b.c\nlocalhost:3000\norders, orders.token.a.b.c",
            b"Bearer\n[::1]:3000\norders.ticket.x",
            b"bearer  x \n[\n,,",
        ),
        (b"Bearer ", b"orders.token.", b"orders.ticket.", b"[::1]", b"//"),
    ),
}
