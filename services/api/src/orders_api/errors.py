"""What can go wrong in the API. Each error's docstring is the detail its client reads."""

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


class OrderNotFoundError(ApiError):
    """There is no such order."""

    status = 404


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

    status = 413

    @property
    def headers(self) -> dict[str, str]:
        """The rest of the body is not worth reading."""
        return {"Connection": "close"}


class UnsupportedMediaTypeError(ApiError):
    """The body must be JSON: send it with Content-Type: application/json."""

    status = 415


class DatabaseUnavailableError(ApiError):
    """The database does not answer right now; try again shortly."""

    status = 503

    @property
    def headers(self) -> dict[str, str]:
        """When to try again, in seconds."""
        return {"Retry-After": "2"}
