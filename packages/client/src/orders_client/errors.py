"""What can go wrong in a way that trying again does not mend, or that the caller decides about."""


class ClientError(Exception):
    """Base of all the client's own errors."""


class RefusedError(ClientError):
    """The server understood and refuses: the address or the filter is wrong, and will stay so."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class MalformedMessageError(ClientError, ValueError):
    """A message of the server is not one that the protocol knows."""


class SnapshotError(ClientError):
    """No snapshot could be had this time."""
