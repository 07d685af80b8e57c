"""Random SQL for the other tables, each with the changes it made, read by RETURNING."""

from typing import Any, LiteralString

from prove.chance import Chance
from prove.ledger import Fact
from prove.statements import HOT_IDS, Connection, Statement
from prove.tables import LASTING, LINES, NOTES, PLACES, STOCK

_BODIES = ("{}", "[1, 2.50]", '"a\\nb"', '{"a": {"b":\n null}}')


def _values(chance: Chance) -> dict[str, Any]:
    return {
        "id": chance.one(HOT_IDS),
        "pieces": chance.between(1, 99),
        "rest": chance.between(0, 12),
        "place": chance.one(PLACES),
        "other": chance.one(PLACES),
        "item": chance.between(1, 12),
        "body": chance.one(_BODIES),
    }


async def _run(sql: Connection, query: LiteralString, chance: Chance) -> list[Any]:
    return await (await sql.execute(query, _values(chance))).fetchall()


async def add_lines(sql: Connection, chance: Chance) -> list[Fact]:
    """Add some lines to orders that exist."""
    query: LiteralString = """
        INSERT INTO order_lines (order_id, product, pieces, version)
        SELECT id, 'line of ' || id, %(pieces)s, 7 FROM orders
         WHERE id BETWEEN %(id)s AND %(id)s + 2 OR id %% 61 = %(rest)s
        RETURNING id"""
    return [(LINES, "INSERT", row[0], 1) for row in await _run(sql, query, chance)]


async def add_order_with_lines(sql: Connection, chance: Chance) -> list[Fact]:
    """Insert an order and its lines in one statement."""
    query: LiteralString = """
        WITH made AS (INSERT INTO orders (customer_name, product_name)
                      VALUES ('Ann', 'with lines') RETURNING id),
             lines AS (INSERT INTO order_lines (order_id, product, pieces)
                       SELECT id, 'line ' || n, n FROM made, generate_series(1, 3) AS n
                       RETURNING id)
        SELECT 'orders', id FROM made UNION ALL SELECT 'order_lines', id FROM lines"""
    return [(row[0], "INSERT", row[1], 1) for row in await _run(sql, query, chance)]


async def change_lines(sql: Connection, chance: Chance) -> list[Fact]:
    """Change some lines; some do not change, some go to another order."""
    query: LiteralString = """
        UPDATE order_lines
           SET pieces = CASE WHEN id %% 2 = 0 THEN pieces ELSE %(pieces)s END,
               order_id = CASE WHEN id %% 3 = 0 THEN coalesce(
                   (SELECT max(id) FROM orders WHERE id <= %(id)s), order_id) ELSE order_id END
         WHERE id %% 13 = %(rest)s
        RETURNING id, old.version, new.version"""
    rows = await _run(sql, query, chance)
    return [(LINES, "UPDATE", key, after) for key, before, after in rows if before != after]


async def delete_lines(sql: Connection, chance: Chance) -> list[Fact]:
    """Delete some lines; the facts come from ``proof_gone``."""
    query: LiteralString = "DELETE FROM order_lines WHERE id %% 13 = %(rest)s RETURNING id"
    await _run(sql, query, chance)
    return []


def _stock_facts(rows: list[Any]) -> list[Fact]:
    """Return the facts of rows of place, item and version, before and after."""
    facts: list[Fact] = []
    for old_place, old_item, old_version, place, item, version in rows:
        before, after = (old_place, old_item), (place, item)
        if old_place is None:
            facts.append((STOCK, "INSERT", after, version))
        elif place is None:
            facts.append((STOCK, "DELETE", before, None))
        elif before != after:
            facts += [(STOCK, "DELETE", before, None), (STOCK, "INSERT", after, version)]
        elif version != old_version:
            facts.append((STOCK, "UPDATE", after, version))
    return facts


async def put_stock(sql: Connection, chance: Chance) -> list[Fact]:
    """Insert some rows, or update those that are there."""
    query: LiteralString = """
        INSERT INTO stock (place, item, pieces)
        SELECT %(place)s, n, %(pieces)s FROM generate_series(%(item)s, %(item)s + 3) AS n
        ON CONFLICT (place, item) DO UPDATE SET pieces = stock.pieces + excluded.pieces
        RETURNING old.place, old.item, old.version, new.place, new.item, new.version"""
    return _stock_facts(await _run(sql, query, chance))


async def move_stock(sql: Connection, chance: Chance) -> list[Fact]:
    """Give rows another key where it is free: each is a DELETE and an INSERT."""
    query: LiteralString = """
        UPDATE stock SET place = %(other)s, hint = 'from ' || place
         WHERE place = %(place)s AND item BETWEEN %(item)s AND %(item)s + 2 AND NOT EXISTS (
               SELECT FROM stock AS taken WHERE taken.place = %(other)s AND taken.item = stock.item)
        RETURNING old.place, old.item, old.version, new.place, new.item, new.version"""
    return _stock_facts(await _run(sql, query, chance))


async def change_stock(sql: Connection, chance: Chance) -> list[Fact]:
    """Update stock everywhere; some rows do not change."""
    query: LiteralString = """
        UPDATE stock SET pieces = CASE WHEN item %% 2 = 0 THEN pieces ELSE %(pieces)s END
         WHERE item %% 5 = %(rest)s %% 5
        RETURNING old.place, old.item, old.version, new.place, new.item, new.version"""
    return _stock_facts(await _run(sql, query, chance))


async def merge_stock(sql: Connection, chance: Chance) -> list[Fact]:
    """Insert, change, move and delete in one statement."""
    query: LiteralString = """
        MERGE INTO stock
        USING (SELECT %(place)s AS place, n AS item, n %% 4 AS what
                 FROM generate_series(%(item)s, %(item)s + 5) AS n) AS given
           ON stock.place = given.place AND stock.item = given.item
         WHEN MATCHED AND what = 0 THEN DELETE
         WHEN MATCHED AND what = 1 AND NOT EXISTS (
              SELECT FROM stock AS taken
               WHERE taken.place = %(other)s AND taken.item = given.item)
              THEN UPDATE SET place = %(other)s
         WHEN MATCHED THEN UPDATE SET pieces = %(pieces)s
         WHEN NOT MATCHED AND what <> 3 THEN
              INSERT (place, item, pieces) VALUES (given.place, given.item, %(pieces)s)
        RETURNING old.place, old.item, old.version, new.place, new.item, new.version"""
    return _stock_facts(await _run(sql, query, chance))


async def delete_stock(sql: Connection, chance: Chance) -> list[Fact]:
    """Delete stock."""
    query: LiteralString = """
        DELETE FROM stock WHERE item = %(item)s
        RETURNING place, item, version, NULL, NULL, NULL"""
    return _stock_facts(await _run(sql, query, chance))


async def copy_stock(sql: Connection, chance: Chance) -> list[Fact]:
    """COPY rows with new keys."""
    start = chance.between(10, 2**15) * 1000
    keys = [(chance.one(PLACES), start + number) for number in range(chance.between(1, 100))]
    into: LiteralString = "COPY stock (place, item) FROM STDIN"
    async with sql.cursor() as cursor, cursor.copy(into) as stream:
        for key in keys:
            await stream.write_row(key)
    return [(STOCK, "INSERT", key, 1) for key in keys]


async def truncate_partition(sql: Connection, _chance: Chance) -> list[Fact]:
    """TRUNCATE one partition: a DELETE of each of its rows."""
    await sql.execute(f"LOCK TABLE {LASTING} IN ACCESS EXCLUSIVE MODE".encode())
    rows = await (await sql.execute(f"SELECT place, item FROM {LASTING}".encode())).fetchall()
    await sql.execute(f"TRUNCATE {LASTING}".encode())
    return [(STOCK, "DELETE", (place, item), None) for place, item in rows]


async def truncate_stock(sql: Connection, _chance: Chance) -> list[Fact]:
    """TRUNCATE."""
    await sql.execute(b"TRUNCATE stock")
    return [(STOCK, "TRUNCATE", None, None)]


async def change_notes(sql: Connection, chance: Chance) -> list[Fact]:
    """Insert, update and delete notes; no fact while they are not watched."""
    query: LiteralString = """
        MERGE INTO notes USING (SELECT n FROM generate_series(%(id)s, %(id)s + 2) AS n) AS given
           ON notes.id = given.n
         WHEN MATCHED AND n %% 3 = %(rest)s %% 3 THEN DELETE
         WHEN MATCHED THEN UPDATE SET body = %(body)s
         WHEN NOT MATCHED THEN INSERT (id, body) VALUES (n, %(body)s)
        RETURNING merge_action(), n, old.body::text, new.body::text"""
    rows = await _run(sql, query, chance)
    # After the statement: its lock on notes keeps the answer true until this transaction ends.
    cursor = await sql.execute(b"SELECT notes FROM proof_watched FOR SHARE")
    (watched,) = await cursor.fetchone() or (False,)
    if not watched:
        return []
    return [
        (NOTES, action, key, None)
        for action, key, before, after in rows
        if action != "UPDATE" or before != after
    ]


OTHER_STATEMENTS: list[tuple[float, Statement]] = [
    (6, add_lines),
    (4, add_order_with_lines),
    (6, change_lines),
    (3, delete_lines),
    (6, put_stock),
    (5, move_stock),
    (4, change_stock),
    (4, merge_stock),
    (3, delete_stock),
    (1.5, copy_stock),
    (0.6, truncate_stock),
    (0.6, truncate_partition),
    (6, change_notes),
]
"""All kinds of statements with their weights."""
