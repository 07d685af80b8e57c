"""Errors of the gateway."""


class GatewayError(Exception):
    """Base class of the gateway's errors."""


class RedisUnavailableError(GatewayError):
    """Redis is unreachable, does not answer or refused a command."""


class LogUnavailableError(GatewayError):
    """The API, which reads the full log, is unreachable or its answer is not valid."""


class SessionsUnavailableError(GatewayError):
    """The API, which looks up sessions, is unreachable or its answer is not valid."""


class HistoryExpiredError(GatewayError):
    """Events after a position are no longer kept anywhere."""

    def __init__(self, after: int) -> None:
        super().__init__(f"events after position {after} are no longer kept")
        self.after = after


class BadRequestError(GatewayError):
    """The query of a connection request has an invalid parameter."""


class ForeignOriginError(GatewayError):
    """The request comes from a page of another origin, or its Host does not name this machine."""


class ProtocolError(GatewayError):
    """A client's message is not valid. ``code`` and ``message`` are sent back to the client."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
