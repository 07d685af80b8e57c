"""The credential of a request: in ``Authorization``, among subprotocols, or in a cookie. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

SUBPROTOCOL = "orders"
PROGRAM = "orders_"
"""The prefix of a token that an admin made for a program. Like a session's secret, such a token is
random and has no claims."""

_TOKEN = "orders.token."  # noqa: S105  a prefix
_TICKET = "orders.ticket."
_COOKIE, _LOGIN = "orders-session", "orders-login"
_SECRET_LENGTH = 43
"""The length of 32 random bytes in base64."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, a ticket, or a session's secret. A program's token counts as such a secret."""

    text: str
    is_ticket: bool = False
    is_session: bool = False

    def __repr__(self) -> str:
        """Hide the text from logs and tracebacks."""
        return "Credential(...)"


def bearer(authorization: str | None) -> str | None:
    """Return the bearer token in an Authorization header; None if there is none."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None


def of_token(text: str) -> Credential:
    """Return a token as a credential."""
    return Credential(text, is_session=text.startswith(PROGRAM))


def of_handshake(authorization: str | None, subprotocols: Iterable[str]) -> Credential | None:
    """Return the credential of a handshake: from the header, else from the subprotocols."""
    token = bearer(authorization)
    if token is not None:
        return of_token(token)
    for each in subprotocols:
        if each.startswith(_TOKEN):
            return of_token(each.removeprefix(_TOKEN))
        if each.startswith(_TICKET):
            return Credential(each.removeprefix(_TICKET), is_ticket=True)
    return None


def login_cookie(host: str, *, over_https: bool) -> str:
    """Return the name of the cookie of an unfinished sign-in at a company's provider."""
    return session_cookie(host, over_https=over_https).replace(_COOKIE, _LOGIN)


def session_cookie(host: str, *, over_https: bool) -> str:
    """Return the name of the cookie that holds a session's secret.

    A browser accepts a name that begins with ``__Host-`` only over HTTPS and from this host itself.
    Without HTTPS, all ports of a host share their cookies, so the port is part of the name: signing
    in to one system on this machine must not end the session at another.
    """
    if over_https:
        return f"__Host-{_COOKIE}"
    port = host.rpartition(":")[2]
    return f"{_COOKIE}-{port}" if port.isdecimal() else _COOKIE


def of_cookies(headers: Iterable[str], name: str) -> Credential | None:
    """Return the session's secret in a request's Cookie headers; None unless there is one."""
    secret = cookie(headers, name)
    return Credential(secret, is_session=True) if len(secret) == _SECRET_LENGTH else None


def cookie(headers: Iterable[str], name: str) -> str:
    """Return a cookie's value in a request's Cookie headers; empty unless it is there once."""
    pairs = (pair.strip().partition("=") for header in headers for pair in header.split(";"))
    found = [value for key, _, value in pairs if key == name]
    return found[0] if len(found) == 1 else ""
