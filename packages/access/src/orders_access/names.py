"""Names that people give: to users, to views, to the values of a column. Pure."""

from unicodedata import name as described
from unicodedata import normalize

from orders_access.claims import subject_of
from orders_access.errors import InvalidTokenError

_ALIKE = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC"})
"""Alphabets with letters that look like those of another one."""


def normal_name(name: str) -> str:
    """Return a name in the form that is stored: the same letters have the same code."""
    return normalize("NFC", name.strip())


def printable_name(text: str) -> str:
    """Return a name in the form that is stored.

    Raises:
        ValueError: it has nothing to see, or characters that are not seen.

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
        InvalidTokenError: it cannot be the subject of a session, or could be taken for another.

    """
    if (normal := normal_name(name)) in {".", ".."}:
        raise InvalidTokenError("sub must not be . or .., which no address can end with")
    if len({described(each, "").split(" ")[0] for each in normal} & _ALIKE) > 1:
        raise InvalidTokenError("sub must not mix alphabets whose letters look alike")
    return subject_of(normal)
