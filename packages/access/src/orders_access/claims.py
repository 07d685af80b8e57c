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
"""PostgreSQL's limit for the name of a column."""
MAX_LIFETIME_S = 366 * 86_400
"""Revocations are kept longer than this, so that no token outlasts its revocation."""
_LAST_MOMENT = 253_402_300_799
"""The end of the year 9999; Python has no later dates."""


def principal(
    claims: Mapping[str, Any], token: str, customer_column: str = CUSTOMER_COLUMN
) -> Principal:
    """Return the holder of a token. The caller has verified the signature and the times.

    Raises:
        InvalidTokenError: a claim is missing or not valid.

    """
    expires, issued = _time(claims["exp"]), _time(claims["iat"])
    if expires - issued > MAX_LIFETIME_S:
        raise InvalidTokenError("the token is valid for more than 366 days")
    return Principal(
        subject=subject_of(claims["sub"]),
        role=role_of(claims.get("role")),
        rows=_rows(claims, customer_column),
        expires=expires,
        issued=issued,
        token_id=_token_id(claims.get("jti"), token),
    )


def subject_of(value: Any) -> str:
    """Return the subject that a claim states.

    Raises:
        InvalidTokenError: the value is not a valid subject.

    """
    if not isinstance(value, str) or not value or len(value) > MAX_SUBJECT_LENGTH:
        raise InvalidTokenError(f"sub must be a text of 1 to {MAX_SUBJECT_LENGTH} characters")
    if not value.isprintable():  # it becomes the actor of events and is part of log lines
        raise InvalidTokenError("sub must be printable")
    return value


def _time(value: Any) -> float:
    """Return a time in seconds since 1970. PyJWT has checked that the value is a number."""
    if not 0 <= (seconds := int(value)) <= _LAST_MOMENT:
        raise InvalidTokenError("exp and iat must be times within the years 1970 to 9999")
    return float(seconds)


def role_of(value: Any) -> Role:
    """Return the role that a claim states.

    Raises:
        InvalidTokenError: the value is not a role.

    """
    for role in get_args(Role):
        if value == role:
            known: Role = role
            return known
    raise InvalidTokenError(f"role must be one of {', '.join(get_args(Role))}")


def _rows(claims: Mapping[str, Any], customer_column: str) -> Mapping[str, frozenset[Value]] | None:
    # Refuse null, which is more likely a forgotten value than a wish for no restriction.
    if "customers" in claims:
        if "rows" in claims:
            raise InvalidTokenError("customers is a short form of rows: a token cannot have both")
        return {customer_column: _texts("customers", claims["customers"])}
    return scope_of(claims["rows"]) if "rows" in claims else None


def scope_of(rows: Any) -> Mapping[str, frozenset[Value]]:
    """Return the restriction that the claim ``rows`` states.

    Raises:
        InvalidTokenError: the value is not a valid restriction.

    """
    if not isinstance(rows, dict) or not 0 < len(rows) <= MAX_FILTER_COLUMNS:
        raise InvalidTokenError(f"rows must name 1 to {MAX_FILTER_COLUMNS} columns")
    return {_column(name): _values(f"rows.{name}", values) for name, values in rows.items()}


def _column(name: str) -> str:
    if not name.isprintable() or not 0 < len(name.encode()) <= MAX_COLUMN_BYTES:
        raise InvalidTokenError("rows must name columns")
    if name in MAINTAINED_COLUMNS:
        # Events do not hold old values of these columns, so rows that leave cannot be recognised.
        raise InvalidTokenError(f"rows cannot restrict by {name}")
    return name


def _values(place: str, values: Any) -> frozenset[Value]:
    """Return the values of a column: all texts, all numbers, or all booleans.

    Python takes ``True`` and ``1`` for the same member of a set, so they cannot be mixed.
    """
    types = {type(value) for value in values} if isinstance(values, list) else {None}
    if types <= {str}:
        return _texts(place, values)
    if not (types == {bool} or types <= {int, float}) or len(values) > MAX_FILTER_VALUES:
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
    """Return whether PostgreSQL can store a text: it has no NUL and no half surrogate pair."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def _token_id(value: Any, token: str) -> str:
    """Return the id by which the token is revoked: its ``jti``, or a digest of its signed part.

    The signature is not part of the digest: padding added to its text does not change its value,
    but would change the digest, and the token would escape its revocation.
    """
    if value is None:
        return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()
    if not isinstance(value, str) or not 0 < len(value) <= MAX_SUBJECT_LENGTH:
        raise InvalidTokenError(f"jti must be a text of 1 to {MAX_SUBJECT_LENGTH} characters")
    if not _can_be_stored(value):
        raise InvalidTokenError("jti must be a text that PostgreSQL can store")
    return value
