"""A partition of stock that the owner detaches, changes and attaches again.

No mark is needed: each row that leaves or comes is an event. Those that a transaction of the owner
causes have the actor of this module; those that the listener records have none.
"""

import asyncio
from typing import LiteralString

from prove.chance import Chance
from prove.statements import Connection
from prove.tables import PASSING

ACTOR = "partitions"
_ACT: LiteralString = f"SELECT set_config('orders.actor', '{ACTOR}', true)"
_FOLLOW: LiteralString = "SELECT order_follow_partitions(), order_partitions_changed()"
_FOLLOWED_WITHIN_S = 20.0
_ATTACHED: LiteralString = (
    f"SELECT relispartition FROM pg_class WHERE oid = to_regclass('{PASSING}')"
)
_SETTLED: LiteralString = f"""
    SELECT settled FROM order_partitions WHERE partition = to_regclass('{PASSING}')
"""
"""Until then the stream relies on the schema's version to tell clients of a DETACH. There is a row
until the rows of a detached partition are recorded: dropped before, they would leave no events."""
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
    """Have all rows recorded that came or left with a partition.

    It skips what the listener is recording at this moment, so wait until that is done.
    """
    await sql.execute(_ACT)
    async with asyncio.timeout(_FOLLOWED_WITHIN_S):
        while await (await sql.execute(_FOLLOW)).fetchone() != (False, False):
            pass


async def move_partition(sql: Connection, chance: Chance) -> str:
    """Detach the partition, or attach it as it is or recreated; sometimes change rows at once."""
    await sql.execute(_ACT)
    attached = await (await sql.execute(_ATTACHED)).fetchone()
    settled = await (await sql.execute(_SETTLED)).fetchone()
    if attached == (True,):
        if settled != (True,):
            return "not settled"
        await sql.execute(_DETACH)
        if chance.happens(0.7):
            await sql.execute(_MEDDLE)
        return "detach"
    renews = chance.happens(0.5)
    if renews and settled is not None:
        return "not recorded"
    await sql.execute(_RENEW if renews else _MEDDLE)
    await sql.execute(_ATTACH)
    if chance.happens(0.5):
        await sql.execute(_TOUCH)
    return "attach"
