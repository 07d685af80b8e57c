"""Errors of the client."""


class ClientError(Exception):
    """Base of all the client's errors."""


class RefusedError(ClientError):
    """The server rejects the address, the filter or the token; trying again would not help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class MalformedMessageError(ClientError, ValueError):
    """A message of the server does not follow the protocol."""


class SnapshotError(ClientError):
    """A snapshot could not be fetched this time."""


class LostError(ClientError):
    """This connection can no longer be used; another one may succeed."""


class BlockedError(LostError):
    """Something between client and server does not let this kind of connection through.

    ``status`` is that of the answer, None if the connection ended without one.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason if status is None else f"status {status}: {reason}")
        self.reason = reason
        self.status = status


class ClosedError(LostError):
    """The server closed the connection."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with code {code}: {reason}".removesuffix(": "))
        self.code = code
        self.reason = reason
