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
