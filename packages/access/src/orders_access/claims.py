"""Read the claims of a verified token. Pure."""

import hashlib
from collections.abc import Mapping
from math import isfinite
from typing import Any, get_args

from orders_access.errors import InvalidTokenError
from orders_access.principal import Principal, Value
from orders_contract.matching import MAX_FILTER_COLUMNS, MAX_FILTER_VALUES
from orders_contract.messages import Role
from orders_contract.schema import MAINTAINED_COLUMNS

CUSTOMER_COLUMN = "customer_name"
MAX_SUBJECT_LENGTH = 200
MAX_COLUMN_BYTES = 63
"""PostgreSQL's own limit for the name of a column."""
LAST_MOMENT = 253_402_300_799
"""The end of the year 9999: later times have no date."""


def principal(
    claims: Mapping[str, Any], token: str, customer_column: str = CUSTOMER_COLUMN
) -> Principal:
    """Return the holder of a token. Signature and times have been verified.

    Raises:
        InvalidTokenError: a claim is missing or makes no sense.

    """
    return Principal(
        subject=_subject(claims["sub"]),
        role=_role(claims.get("role")),
        rows=_rows(claims, customer_column),
        expires=_moment(claims["exp"]),
        issued=_moment(claims["iat"]) if "iat" in claims else None,
        token_id=_token_id(claims.get("jti"), token),
    )


def _subject(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > MAX_SUBJECT_LENGTH:
        raise InvalidTokenError(f"sub must be a text of 1 to {MAX_SUBJECT_LENGTH} characters")
    if not value.isprintable():  # it becomes the actor of events, and stands in log lines
        raise InvalidTokenError("sub must be printable")
    return value


def _moment(value: Any) -> float:
    """Return a time; the library has seen to it that it is one, and not how far away."""
    if not 0 <= (seconds := int(value)) <= LAST_MOMENT:
        raise InvalidTokenError("exp and iat must be times within the years 1970 to 9999")
    return float(seconds)


def _role(value: Any) -> Role:
    for role in get_args(Role):
        if value == role:
            known: Role = role
            return known
    raise InvalidTokenError(f"role must be one of {', '.join(get_args(Role))}")


def _rows(claims: Mapping[str, Any], customer_column: str) -> Mapping[str, frozenset[Value]] | None:
    # null is refused: it is more likely a forgotten value than the wish for no restriction.
    if "customers" in claims:
        if "rows" in claims:
            raise InvalidTokenError("customers is short for rows: give one of them")
        return {customer_column: _texts("customers", claims["customers"])}
    if "rows" not in claims:
        return None
    rows = claims["rows"]
    if not isinstance(rows, dict) or not 0 < len(rows) <= MAX_FILTER_COLUMNS:
        raise InvalidTokenError(f"rows must name 1 to {MAX_FILTER_COLUMNS} columns")
    return {_column(name): _values(f"rows.{name}", values) for name, values in rows.items()}


def _column(name: str) -> str:
    if not _can_be_stored(name) or not 0 < len(name.encode()) <= MAX_COLUMN_BYTES:
        raise InvalidTokenError("rows must name columns")
    if name in MAINTAINED_COLUMNS:
        # Events do not tell the old values of these, so nobody can say which rows leave.
        raise InvalidTokenError(f"rows cannot restrict by {name}")
    return name


def _values(place: str, values: Any) -> frozenset[Value]:
    """Return the values of a column: all texts, all numbers, or all booleans."""
    kinds = {type(value) for value in values} if isinstance(values, list) else {None}
    if kinds <= {str}:
        return _texts(place, values)
    if len(values or ()) > MAX_FILTER_VALUES or not (kinds == {bool} or kinds <= {int, float}):
        raise InvalidTokenError(
            f"{place} must be a list of at most {MAX_FILTER_VALUES} texts, numbers or booleans"
        )
    if not all(isfinite(value) for value in values if isinstance(value, float)):
        raise InvalidTokenError(f"{place} must hold finite numbers")
    return frozenset(values)


def _texts(place: str, values: Any) -> frozenset[str]:
    if not isinstance(values, list) or len(values) > MAX_FILTER_VALUES:
        raise InvalidTokenError(f"{place} must be a list of at most {MAX_FILTER_VALUES} texts")
    if not all(isinstance(text, str) and text and _can_be_stored(text) for text in values):
        raise InvalidTokenError(f"{place} must hold texts that PostgreSQL can store, none empty")
    return frozenset(values)


def _can_be_stored(text: str) -> bool:
    """Tell whether PostgreSQL takes it: neither NUL nor halves of surrogate pairs."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def _token_id(value: Any, token: str) -> str:
    """Return what a token is revoked by; one without an id is known by a digest of what is signed.

    Not of the signature: its text may be changed, by "=" at its end, and mean the same. With it the
    digest would change, and the token be revoked no more.
    """
    if value is None:
        return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()
    if not isinstance(value, str) or not 0 < len(value) <= MAX_SUBJECT_LENGTH:
        raise InvalidTokenError(f"jti must be a text of 1 to {MAX_SUBJECT_LENGTH} characters")
    if not _can_be_stored(value):
        raise InvalidTokenError("jti must be a text that can be stored")
    return value
