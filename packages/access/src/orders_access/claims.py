"""From the claims of a checked token to a principal. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any, get_args

from orders_access.errors import InvalidTokenError
from orders_access.principal import Principal
from orders_contract.messages import MAX_FILTER_VALUES, Role

MAX_SUBJECT_LENGTH = 200
LAST_MOMENT = 253_402_300_799
"""The end of the year 9999: what is later has no date."""


def principal(claims: Mapping[str, Any], token: str) -> Principal:
    """Return whom a token speaks for. Signature and times have been checked.

    Raises:
        InvalidTokenError: a claim is missing or makes no sense.

    """
    return Principal(
        subject=_subject(claims["sub"]),
        role=_role(claims.get("role")),
        customers=_customers(claims),
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


def _customers(claims: Mapping[str, Any]) -> frozenset[str] | None:
    if "customers" not in claims:
        return None
    # null is refused: whoever forgot to fill it in did not mean "everyone".
    value = claims["customers"]
    if not isinstance(value, list) or len(value) > MAX_FILTER_VALUES:
        raise InvalidTokenError(f"customers must be a list of at most {MAX_FILTER_VALUES} names")
    if not all(isinstance(name, str) and name for name in value):
        raise InvalidTokenError("customers must hold names")
    if not all(_can_be_stored(name) for name in value):
        raise InvalidTokenError("customers must hold names that can be stored")
    return frozenset(value)


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
