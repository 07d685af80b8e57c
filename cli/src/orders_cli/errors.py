"""Errors of the command line. Each is printed as one sentence, and has an exit status."""


class OrdersError(Exception):
    """The command failed; the message is for the user."""

    exit_status = 1


class BadValueError(OrdersError):
    """A setting, option or file is invalid. Nothing was changed."""

    exit_status = 2


class NotRunningError(OrdersError):
    """No ready stack uses this data folder."""


class UnreachableError(OrdersError):
    """No server answers at an address."""


class RejectedRequestError(OrdersError):
    """The API rejected a request; ``status`` is the HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"rejected with {status}: {detail}")
        self.status = status
        self.detail = detail


class StackError(OrdersError):
    """The stack cannot start."""


class NotReadyError(StackError):
    """A program of the stack did not become ready; ``last_lines`` is the end of its output."""

    def __init__(self, message: str, last_lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.last_lines = last_lines


class BadSettingsError(NotReadyError, BadValueError):
    """A program of the stack ended because its settings are invalid."""

    exit_status = 2
