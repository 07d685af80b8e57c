"""What can go wrong in the API. Each error's docstring is the detail its client reads."""

import math
from typing import ClassVar

from orders_api.records import StoredOrder


class ApiError(Exception):
    """The request could not be served."""

    status: ClassVar[int] = 500

    @property
    def detail(self) -> str:
        """One sentence for the client."""
        return (self.__doc__ or "").strip()

    @property
    def headers(self) -> dict[str, str]:
        """Headers the answer carries."""
        return {}


class InvalidInputError(ApiError):
    """The request is not valid; nothing was written."""

    status = 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}")
        self.errors = [{"field": field, "message": message}]


class UnauthorizedError(ApiError):
    """Show a valid token: Authorization: Bearer <token>."""

    status = 401

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def detail(self) -> str:
        """What is missing, or what is wrong with the token; nothing that is in it."""
        return f"{self.reason[:1].upper()}{self.reason[1:]}." if self.reason else super().detail

    @property
    def headers(self) -> dict[str, str]:
        """How to do better (RFC 6750)."""
        error = ', error="invalid_token"' if self.reason else ""
        return {"WWW-Authenticate": f'Bearer realm="orders"{error}'}


class ForbiddenError(ApiError):
    """Your token does not allow that."""

    status = 403


class OutOfScopeError(ForbiddenError):
    """Your token is for other customers' orders."""


class MisdirectedError(ApiError):
    """This system answers only to the names of the machine it runs on."""

    status = 421


class TooManyRequestsError(ApiError):
    """Too many requests; try again when Retry-After says."""

    status = 429

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"for {wait_s:.1f} s")
        self._wait_s = wait_s

    @property
    def headers(self) -> dict[str, str]:
        """When to try again, in whole seconds."""
        return {"Retry-After": str(max(1, math.ceil(self._wait_s)))}


class OrderNotFoundError(ApiError):
    """There is no such order."""

    status = 404


class OrderIdTakenError(ApiError):
    """The next id is taken: someone wrote rows with ids of their own and did not setval() on."""

    status = 409


class StaleOrderError(ApiError):
    """The order has changed since; "order" is how it stands now. Nothing was written."""

    status = 412

    def __init__(self, current: StoredOrder) -> None:
        super().__init__(f"order {current.id} stands at version {current.version}")
        self.current = current

    @property
    def headers(self) -> dict[str, str]:
        """The version that If-Match would have to name."""
        return {"ETag": self.current.etag}


class BodyTooLargeError(ApiError):
    """The body is larger than 64 kB."""

    # The rest of it is read, and dropped: if the connection ended while it is being sent, the
    # answer might be lost, and to the edge the API would have failed.
    status = 413


class BodyTooSlowError(ApiError):
    """The body did not come within 20 seconds."""

    status = 408

    @property
    def headers(self) -> dict[str, str]:
        """What still comes is nobody's request."""
        return {"Connection": "close"}


class UnsupportedMediaTypeError(ApiError):
    """The body must be JSON: send it with Content-Type: application/json."""

    status = 415


class UnavailableError(ApiError):
    """Tokens cannot be checked right now; try again shortly."""

    status = 503

    @property
    def headers(self) -> dict[str, str]:
        """When to try again, in seconds."""
        return {"Retry-After": "2"}


class DatabaseUnavailableError(UnavailableError):
    """The database does not answer right now; try again shortly."""


class RedisUnavailableError(UnavailableError):
    """Redis does not answer right now; try again shortly."""
