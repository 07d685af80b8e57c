"""What can go wrong in the gateway."""


class GatewayError(Exception):
    """Base of all the gateway's own errors."""


class RedisUnavailableError(GatewayError):
    """Redis cannot be reached, fell silent or refused a command."""


class LogUnavailableError(GatewayError):
    """The API, which reads the full log, cannot be reached or answered nonsense."""


class HistoryExpiredError(GatewayError):
    """Events after a position are no longer kept anywhere."""

    def __init__(self, after: int) -> None:
        super().__init__(f"events after position {after} are no longer kept")
        self.after = after


class BadRequestError(GatewayError):
    """The request for ``/ws`` has a parameter that makes no sense."""


class ForeignOriginError(GatewayError):
    """A page of another origin, or under another name than this machine's, wants to connect."""


class ProtocolError(GatewayError):
    """A client's message was not understood. ``code`` and ``message`` go back to the client."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
