"""The errors of the API. The docstring of an ApiError is the detail that its client reads."""

import math
from collections.abc import Mapping
from typing import ClassVar

import psycopg

from orders_api import field_errors
from orders_api.records import StoredRow
from orders_contract.schema import ORDERS
from orders_service.postgres_errors import explain

UNIQUE, FORBIDDEN = "23505", "42501"
"""SQLSTATEs of PostgreSQL."""
DATA, LIMIT = "22", "54"
"""Classes of SQLSTATEs that a value causes: it does not fit its type, or it is too large."""


class ApiError(Exception):
    """The request could not be served."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "failed"
    """By which clients recognise and translate the error; docs/problems.md lists the codes."""
    members: Mapping[str, object] = {}
    """Further members of the problem, such as the values in the detail."""

    @property
    def detail(self) -> str:
        """One sentence for the client."""
        return (self.__doc__ or "").strip()

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the response."""
        return {}


class FailedError(ApiError):
    """The API failed; its log has the reason."""


def codes(kind: type[ApiError] = ApiError) -> set[str]:
    """Return the codes of all problems."""
    return {kind.code}.union(*map(codes, kind.__subclasses__()))


class InputError(ApiError):
    """An error that names fields: the member ``errors`` lists each with its message."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{field} {message}" for field, message in errors))
        self.errors = [field_errors.members(*each) for each in errors]
        self.members = {"errors": self.errors}


class InvalidInputError(InputError):
    """The request is not valid."""

    status = 422
    code = "invalid_input"

    def __init__(self, field: str, message: str, *others: tuple[str, str]) -> None:
        super().__init__((field, message), *others)


class KeyReusedError(InvalidInputError):
    """The request is not valid."""

    code = "key_reused"

    def __init__(self) -> None:
        super().__init__("Idempotency-Key", "was used before with another body")


class ConflictError(InputError):
    """The request conflicts with other rows; nothing was written."""

    status = 409
    code = "conflict"


class RefusedByTriggerError(ApiError):
    """A trigger of the database refuses the change; nothing was written."""

    status = 422
    code = "refused_by_trigger"

    def __init__(self, message: str) -> None:
        super().__init__("a trigger refuses the change")
        self._message = message

    @property
    def detail(self) -> str:
        """The message that the owner's trigger raised."""
        return self._message or super().detail


class UnauthorizedError(ApiError):
    """Show a valid token: Authorization: Bearer <token>."""

    status = 401
    code = "unauthorized"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def detail(self) -> str:
        """What is missing or wrong with the token, without quoting from the token."""
        return f"{self.reason[:1].upper()}{self.reason[1:]}." if self.reason else super().detail

    @property
    def headers(self) -> dict[str, str]:
        """The authentication scheme and, for a token that is not valid, the error (RFC 6750)."""
        error = ', error="invalid_token"' if self.reason else ""
        return {"WWW-Authenticate": f'Bearer realm="orders"{error}'}


class WrongPasswordError(UnauthorizedError):
    """The name is that of no user, or the password is not theirs."""

    code = "wrong_name_or_password"

    def __init__(self) -> None:
        super().__init__("name or password is wrong")


class OldLinkError(UnauthorizedError):
    """A link that sets a password is not valid, or not any more."""

    code = "link_not_valid"

    def __init__(self) -> None:
        super().__init__(
            "the link is not valid any more: it was used, replaced, or is older than a day"
        )


class ForbiddenError(ApiError):
    """You may not do that."""

    status = 403
    code = "forbidden"


class ForeignPageError(ForbiddenError):
    """Only a page of this system may do that with a session."""

    code = "foreign_page"


class PlainHttpError(ForbiddenError):
    """Sign in over HTTPS: without it a password could be read on its way (see SITE_ADDRESS)."""

    code = "plain_http"


class SessionRequiredError(ForbiddenError):
    """Sign in with your name and password to do that."""

    code = "session_required"


class OpenModeError(ApiError):
    """This system is open to everyone on this machine: there are no users and sessions."""

    status = 409
    code = "open_mode"


class LastAdminError(ApiError):
    """This is the last admin who can sign in and is not restricted: make another one first."""

    status = 409
    code = "last_admin"


class SettingChangedError(ApiError):
    """Somebody else has changed it since; nothing was written. Load it again."""

    status = 412
    code = "setting_changed"


class OutOfScopeError(ForbiddenError):
    """You may not see or change such a row."""

    code = "out_of_scope"

    def __init__(self, place: str = "") -> None:
        super().__init__(place)
        self._place = place
        self.members = {"place": place} if place else {}

    @property
    def detail(self) -> str:
        """The sentence for the client, which names the row if it is one within the body."""
        return super().detail.replace("such a row", self._place or "such a row")


class DatabaseForbidsError(ForbiddenError):
    """The database does not allow this: a policy or a missing privilege."""

    code = "database_forbids"


class MisdirectedError(ApiError):
    """This system answers only to the names of the machine it runs on."""

    status = 421
    code = "misdirected"


class TooManyRequestsError(ApiError):
    """Too many requests."""

    status = 429
    code = "too_many_requests"

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"for {wait_s:.1f} s")
        self._wait_s = max(1, math.ceil(wait_s))
        self.members = {"retry_after": self._wait_s}

    @property
    def detail(self) -> str:
        """When to try again, as a sentence."""
        count, unit = self._wait_s, "second"
        if count > 90:
            count, unit = math.ceil(count / 60), "minute"
        return f"{super().detail} Try again in {count} {unit}{'s' * (count > 1)}."

    @property
    def headers(self) -> dict[str, str]:
        """When to try again, in whole seconds."""
        return {"Retry-After": str(self._wait_s)}


class TooManyAttemptsError(TooManyRequestsError):
    """Too many attempts."""

    code = "too_many_attempts"


class TooManyExportsError(TooManyRequestsError):
    """Other exports are running."""

    code = "too_many_exports"

    def __init__(self) -> None:
        super().__init__(5.0)


class PathNotFoundError(ApiError):
    """There is nothing at this path."""

    status = 404
    code = "path_not_found"


class MethodNotAllowedError(ApiError):
    """This path does not take that method."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self._allowed = allowed

    @property
    def headers(self) -> dict[str, str]:
        """The methods that the path takes."""
        return {"Allow": self._allowed}


class TableNotFoundError(ApiError):
    """There is no such table, or it is not watched."""

    status = 404
    code = "table_not_found"


class NoOrdersError(TableNotFoundError):
    """This database has no table of orders; choose one with `orders attach --orders TABLE`."""

    code = "no_orders"

    @property
    def detail(self) -> str:
        """What to do, and where the list of other tables is."""
        return f"{self.__doc__} Other watched tables are at /api/tables."


class RowNotFoundError(ApiError):
    """There is no such row."""

    status = 404
    code = "row_not_found"

    def __init__(self, table: str = ORDERS) -> None:
        super().__init__(table)
        self._table = table

    @property
    def detail(self) -> str:
        """A sentence on what is missing."""
        return "There is no such order." if self._table == ORDERS else super().detail


class KeyTakenError(ApiError):
    """The next id is taken: rows were written with their own ids; call setval() to go past them."""

    status = 409
    code = "key_taken"


class StaleRowError(ApiError):
    """The row is not in the expected state."""

    status = 412
    code = "row_changed"

    def __init__(self, current: StoredRow, table: str = ORDERS) -> None:
        super().__init__(f"row {','.join(current.key)} has tag {current.tag}")
        self.current = current
        self.member = "order" if table == ORDERS else "row"

    @property
    def detail(self) -> str:
        """The reason, and the member that has the present row. Bulk answers omit large rows."""
        state = f'; "{self.member}" is its present state' if self.current.json else ""
        return f"The {self.member} has changed since{state}. Nothing was written."

    @property
    def headers(self) -> dict[str, str]:
        """The present tag of the row, for If-Match."""
        return {"ETag": self.current.etag}


class BodyTooLargeError(ApiError):
    """The body is larger than 64 kB."""

    # The rest of the body is read and dropped. If the connection ended while the client still sends
    # it, the response could be lost, and the edge would report that the API failed.
    status = 413
    code = "body_too_large"


class BodyTooSlowError(ApiError):
    """The body did not come within 20 seconds."""

    status = 408
    code = "body_too_slow"

    @property
    def headers(self) -> dict[str, str]:
        """Close the connection: bytes still in flight belong to the rejected request."""
        return {"Connection": "close"}


class UnsupportedMediaTypeError(ApiError):
    """The body must be JSON: send it with Content-Type: application/json."""

    status = 415
    code = "not_json"


class UnavailableError(ApiError):
    """Tokens cannot be checked right now; try again shortly."""

    status = 503
    code = "tokens_unavailable"

    @property
    def headers(self) -> dict[str, str]:
        """When to try again, in seconds."""
        return {"Retry-After": "2"}


class DatabaseUnavailableError(UnavailableError):
    """The database does not answer right now; try again shortly."""

    code = "database_unavailable"


class NotReachedError(UnavailableError):
    """There was no time left for this row; nothing was written. Send it again."""

    code = "row_not_reached"


class RedisUnavailableError(UnavailableError):
    """Redis does not answer right now; try again shortly."""

    code = "redis_unavailable"


class ProviderAwayError(Exception):
    """The company's OpenID provider does not answer, or not as it should; try again later."""


class ProviderRefusesError(Exception):
    """The OpenID provider refuses the sign-in, or its answer is not valid."""


class NotAllowedError(Exception):
    """A person may not use this system; the message names the missing rule or claim."""


class NameTakenError(NotAllowedError):
    """A person who uses the company login has the same name as a user with a password."""


class StatementError(Exception):
    """PostgreSQL refused a statement.

    The driver's own error also holds the row's contents ("Failing row contains ..."), which must
    not be logged. The text of this error has only names. ``message`` may contain a value and is
    never logged.
    """

    def __init__(self, exc: psycopg.Error) -> None:
        diag = exc.diag
        self.sqlstate = exc.sqlstate or ""
        self.message = diag.message_primary or ""
        raised = diag.source_function in {"exec_stmt_raise", "exec_stmt_assert"}
        self.is_raised = raised and not self.sqlstate.startswith("XX")
        """Whether RAISE or ASSERT in PL/pgSQL raised it, with a SQLSTATE that is not internal."""
        self.namespace = diag.schema_name
        self.table = diag.table_name
        self.column = diag.column_name
        self.constraint = diag.constraint_name
        self.domain = diag.datatype_name
        self.explanation = explain(exc)
        """One sentence on what to do. Only for statements that contain no values of a request."""
        names = [each for each in (self.table, self.column, self.constraint) if each]
        super().__init__(f"{type(exc).__name__} ({self.sqlstate}) {' '.join(names)}".rstrip())


class SchemaChangedError(StatementError):
    """A column, table or type is not what the statement assumes, most likely because of DDL."""
