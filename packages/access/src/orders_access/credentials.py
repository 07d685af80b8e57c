"""The credential of a request: in ``Authorization``, or among a WebSocket's subprotocols. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

SUBPROTOCOL = "orders"
_TOKEN = "orders.token."  # noqa: S105  a prefix
_TICKET = "orders.ticket."


@dataclass(frozen=True, slots=True)
class Credential:
    """A token or a ticket."""

    text: str
    is_ticket: bool = False

    def __repr__(self) -> str:
        """Hide the text from logs and tracebacks."""
        return "Credential(...)"


def bearer(authorization: str | None) -> str | None:
    """Return the token of an Authorization header; None if it has none."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None


def of_handshake(authorization: str | None, subprotocols: Iterable[str]) -> Credential | None:
    """Return the credential of a handshake: of the header, else of the subprotocols."""
    token = bearer(authorization)
    if token is not None:
        return Credential(token)
    for each in subprotocols:
        if each.startswith(_TOKEN):
            return Credential(each.removeprefix(_TOKEN))
        if each.startswith(_TICKET):
            return Credential(each.removeprefix(_TICKET), is_ticket=True)
    return None
