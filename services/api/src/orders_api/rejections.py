"""Turn PostgreSQL's constraint and value errors into 4xx errors of the API.

The errors name the field and the constraint, never the contents of the row.
"""

import contextlib
from collections.abc import Iterable, Sequence

from psycopg.sql import SQL

from orders_api.bodies import Body
from orders_api.conditions import comparable_type, type_name
from orders_api.database import Database
from orders_api.errors import (
    DATA,
    FORBIDDEN,
    LIMIT,
    UNIQUE,
    ApiError,
    ConflictError,
    DatabaseForbidsError,
    DatabaseUnavailableError,
    InvalidInputError,
    KeyTakenError,
    RefusedByTriggerError,
    StatementError,
)
from orders_api.field_errors import Message, message
from orders_api.filters import Selection
from orders_api.queries import CONSTRAINT, ROOT
from orders_api.statements import Statements
from orders_contract.schema import Column

_NOT_NULL, _FOREIGN_KEY, _CHECK = "23502", "23503", "23514"
_RESTRICT, _EXCLUSION = "23001", "23P01"
_UNDEFINED_FUNCTION = "42883"
_INTEGRITY = "23"

_MAX_MESSAGE_LENGTH = 500


async def of_write(  # noqa: PLR0911  one for each kind of refusal
    database: Database, error: StatementError, statements: Statements, body: Body | None
) -> Exception:
    """Return the error for the client whose write failed; ``body`` is None for a DELETE."""
    match error.sqlstate:
        case state if (
            state == _NOT_NULL and error.column and await _is_own(database, error, statements)
        ):
            return InvalidInputError(_field(body, error.column), message("null"))
        case state if state == _CHECK and error.constraint:
            return await _check_violated(database, error, statements, body)
        case state if state == UNIQUE:
            return await _not_unique(database, error, statements, body)
        case state if state in (_FOREIGN_KEY, _RESTRICT):
            return await _reference_broken(database, error, statements, body)
        case state if state == _EXCLUSION:
            return await _conflict(database, error, body, "excluded")
        case state if state == FORBIDDEN:
            return DatabaseForbidsError()
        case state if error.is_raised or state.startswith(_INTEGRITY):
            # The owner of the database wrote this message for clients. It is shown, never logged.
            return RefusedByTriggerError(error.message[:_MAX_MESSAGE_LENGTH])
        case state if state.startswith(LIMIT):
            return InvalidInputError(_field(body), f"is too large: {error.message}")
        case state if state.startswith(DATA):
            return await _bad_value(database, error, statements, body)
        case _:
            return error


async def check_spelling(database: Database, selection: Selection) -> None:
    """Check that values of less common types are written as rows have them.

    Gateways and clients compare such values as text. A row of another spelling would be in a list,
    but its changes would not be in a stream with the same filter.

    Raises:
        InvalidInputError: a value is written in another way.
        StatementError: a text is not a value of the column's type.

    """
    for condition in selection.conditions:
        texts = [*(condition.anyof or ()), *condition.noneof]
        if condition.column.kind != "other" or not texts:
            continue
        kind = type_name(comparable_type(condition.column))
        written = SQL(
            "SELECT text, to_json(CAST(text AS {})) #>> '{{}}'"
            " FROM unnest(%(texts)s::text[]) AS text"
        ).format(kind)
        for text, found in await database.all(written, {"texts": texts}):
            if found != text:
                wanted = f"must be written as {found}" if found else "cannot be compared"
                raise InvalidInputError(condition.column.name, wanted)


async def of_query(database: Database, error: StatementError, selection: Selection) -> Exception:
    """Return the error for the client whose query failed; it names the invalid parameter."""
    if error.sqlstate == FORBIDDEN:
        return DatabaseForbidsError()
    if error.sqlstate == _UNDEFINED_FUNCTION and selection.sort.terms:
        return InvalidInputError("sort", "is not possible by this column")
    if error.sqlstate != _UNDEFINED_FUNCTION and not error.sqlstate.startswith(DATA):
        return error
    for condition in selection.conditions:
        column = condition.column
        named = {column.name: [*(condition.anyof or []), *condition.noneof]} | {
            f"{column.name}.{operator}": [text] for operator, text in condition.comparisons.items()
        }
        for parameter, texts in named.items():
            if not await _are_values(database, column, texts):
                return InvalidInputError(parameter, message("wrong_type", type=column.type))
            if error.sqlstate == _UNDEFINED_FUNCTION and texts and column.kind == "other":
                return InvalidInputError(parameter, "cannot be compared")
    return error if selection.after is None else InvalidInputError("cursor", "is not valid")


async def _check_violated(
    database: Database, error: StatementError, statements: Statements, body: Body | None
) -> ApiError:
    comment, rule, columns = await _constraint(database, error)
    columns = columns or await _culprits(database, error, statements, body)
    named, alone = _of_rule(comment, rule, str(error.constraint))
    return _invalid([(_field(body, column), named) for column in columns], _field(body), alone)


async def _not_unique(
    database: Database, error: StatementError, statements: Statements, body: Body | None
) -> ApiError:
    *_, columns = await _constraint(database, error)
    key = statements.table.key
    if body is not None and tuple(columns) == key and not set(key) & set(body.columns):
        return KeyTakenError()
    return await _conflict(database, error, body, "taken")


async def _reference_broken(
    database: Database, error: StatementError, statements: Statements, body: Body | None
) -> ApiError:
    if body is None or not await _is_own(database, error, statements):
        named = {"table": error.table, "constraint": error.constraint}
        return ConflictError(("body", message("referred_to", **named)))
    return await _conflict(database, error, body, "no_such_row")


async def _conflict(
    database: Database, error: StatementError, body: Body | None, code: str
) -> ConflictError:
    *_, columns = await _constraint(database, error)
    fields = [_field(body, column) for column in columns] or [_field(body)]
    return ConflictError(*[(field, message(code, constraint=error.constraint)) for field in fields])


async def _bad_value(
    database: Database, error: StatementError, statements: Statements, body: Body | None
) -> Exception:
    columns = await _culprits(database, error, statements, body)
    if not columns:
        return InvalidInputError(_field(body), message("not_storable"))
    types = statements.table.columns
    found = [(_field(body, each), message("wrong_type", type=types[each].type)) for each in columns]
    return _invalid(found, _field(body), error.message)


def _invalid(found: Sequence[tuple[str, str]], row: str, text: str) -> InvalidInputError:
    return InvalidInputError(*found[0], *found[1:]) if found else InvalidInputError(row, text)


def _field(body: Body | None, column: str | None = None) -> str:
    return (Body("", {}, ()) if body is None else body).field(column)


async def _is_own(database: Database, error: StatementError, statements: Statements) -> bool:
    """Return whether the error is about the table itself or a partition of it.

    If not, it is about another table to which a trigger has written.
    """
    table = statements.table
    if (error.namespace, error.table) == (table.namespace, table.relation):
        return True
    values = {"schema": error.namespace, "table": error.table}
    with contextlib.suppress(StatementError, DatabaseUnavailableError, LookupError):
        return await database.one(ROOT, values) == (table.namespace, table.relation)
    return False


def _of_rule(comment: str, rule: str, constraint: str) -> tuple[Message, Message]:
    """Return the messages about a CHECK, with its name for a column and without for the row.

    A comment on the CHECK is the owner's own message.
    """
    if comment:
        named = Message(f"{comment} ({constraint})", "owner_rule", constraint=constraint)
        return named, Message(comment, named.code, **named.values)
    if rule:
        named = message("rule_violated", rule=rule, constraint=constraint)
        return named, Message(f"must satisfy {rule}", named.code, **named.values)
    alone = message("constraint_violated", constraint=constraint)
    return Message(f"{alone} ({constraint})", alone.code, **alone.values), alone


async def _constraint(database: Database, error: StatementError) -> tuple[str, str, list[str]]:
    """Return the comment on a constraint, its rule, and its columns."""
    values = {
        "name": error.constraint,
        "schema": error.namespace,
        "table": error.table,
        "domain": error.domain,
    }
    with contextlib.suppress(StatementError, DatabaseUnavailableError, LookupError):
        comment, rule, columns = await database.one(CONSTRAINT, values)
        return comment or "", rule or "", list(columns)
    return "", "", []


async def _culprits(
    database: Database, error: StatementError, statements: Statements, body: Body | None
) -> list[str]:
    """Return the columns whose values cause this error, found by converting each value alone.

    PostgreSQL cannot convert such a value, or a domain that is the column's type forbids it.
    """
    found: list[str] = []
    if body is None:
        return found
    refused = error.sqlstate[: len(DATA)], error.constraint
    for column in body.columns:
        try:
            await database.one(statements.converted(), {**body.parameters, "column": column})
        except StatementError as alone:
            if (alone.sqlstate[: len(DATA)], alone.constraint) == refused:
                found.append(column)
    return found


async def _are_values(database: Database, column: Column, texts: Iterable[str]) -> bool:
    cast = SQL("SELECT CAST(%(text)s AS {})").format(type_name(comparable_type(column)))
    try:
        for text in texts:
            await database.one(cast, {"text": text})
    except StatementError:
        return False
    return True
