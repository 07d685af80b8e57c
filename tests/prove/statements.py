"""Random SQL of every kind, each with the changes it made.

The changes are read by RETURNING, independently of triggers, outbox and log.
"""

from collections.abc import Awaitable, Callable
from typing import Any, LiteralString

import psycopg
from psycopg.rows import TupleRow

from prove.chance import Chance
from prove.columns import CATALOG, STORES, Found, named, random_literal
from prove.ledger import Fact
from prove.tables import LINES, ORDERS

Connection = psycopg.AsyncConnection[TupleRow]
Statement = Callable[[Connection, Chance], Awaitable[list[Fact]]]

STATUSES = ("pending", "processing", "shipped", "delivered", "cancelled")
CUSTOMERS = ("Ann", "Bob", "Żółć \U0001f69a", 'quoted "Cy"', "back\\slash", "new\nline")
PRODUCTS = ("Laptop", "Loom", "Lamp", "Ladder")
HOT_IDS = range(1, 9)
_MODULUS = 61


def _values(chance: Chance) -> dict[str, Any]:
    return {
        "customer": chance.one(CUSTOMERS),
        "product": chance.one(PRODUCTS),
        "quantity": chance.between(1, 9),
        "status": chance.one(STATUSES),
        "store": chance.one((*STORES, None)),
        "price": chance.one(("12.5", "12.50", "0", "-1.05", "99.99", None)),
        "id": chance.one(HOT_IDS),
        "modulus": _MODULUS,
        "rest": chance.between(0, _MODULUS - 1),
    }


async def _run(
    sql: Connection, query: LiteralString, values: dict[str, Any], **more: Any
) -> list[Any]:
    cursor = await sql.execute(query, {**values, **more})
    return await cursor.fetchall()


def _inserts(rows: list[Any]) -> list[Fact]:
    return [(ORDERS, "INSERT", row[0], 1) for row in rows]


def _deletes(rows: list[Any]) -> list[Fact]:
    return [(ORDERS, "DELETE", row[0], None) for row in rows]


def _updates(rows: list[Any]) -> list[Fact]:
    """Return the facts of rows of id, version before, version after; same version: no event."""
    return [
        (ORDERS, "INSERT" if before is None else "UPDATE", order_id, after)
        for order_id, before, after in rows
        if before != after
    ]


async def insert(sql: Connection, chance: Chance) -> list[Fact]:
    """Insert one order."""
    query: LiteralString = """
        INSERT INTO orders (customer_name, product_name, quantity, status, version, store, "Price")
        VALUES (%(customer)s, %(product)s, %(quantity)s, %(status)s, %(quantity)s, %(store)s,
                %(price)s::numeric)
        RETURNING id"""
    return _inserts(await _run(sql, query, _values(chance)))


async def insert_bulk(sql: Connection, chance: Chance) -> list[Fact]:
    """Insert many orders at once."""
    query: LiteralString = """
        INSERT INTO orders (customer_name, product_name, quantity, status)
        SELECT %(customer)s, %(product)s || n, n, %(status)s FROM generate_series(1, %(n)s) AS n
        RETURNING id"""
    return _inserts(await _run(sql, query, _values(chance), n=chance.between(2, 300)))


async def insert_huge(sql: Connection, chance: Chance) -> list[Fact]:
    """Write a row of up to a megabyte, more than NOTIFY could carry."""
    query: LiteralString = """
        INSERT INTO orders (id, customer_name, product_name, note)
        VALUES (%(id)s, %(customer)s, %(product)s, repeat(%(product)s, %(n)s))
        ON CONFLICT (id) DO UPDATE SET note = excluded.note
        RETURNING id, old.version, new.version"""
    n = chance.between(2_000, 180_000)
    return _updates(await _run(sql, query, _values(chance), n=n))


async def upsert(sql: Connection, chance: Chance) -> list[Fact]:
    """Insert some orders, or update those that are there."""
    query: LiteralString = """
        INSERT INTO orders (id, customer_name, product_name, status)
        SELECT n, %(customer)s, %(product)s, %(status)s
          FROM generate_series(%(id)s, %(id)s + 3) AS n
        ON CONFLICT (id) DO UPDATE SET status = excluded.status, quantity = orders.quantity + 1
        RETURNING id, old.version, new.version"""
    return _updates(await _run(sql, query, _values(chance)))


async def insert_or_nothing(sql: Connection, chance: Chance) -> list[Fact]:
    """Insert with an id that may exist, or may have been deleted."""
    query: LiteralString = """
        INSERT INTO orders (id, customer_name, product_name, status)
        VALUES (%(id)s, %(customer)s, %(product)s, %(status)s)
        ON CONFLICT DO NOTHING RETURNING id"""
    return _inserts(await _run(sql, query, _values(chance)))


async def update_hot(sql: Connection, chance: Chance) -> list[Fact]:
    """Update one of few orders that all writers compete for."""
    query: LiteralString = """
        UPDATE orders SET status = %(status)s, quantity = quantity %% 9 + 1 WHERE id = %(id)s
        RETURNING id, old.version, new.version"""
    return _updates(await _run(sql, query, _values(chance)))


async def update_some(sql: Connection, chance: Chance) -> list[Fact]:
    """Move some orders from one filter to another."""
    query: LiteralString = """
        UPDATE orders SET status = %(status)s, customer_name = %(customer)s, store = %(store)s
         WHERE id %% %(modulus)s = %(rest)s
        RETURNING id, old.version, new.version"""
    return _updates(await _run(sql, query, _values(chance)))


async def update_any_column(sql: Connection, chance: Chance) -> list[Fact]:
    """Set some of the columns that exist at the moment."""
    found = [Found.read(row) for row in await (await sql.execute(CATALOG)).fetchall()]
    chosen = chance.some([each for each in found if each.settable], chance.between(1, 3))
    settings = [
        f"{named(each.name)} = {literal}"
        for each in chosen
        if (literal := random_literal(chance, each.type, nullable=each.nullable)) is not None
    ]
    values = _values(chance)
    which = f"id = {values['id']}" if chance.happens(0.6) else f"id % 61 = {values['rest']}"
    query = (
        f"UPDATE orders SET quantity = quantity, {', '.join(settings)} WHERE {which}"
        " RETURNING id, old.version, new.version"
    )
    return _updates(await (await sql.execute(query.encode())).fetchall()) if settings else []


async def update_many(sql: Connection, chance: Chance) -> list[Fact]:
    """Update a fifth of the table."""
    query: LiteralString = """
        UPDATE orders SET quantity = quantity %% 9 + 1 WHERE id %% 5 = %(rest)s %% 5
        RETURNING id, old.version, new.version"""
    return _updates(await _run(sql, query, _values(chance)))


async def update_nothing(sql: Connection, chance: Chance) -> list[Fact]:
    """Update without a change: no event."""
    query: LiteralString = """
        UPDATE orders SET status = status, version = version + 7 WHERE id %% 7 = %(rest)s %% 7
        RETURNING id, old.version, new.version"""
    return _updates(await _run(sql, query, _values(chance)))


async def update_from(sql: Connection, chance: Chance) -> list[Fact]:
    """Update by a join; some rows do not change."""
    query: LiteralString = """
        UPDATE orders SET status = given.status
          FROM (VALUES (%(id)s, 'shipped'), (%(id)s + 1, %(status)s)) AS given (id, status)
         WHERE orders.id = given.id
        RETURNING orders.id, old.version, new.version"""
    return _updates(await _run(sql, query, _values(chance)))


async def delete_some(sql: Connection, chance: Chance) -> list[Fact]:
    """Delete some orders."""
    query: LiteralString = "DELETE FROM orders WHERE id %% %(modulus)s = %(rest)s RETURNING id"
    return _deletes(await _run(sql, query, _values(chance)))


async def delete_hot(sql: Connection, chance: Chance) -> list[Fact]:
    """Delete one of few orders; its id will be used again."""
    query: LiteralString = "DELETE FROM orders WHERE id = %(id)s RETURNING id"
    return _deletes(await _run(sql, query, _values(chance)))


async def merge(sql: Connection, chance: Chance) -> list[Fact]:
    """Insert, update and delete in one statement."""
    query: LiteralString = """
        MERGE INTO orders
        USING (SELECT n, n %% 3 AS what FROM generate_series(%(id)s, %(id)s + 5) AS n) AS given
           ON orders.id = given.n
         WHEN MATCHED AND what = 0 THEN DELETE
         WHEN MATCHED THEN UPDATE SET status = %(status)s
         WHEN NOT MATCHED AND what <> 1 THEN
              INSERT (id, customer_name, product_name) VALUES (n, %(customer)s, %(product)s)
        RETURNING merge_action(), n, old.version, new.version"""
    rows = await _run(sql, query, _values(chance))
    return [
        (ORDERS, action, order_id, None if action == "DELETE" else after)
        for action, order_id, before, after in rows
        if action != "UPDATE" or before != after
    ]


async def modify_in_with(sql: Connection, chance: Chance) -> list[Fact]:
    """Delete in a WITH query and insert the deleted rows with new ids."""
    query: LiteralString = """
        WITH gone AS (DELETE FROM orders WHERE id %% %(modulus)s = %(rest)s RETURNING *),
             made AS (INSERT INTO orders (customer_name, product_name, status)
                      SELECT customer_name, product_name, %(status)s FROM gone RETURNING id)
        SELECT 'DELETE', id, NULL FROM gone UNION ALL SELECT 'INSERT', id, 1 FROM made"""
    return [(ORDERS, row[0], row[1], row[2]) for row in await _run(sql, query, _values(chance))]


async def copy(sql: Connection, chance: Chance) -> list[Fact]:
    """COPY orders with chosen ids."""
    start = chance.between(10, 2**40) * 1000
    ids = range(start, start + chance.between(1, 200))
    into: LiteralString = "COPY orders (id, customer_name, product_name, status) FROM STDIN"
    async with sql.cursor() as cursor, cursor.copy(into) as stream:
        for order_id in ids:
            values = _values(chance)
            await stream.write_row(
                (order_id, values["customer"], values["product"], values["status"])
            )
    return [(ORDERS, "INSERT", order_id, 1) for order_id in ids]


async def truncate(sql: Connection, chance: Chance) -> list[Fact]:
    """TRUNCATE orders and their lines, sometimes with RESTART IDENTITY."""
    again = chance.happens(0.5)
    await sql.execute(b"TRUNCATE orders %s CASCADE" % (b"RESTART IDENTITY" if again else b""))
    return [(ORDERS, "TRUNCATE", None, None), (LINES, "TRUNCATE", None, None)]


async def gone_lines(sql: Connection) -> list[Fact]:
    """Return the lines that this transaction's last statement deleted, also by a cascade."""
    query: LiteralString = """
        DELETE FROM proof_gone WHERE actor = current_setting('orders.actor') RETURNING line"""
    rows = await (await sql.execute(query)).fetchall()
    return [(LINES, "DELETE", row[0], None) for row in rows]


STATEMENTS: list[tuple[float, Statement]] = [
    (20, insert),
    (2, insert_bulk),
    (0.4, insert_huge),
    (6, upsert),
    (6, insert_or_nothing),
    (20, update_hot),
    (8, update_some),
    (20, update_any_column),
    (1.5, update_many),
    (3, update_nothing),
    (5, update_from),
    (4, delete_some),
    (6, delete_hot),
    (5, merge),
    (3, modify_in_with),
    (2, copy),
    (1.2, truncate),
]
"""All kinds of statements with their weights."""
