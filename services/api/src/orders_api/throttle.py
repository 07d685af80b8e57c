"""How often a sign-in may be tried: after some failures the wait doubles, up to a bound.

Counted in PostgreSQL for all API processes together, and before the password is checked, so that
many attempts at once count as many. Wrong names count like right ones. By name and address together
the wait is long; by name alone it is short, because a stranger could otherwise lock a user out.
"""

import hashlib
from dataclasses import dataclass

from orders_api.database import Connection, Database, one_or_none


@dataclass(frozen=True, slots=True)
class Rule:
    """How many attempts are free, and the longest wait in seconds after the others."""

    free: int
    most_s: int


TOGETHER, NAME, ADDRESS = Rule(3, 900), Rule(20, 60), Rule(20, 900)

_ATTEMPT = """
    INSERT INTO order_sign_in_attempts AS known (key, failures, last_at, blocked_until)
    VALUES (%(key)s, 1, now(), now())
    ON CONFLICT (key) DO UPDATE
       SET failures = CASE WHEN known.last_at < now() - interval '1 hour' THEN 1
                           ELSE known.failures + 1 END,
           last_at = now(),
           blocked_until = now() + interval '1 second' * CASE
               WHEN known.failures < %(free)s OR known.last_at < now() - interval '1 hour' THEN 0
               ELSE least(%(most_s)s, 2 ^ least(known.failures - %(free)s, 20)) END
     WHERE known.blocked_until <= now()
    RETURNING failures
"""
_WAIT = """
    SELECT coalesce(max(extract(epoch FROM blocked_until - now())), 0)::float8
      FROM order_sign_in_attempts WHERE key = ANY (%(keys)s)
"""
_FORGIVE = "DELETE FROM order_sign_in_attempts WHERE key = ANY (%(keys)s)"
# Before this attempt the address was not blocked, or it could not have been made.
_TAKE_BACK = """
    UPDATE order_sign_in_attempts SET failures = greatest(failures - 1, 0), blocked_until = now()
     WHERE key = ANY (%(keys)s)
"""
FORGET_ATTEMPTS = "DELETE FROM order_sign_in_attempts WHERE last_at < now() - interval '1 hour'"


class _BlockedError(Exception):
    """An attempt comes too early; the transaction is rolled back."""


async def attempt(database: Database, name: str, address: str) -> float:
    """Count an attempt and return 0, or return the seconds after which it may be made."""
    try:
        async with database.transaction() as connection:
            for key, rule in sorted(_keys(name, address).items()):  # one order: no deadlock
                await _count(connection, key, rule)
    except _BlockedError:
        (wait_s,) = await database.one(_WAIT, {"keys": [*_keys(name, address)]})
        return max(0.1, float(wait_s))
    return 0.0


async def forgive(database: Database, name: str, address: str) -> None:
    """After a right password, delete the name's failures; for the address, uncount this attempt."""
    keys = _keys(name, address)
    of_name = [key for key, rule in keys.items() if rule is not ADDRESS]
    of_address = [key for key, rule in keys.items() if rule is ADDRESS]
    async with database.transaction() as connection:
        await connection.execute(_FORGIVE, {"keys": of_name})
        await connection.execute(_TAKE_BACK, {"keys": of_address})


async def _count(connection: Connection, key: str, rule: Rule) -> None:
    values = {"key": key, "free": rule.free, "most_s": rule.most_s}
    if await one_or_none(connection, _ATTEMPT, values) is None:
        raise _BlockedError


def _keys(name: str, address: str) -> dict[str, Rule]:
    """Return the keys that count an attempt, as digests: a name may be a mistyped password."""
    counted = {
        f"both {address} {name.lower()}": TOGETHER,
        f"name {name.lower()}": NAME,
        f"address {address}": ADDRESS,
    }
    return {hashlib.sha256(key.encode()).hexdigest(): rule for key, rule in counted.items()}
