"""Names that people give: to users, to views, to the values of a column. Pure."""

from unicodedata import name as described
from unicodedata import normalize

from orders_access.claims import subject_of
from orders_access.errors import InvalidTokenError

_ALIKE = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC"})
"""Alphabets with letters that look like letters of another alphabet in this set."""


def normal_name(name: str) -> str:
    """Return a name as it is stored: in Unicode normal form, so equal names are equal texts."""
    return normalize("NFC", name.strip())


def printable_name(text: str) -> str:
    """Return a name in the form that is stored.

    Raises:
        ValueError: the name is blank, or has a character that is not printable.

    """
    normal = normal_name(text)
    if not normal:
        raise ValueError("must not be blank")
    if not normal.isprintable():
        raise ValueError("must be printable")
    return normal


def new_name(name: str) -> str:
    """Return the name of a new user or program.

    Raises:
        InvalidTokenError: the name cannot be a subject, or may be mistaken for another.

    """
    if (normal := normal_name(name)) in {".", ".."}:
        raise InvalidTokenError("sub must not be . or .., which no address can end with")
    if len({described(each, "").split(" ")[0] for each in normal} & _ALIKE) > 1:
        raise InvalidTokenError("sub must not mix alphabets whose letters look alike")
    return subject_of(normal)
