"""``order_schema()``: what the catalog says of the watched tables (I10)."""

import json
from typing import Any

from harness.servers import Database, Postgres, Sql

ORDER = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"
LINES = (
    "CREATE TABLE order_lines (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE, product text, quantity int)"
)


def columns(sql: Sql, table: str = "orders") -> dict[str, dict[str, Any]]:
    """Return the described columns of a table, by name."""
    row = sql.execute("SELECT order_schema()::text, order_schema_version()").fetchone()
    assert row is not None
    document = json.loads(row[0])
    assert document["version"] == row[1]
    (found,) = [described for described in document["tables"] if described["name"] == table]
    return {column["name"]: column for column in found["columns"]}


def test_the_seed_is_described(sql: Sql) -> None:
    """The schema document describes orders as it is defined."""
    described = columns(sql)
    assert list(described)[:2] == ["id", "customer_name"]
    status = described["status"]
    assert status["choices"] == ["pending", "processing", "shipped", "delivered", "cancelled"]
    assert status["next"]["pending"] == ["processing", "cancelled"]
    assert (status["kind"], status["nullable"], status["default"]) == ("choice", False, True)
    assert described["customer_name"]["max_length"] == 200
    assert [name for name, column in described.items() if not column["writable"]] == [
        "id", "version", "created_at", "updated_at",
    ]  # fmt: skip


DESCRIBED: list[tuple[str, dict[str, Any]]] = [
    ("text CHECK (x IN ('b', 'a', 'it''s', E'\\\\'))", {"choices": ["b", "a", "it's", "\\"]}),
    ("varchar(9) CHECK (x = ANY (ARRAY['a', 'b']))", {"choices": ["a", "b"], "max_length": 9}),
    ("text CHECK (x = ANY ('{a,b}'))", {"choices": ["a", "b"]}),
    ("text CHECK (x IN ('only'))", {"choices": ["only"]}),
    ("integer CHECK (x IN (1, -2))", {"choices": ["1", "-2"]}),
    ("text CHECK (x IN ('a') OR x = 'b')", {"choices": None, "kind": "text"}),
    ("text CHECK (x NOT IN ('a', 'b'))", {"choices": None}),
    ("text CHECK (char_length(x) <= 5)", {"max_length": 5}),
    ("text CHECK (length(x) < 5 AND x <> '')", {"max_length": 4}),
    ("char(3)", {"max_length": 3, "kind": "text"}),
    ("text CHECK (NOT char_length(x) <= 5)", {"max_length": None}),
    ("mood", {"kind": "choice", "choices": ["so so", "fine"]}),
    ("short", {"kind": "text", "max_length": 7, "nullable": False, "type": "character varying(7)"}),
    ("flag", {"kind": "choice", "choices": ["y", "n"]}),
    ("integer[]", {"kind": "array", "type": "integer[]"}),
    ("numeric(10,2) DEFAULT 0", {"kind": "number", "default": True, "type": "numeric(10,2)"}),
    ("int GENERATED ALWAYS AS (quantity) STORED", {"writable": False, "default": False}),
    ("bigint GENERATED ALWAYS AS IDENTITY", {"writable": False, "default": True}),
    ("jsonb", {"kind": "json"}),
    ("bytea", {"kind": "binary"}),
    ("interval", {"kind": "other"}),
    ("timestamp", {"kind": "timestamp"}),
]


def test_a_column_is_described(sql: Sql) -> None:
    """I10: kind, choices, lengths and the rest come from the catalog."""
    sql.execute("CREATE TYPE mood AS ENUM ('so so', 'fine')")
    sql.execute("CREATE DOMAIN short AS varchar(7) NOT NULL")
    sql.execute("CREATE DOMAIN flag AS text CHECK (VALUE IN ('y', 'n'))")
    for definition, expected in DESCRIBED:
        sql.execute(f"ALTER TABLE orders ADD COLUMN x {definition}".encode())
        described = columns(sql)["x"]
        assert {name: described[name] for name in expected} == expected, definition
        sql.execute("ALTER TABLE orders DROP COLUMN x")


CHANGES_OF_THE_SCHEMA = (
    "ALTER TABLE orders ADD COLUMN x text",
    "ALTER TABLE orders ALTER COLUMN quantity TYPE bigint",
    "ALTER TABLE orders ALTER COLUMN quantity DROP NOT NULL",
    "ALTER TABLE orders ALTER COLUMN quantity DROP DEFAULT",
    # the same description, but other values in the rows, of which no event tells
    "ALTER TABLE orders ALTER COLUMN quantity TYPE bigint USING quantity + 1",
    "ALTER TABLE orders RENAME COLUMN quantity TO pieces",
    "COMMENT ON COLUMN orders.status IS 'where it is'",
    "COMMENT ON COLUMN orders.status IS 'how far it is'",
    """SELECT set_main_table('orders', '{"title": "product_name"}')""",
    "CREATE TYPE mood AS ENUM ('fine'); ALTER TABLE orders ADD COLUMN mood mood",
    "ALTER TYPE mood ADD VALUE 'so so' BEFORE 'fine'",
    # the same columns, whose values have other members
    """CREATE TYPE way AS (street text); CREATE DOMAIN home AS way;
       CREATE TYPE person AS (name text, homes home[]);
       ALTER TABLE orders ADD COLUMN buyer person""",
    "ALTER TYPE person RENAME ATTRIBUTE name TO called CASCADE",
    "ALTER TYPE way ADD ATTRIBUTE number integer",
    "ALTER TYPE way DROP ATTRIBUTE number",
    "CREATE TABLE parcels (n integer); ALTER TABLE orders ADD COLUMN parcels parcels[]",
    "ALTER TABLE parcels RENAME COLUMN n TO number",
    "UPDATE order_next_choices SET next = '{}'",
    "ALTER TABLE orders DROP CONSTRAINT orders_status_known",
    "ALTER TABLE orders DROP COLUMN status",
    f"{LINES}; SELECT watch_table('order_lines')",
    "CREATE SCHEMA shop; ALTER TABLE order_lines SET SCHEMA shop",
    # events of the time between do not reach those who come back
    "ALTER TABLE shop.order_lines RENAME TO x; ALTER TABLE shop.x RENAME TO order_lines",
    "SELECT unwatch_table('shop.order_lines'); SELECT watch_table('shop.order_lines')",
    "ALTER TABLE orders RENAME TO purchases",
    "SELECT unwatch_table('purchases')",
)


def test_the_version_follows_the_schema(sql: Sql) -> None:
    """I10: the version differs after each change of what the document shows, and only then."""
    version = "SELECT order_schema_version()"
    before = sql.execute(version).fetchone()
    sql.execute(ORDER)
    sql.execute("VACUUM ANALYZE orders")
    assert sql.execute(version).fetchone() == before
    seen = {before}
    for ddl in CHANGES_OF_THE_SCHEMA:
        sql.execute(ddl.encode())
        after = sql.execute(version).fetchone()
        assert after not in seen, ddl
        seen.add(after)


def test_the_version_follows_a_crash_that_empties_a_table(own_postgres: Postgres) -> None:
    """I7: a crash empties an unlogged table without an event, so clients fetch it again."""
    database = own_postgres.create_database()

    def found(statement: str) -> tuple[Any, ...]:
        with database.connect() as sql:
            sql.execute(statement.encode())
            row = sql.execute(
                "SELECT order_schema_version(), (SELECT count(*) FROM drafts)"
            ).fetchone()
        assert row is not None
        return row

    logged, _ = found(
        "CREATE TABLE drafts AS SELECT 1 AS id; ALTER TABLE drafts ADD PRIMARY KEY (id)"
    )
    own_postgres.kill()
    own_postgres.start()
    assert found("") == (logged, 1)
    before = found("ALTER TABLE drafts SET UNLOGGED; SELECT watch_table('drafts')")
    own_postgres.restart()
    assert found("SET TimeZone = 'Asia/Kolkata'") == before
    own_postgres.kill()
    own_postgres.start()
    version, rows = found("")
    assert rows == 0
    assert version != before[0]


NO_CHANGES_OF_THE_SCHEMA = (
    "VACUUM FULL orders",
    "TRUNCATE orders CASCADE",
    "GRANT SELECT, INSERT ON orders, order_lines, stock TO PUBLIC",
    "CREATE INDEX ON order_lines (product)",
    "ALTER TABLE order_lines REPLICA IDENTITY FULL",
    "ALTER TABLE orders SET (fillfactor = 90)",
    "COMMENT ON TABLE order_lines IS 'what was ordered'",
    "COMMENT ON COLUMN order_lines.product IS 'what'",
    "UPDATE order_next_choices SET next = next",
    "SELECT set_main_table('orders')",
    "SELECT watch_table('orders'), watch_table('order_lines'), watch_table('stock')",
)


def test_the_version_outlasts_what_changes_nothing(
    sql: Sql, database: Database, postgres: Postgres
) -> None:
    """I8: after a restart, which runs ``init.sql``, clients resume: the version is the same."""
    sql.execute(f"{LINES}; SELECT watch_table('order_lines')".encode())
    sql.execute("COMMENT ON COLUMN order_lines.product IS 'what'")
    sql.execute("CREATE TABLE stock (place text PRIMARY KEY) PARTITION BY LIST (place)")
    sql.execute("CREATE TABLE stock_a PARTITION OF stock FOR VALUES IN ('a')")
    sql.execute("SELECT watch_table('stock')")
    version = "SELECT order_schema_version()"
    before = sql.execute(version).fetchone()
    for statement in NO_CHANGES_OF_THE_SCHEMA:
        sql.execute(statement.encode())
        assert sql.execute(version).fetchone() == before, statement
    postgres.load_schema(database)
    assert sql.execute(version).fetchone() == before


def test_a_parent_is_described(sql: Sql) -> None:
    """A child of orders names the column by which its rows belong to an order."""
    sql.execute(LINES)
    sql.execute("SELECT watch_table('order_lines')")
    row = sql.execute("SELECT order_schema() -> 'tables' -> 1").fetchone()
    assert row is not None
    assert row[0]["parent"] == {"table": "orders", "column": "order_id"}
    assert (row[0]["key"], row[0]["schema"]) == (["id"], "public")
