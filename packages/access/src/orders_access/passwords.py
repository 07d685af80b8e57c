"""Check whether a new password is strong enough, hash it, and verify it."""

from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 8
MAX_LENGTH = 200
_WEAK_SCORE = 2
"""Passwords up to this score are refused: zxcvbn estimates fewer than 10^8 guesses."""
_ESTIMATED = 72
"""zxcvbn accepts at most this many characters."""
_OWN_WORDS = ("orders", "order", "real-time", "realtime")

# OWASP's parameters for argon2id: 19 MiB, two passes. Takes about 30 ms of one core.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def weakness(password: str, name: str) -> str | None:
    """Return why a user's new password is not accepted; None if it is accepted."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"must have {MIN_LENGTH} to {MAX_LENGTH} characters"
    # Its lists of words take a third of a second to load, so import it only to set a password.
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # noqa: PLC0415

    found: dict[str, Any] = zxcvbn(password[:_ESTIMATED], [name, *name.split(), *_OWN_WORDS])
    if found["score"] > _WEAK_SCORE:
        return None
    reason = found["feedback"]["warning"].rstrip(".")
    return f"is too easy to guess{f' ({reason[:1].lower()}{reason[1:]})' if reason else ''}"


def hashed(password: str) -> str:
    """Return the hash of a password, as it is stored."""
    return _hasher.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Return whether a password is the stored one; False, after the same time, for None."""
    try:
        return _hasher.verify(stored or _of_nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _of_nobody() -> str:
    return _hasher.hash("")
