"""From the claims of a checked token to a principal. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any, get_args

from orders_access.errors import InvalidTokenError
from orders_access.principal import Principal
from orders_contract.messages import MAX_FILTER_VALUES, Role

MAX_SUBJECT_LENGTH = 200


def principal(claims: Mapping[str, Any], token: str) -> Principal:
    """Return whom a token speaks for. Signature and times have been checked.

    Raises:
        InvalidTokenError: a claim is missing or makes no sense.

    """
    return Principal(
        subject=_subject(claims["sub"]),
        role=_role(claims.get("role")),
        customers=_customers(claims),
        expires=float(claims["exp"]),
        issued=float(claims["iat"]) if "iat" in claims else None,
        token_id=_token_id(claims.get("jti"), token),
    )


def _subject(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > MAX_SUBJECT_LENGTH:
        raise InvalidTokenError(f"sub must be a text of 1 to {MAX_SUBJECT_LENGTH} characters")
    if not value.isprintable():  # it becomes the actor of events, and stands in log lines
        raise InvalidTokenError("sub must be printable")
    return value


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
    if any("\x00" in name or not _is_unicode(name) for name in value):
        raise InvalidTokenError("customers must hold names that can be stored")
    return frozenset(value)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _token_id(value: Any, token: str) -> str:
    """Return what a token is revoked by; one without an id is known by its digest."""
    if value is None:
        return hashlib.sha256(token.encode()).hexdigest()
    if not isinstance(value, str) or not 0 < len(value) <= MAX_SUBJECT_LENGTH:
        raise InvalidTokenError(f"jti must be a text of 1 to {MAX_SUBJECT_LENGTH} characters")
    return value
