"""A partition of stock that the owner detaches, changes and attaches again.

No mark is needed: each row that leaves or comes is an event. Those that a transaction of the owner
causes have the actor of this module; those that the listener records have none.
"""

from typing import LiteralString

from prove.chance import Chance
from prove.statements import Connection
from prove.tables import PASSING

ACTOR = "partitions"
_ACT: LiteralString = f"SELECT set_config('orders.actor', '{ACTOR}', true)"
_FOLLOW: LiteralString = "SELECT order_follow_partitions()"
_ATTACHED: LiteralString = (
    f"SELECT relispartition FROM pg_class WHERE oid = to_regclass('{PASSING}')"
)
_SETTLED: LiteralString = f"""
    SELECT settled FROM order_partitions WHERE partition = to_regclass('{PASSING}')
"""
"""Until then the stream relies on the schema's version to tell clients of a DETACH."""
_DETACH: LiteralString = f"ALTER TABLE stock DETACH PARTITION {PASSING}"
_ATTACH: LiteralString = f"ALTER TABLE stock ATTACH PARTITION {PASSING} FOR VALUES IN ('Köln')"
_MEDDLE: LiteralString = f"""
    INSERT INTO {PASSING} (place, item, version) SELECT 'Köln', n, 5 FROM generate_series(3, 5) AS n
        ON CONFLICT DO NOTHING;
    UPDATE {PASSING} SET hint = 'alone' WHERE item % 2 = 0;
    DELETE FROM {PASSING} WHERE item % 3 = 0
"""
"""Changes of the detached table, which are nobody's business."""
_RENEW: LiteralString = f"""
    DROP TABLE {PASSING};
    CREATE TABLE {PASSING} (LIKE stock INCLUDING ALL);
    INSERT INTO {PASSING} (place, item, version) SELECT 'Köln', n, 3
      FROM generate_series(1, 20) AS n
"""
_TOUCH: LiteralString = "UPDATE stock SET hint = 'touched' WHERE place = 'Köln' AND item % 4 = 0"


async def follow_partitions(sql: Connection) -> None:
    """Have all rows recorded that came or left with a partition."""
    await sql.execute(_ACT)
    while await (await sql.execute(_FOLLOW)).fetchone() == (True,):
        pass


async def move_partition(sql: Connection, chance: Chance) -> str:
    """Detach the partition, or attach it as it is or recreated; sometimes change rows at once."""
    await sql.execute(_ACT)
    if await (await sql.execute(_ATTACHED)).fetchone() == (True,):
        if await (await sql.execute(_SETTLED)).fetchone() != (True,):
            return "not settled"
        await sql.execute(_DETACH)
        if chance.happens(0.7):
            await sql.execute(_MEDDLE)
        return "detach"
    await sql.execute(_RENEW if chance.happens(0.5) else _MEDDLE)
    await sql.execute(_ATTACH)
    if chance.happens(0.5):
        await sql.execute(_TOUCH)
    return "attach"
