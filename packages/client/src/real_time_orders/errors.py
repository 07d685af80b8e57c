"""Errors of the client. Pure."""

from collections.abc import Mapping
from typing import Any

TEMPORARY = frozenset({408, 425, 429})
"""Status codes 4xx after which the same request may succeed later."""
_LATER = TEMPORARY | {502, 503, 504}


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
    """A snapshot could not be fetched this time. ``status`` is the HTTP status, if any.

    ``code`` is the kind of problem; docs/problems.md lists them.
    """

    def __init__(self, reason: str, status: int | None = None, code: str = "") -> None:
        super().__init__(reason if status is None else f"status {status}: {reason}")
        self.status = status
        self.code = code


class WriteError(ClientError):
    """The API rejects a write, or cannot be reached (``status`` 0).

    ``code`` is the kind of problem, as docs/problems.md lists it; empty if the API did not answer.
    ``errors`` has the messages by field.
    """

    def __init__(
        self, status: int, reason: str, errors: Mapping[str, str] | None = None, code: str = ""
    ) -> None:
        super().__init__(reason if status == 0 else f"status {status}: {reason}")
        self.status = status
        self.code = code
        self.errors = errors or {}

    @property
    def is_temporary(self) -> bool:
        """Whether the same write may succeed later."""
        return self.status == 0 or self.status in _LATER


class ConflictError(WriteError):
    """The row has changed since it was read; nothing was written.

    ``mine`` holds the values of the write (None for a removal), ``theirs`` the present row, and
    ``read`` the row that the write was based on.
    """

    def __init__(
        self,
        reason: str,
        mine: Mapping[str, Any] | None,
        theirs: Mapping[str, Any],
        read: Mapping[str, Any],
    ) -> None:
        super().__init__(412, reason, code="row_changed")
        self.mine = mine
        self.theirs = theirs
        self.read = read

    @property
    def columns(self) -> dict[str, tuple[Any, Any]]:
        """The value to write and the present value, by column, where they conflict."""
        return {
            name: (value, self.theirs.get(name))
            for name, value in (self.mine or {}).items()
            if self.theirs.get(name) not in (value, self.read.get(name))
        }


class LostError(ClientError):
    """This connection can no longer be used; another one may succeed."""


class BlockedError(LostError):
    """Something between client and server does not let this kind of connection through.

    ``status`` is the HTTP status; None if the connection ended without an answer.
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
