"""What can go wrong in the command line; each error is one sentence and an exit status."""


class OrdersError(Exception):
    """The command cannot do what it was asked to."""

    exit_status = 1


class BadValueError(OrdersError):
    """A setting, option or file has a value that makes no sense; nothing was touched."""

    exit_status = 2


class NotRunningError(OrdersError):
    """No ready stack keeps its data in this folder."""


class UnreachableError(OrdersError):
    """Nothing answers at an address."""


class StackError(OrdersError):
    """The stack cannot start."""


class NotReadyError(StackError):
    """A program of the stack did not become ready; ``last_lines`` is what it said."""

    def __init__(self, message: str, last_lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.last_lines = last_lines


class RefusedSettingError(NotReadyError, BadValueError):
    """A program of the stack ended because it refuses its settings."""

    exit_status = 2
