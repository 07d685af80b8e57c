"""What a writer does to the orders while servers fail over."""

from typing import Any

import psycopg

from prove.chance import Chance

INSERT = "INSERT INTO orders (customer_name, product_name) VALUES (%s, 'Laptop')"
_UPDATE = "UPDATE orders SET customer_name = %s, status = %s WHERE id = %s"
_DELETE = "DELETE FROM orders WHERE id = %s"
_STATES = ("pending", "processing", "shipped")


async def ids_of(sql: psycopg.AsyncConnection[Any]) -> list[int]:
    """Return the newest orders."""
    found = await (await sql.execute("SELECT id FROM orders ORDER BY id DESC LIMIT 50")).fetchall()
    return [row[0] for row in found]


async def change(
    sql: psycopg.AsyncConnection[Any], chance: Chance, text: str, ids: list[int]
) -> None:
    """Write a text to an order, one of ``ids`` or a new one; or in place of a deleted one."""
    if not ids or chance.happens(0.4):
        found = await (await sql.execute(f"{INSERT} RETURNING id", [text])).fetchone()
        assert found is not None
        ids.append(found[0])
    elif chance.happens(0.8):
        done = await sql.execute(_UPDATE, [text, chance.one(_STATES), chance.one(ids)])
        if not done.rowcount:
            await sql.execute(INSERT, [text])
    else:
        await sql.execute(_DELETE, [ids.pop(chance.between(0, len(ids) - 1))])
        await sql.execute(INSERT, [text])
