"""``db/init.sql`` on a database that an earlier version made, with orders in it."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from harness.roles import API_ROLE, LISTENER_ROLE
from harness.servers import Database, Postgres

EARLIER = Path(__file__).parents[2] / "earlier" / "init.sql"
INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ann', '{}')"
BOUND_BY_TYPE = r"""
    ALTER TABLE orders
        DROP CONSTRAINT orders_{0}_text,
        ALTER COLUMN {0} TYPE varchar(200),
        ADD CONSTRAINT orders_{0}_text CHECK ({0} ~ '\S')
"""


@pytest.fixture
def earlier(postgres: Postgres) -> Iterator[Database]:
    """Give a database as the first version for containers made it."""
    database = postgres.create_empty_database()
    postgres.psql(database, "-f", str(EARLIER))
    yield database
    postgres.drop_database(database)


def described(postgres: Postgres, database: Database) -> str:
    """Return the definition of everything in a database, rights included.

    The trigger functions of a table contain its OID and its fingerprint, which differ between
    databases.
    """
    options = ["--schema-only", "--restrict-key=none", "--dbname", database.url]
    dump = [str(postgres.program("pg_dump")), *options]
    done = subprocess.run(dump, capture_output=True, text=True, check=True)
    return re.sub(r"(?<=[_'])[0-9]{5,}(?!\w)|'[0-9a-f]{32}'", "OID", done.stdout)


def test_an_upgraded_database_equals_a_new_one(
    postgres: Postgres, earlier: Database, database: Database
) -> None:
    """Tables, indexes, functions, triggers and rights are those of a new database.

    The types of columns are the owner's: the names stay text, bounded by a CHECK.
    """
    assert described(postgres, earlier) != described(postgres, database)
    postgres.load_schema(earlier)
    with earlier.connect() as sql:
        for column in ("customer_name", "product_name"):
            sql.execute(BOUND_BY_TYPE.format(column))
    postgres.load_schema(earlier)
    assert described(postgres, earlier) == described(postgres, database)


def test_nothing_is_lost(postgres: Postgres, earlier: Database) -> None:
    """I1, I2: logged events keep their positions and waiting changes get the next ones."""
    with earlier.connect() as sql:
        for product in ("told 1", "told 2"):
            sql.execute(INSERT.format(product))
        sql.execute("SELECT take_order_events()")
        sql.execute(INSERT.format("waiting"))
        sql.execute("UPDATE orders SET status = 'shipped' WHERE id = 1")
        stream = sql.execute("SELECT id FROM order_stream").fetchone()
        told = events(sql)
    postgres.load_schema(earlier)
    with earlier.connect() as sql:
        sql.execute(f"SET ROLE {API_ROLE}")
        sql.execute("UPDATE orders SET quantity = 2 WHERE id = 2")
        sql.execute("DELETE FROM orders WHERE id = 3")
        sql.execute(f"SET ROLE {LISTENER_ROLE}")
        sql.execute("SELECT take_order_events()")
        sql.execute("RESET ROLE")
        assert sql.execute("SELECT id FROM order_stream").fetchone() == stream
        assert sql.execute("SELECT array_agg(id ORDER BY id) FROM orders").fetchone() == ([1, 2],)
        after = events(sql)
    assert [event["position"] for event in after] == [1, 2, 3, 4, 5, 6]
    assert after[:2] == [{**event, "table": "orders"} for event in told]
    changes = [(event["operation"], event["order_id"]) for event in after[2:]]
    assert changes == [("INSERT", 3), ("UPDATE", 1), ("UPDATE", 2), ("DELETE", 3)]


def test_entries_that_hold_the_old_row_are_converted(
    postgres: Postgres, database: Database
) -> None:
    """I1: changes recorded by the version that stored both rows become events of the next one."""
    rows = [
        ("INSERT", {"id": 1, "t": "a,\n ", "version": 1}, None),
        ("UPDATE", {"id": 1, "t": "b", "version": 2}, {"id": 1, "t": "a,\n ", "version": 1}),
        ("DELETE", None, {"id": 1, "t": "b", "version": 2}),
    ]
    with database.connect() as sql:
        sql.execute(
            "ALTER TABLE order_outbox DROP COLUMN changed, DROP COLUMN transaction,"
            " ADD COLUMN old json"
        )
        for operation, *both in rows:
            sql.execute(
                'INSERT INTO order_outbox (operation, "table", order_id, "row", old)'
                " VALUES (%s, 'orders', 1, %s, %s)",
                [operation, *(row and pretty(row) for row in both)],
            )
        postgres.load_schema(database)
        sql.execute("SELECT take_order_events()")
        told = [(e["operation"], e["order"], e["changed"]) for e in events(sql)]
    assert told == [
        ("INSERT", rows[0][1], None),
        ("UPDATE", rows[1][1], {"t": "a,\n "}),
        ("DELETE", None, rows[2][2]),
    ]


def pretty(row: dict[str, object]) -> str:
    """Render a row as row_to_json(row, true) does."""
    members = (f"{json.dumps(name)}:{json.dumps(value)}" for name, value in row.items())
    return "{" + ",\n ".join(members) + "}"


def events(sql: "psycopg.Connection[tuple[object, ...]]") -> list[dict[str, object]]:
    """Return the whole log, as clients get it."""
    row = sql.execute("SELECT events FROM read_order_events(0)").fetchone()
    return [] if row is None else list(json.loads(str(row[0])))
