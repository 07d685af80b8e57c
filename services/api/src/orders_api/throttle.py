"""Limits on attempts to sign in: after some failures the wait doubles each time, up to a maximum.

Attempts are counted in PostgreSQL for all API processes together, before the password is checked,
so that parallel attempts all count. Names that no user has count as well. The longest wait is long
for a name from one address, and short for a name alone, so that a stranger cannot lock a user out.
"""

import hashlib
from dataclasses import dataclass

from orders_api.database import Connection, Database, one_or_none


@dataclass(frozen=True, slots=True)
class Rule:
    """The number of attempts without a wait, and the longest wait after further ones in seconds."""

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
# The block is removed: the address was not blocked before, because the attempt was admitted.
_TAKE_BACK = """
    UPDATE order_sign_in_attempts SET failures = greatest(failures - 1, 0), blocked_until = now()
     WHERE key = ANY (%(keys)s)
"""
FORGET_ATTEMPTS = "DELETE FROM order_sign_in_attempts WHERE last_at < now() - interval '1 hour'"


class _BlockedError(Exception):
    """An attempt comes too early. Raising this error rolls the transaction back."""


async def attempt(database: Database, name: str, address: str) -> float:
    """Count an attempt and return 0; if it is too early, return the seconds to wait instead."""
    try:
        async with database.transaction() as connection:
            for key, rule in sorted(_keys(name, address).items()):  # sorted to avoid deadlocks
                await _count(connection, key, rule)
    except _BlockedError:
        (wait_s,) = await database.one(_WAIT, {"keys": [*_keys(name, address)]})
        return max(0.1, float(wait_s))
    return 0.0


async def forgive(database: Database, name: str, address: str) -> None:
    """After a correct password, delete the name's failures and this attempt of the address."""
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
    """Return the keys under which an attempt is counted, as digests.

    Names are not stored, because people sometimes type their password as the name.
    """
    counted = {
        f"both {address} {name.lower()}": TOGETHER,
        f"name {name.lower()}": NAME,
        f"address {address}": ADDRESS,
    }
    return {hashlib.sha256(key.encode()).hexdigest(): rule for key, rule in counted.items()}
