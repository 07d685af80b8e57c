"""Watched tables: any table with a primary key, in one stream with orders."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from harness.roles import API_ROLE
from harness.servers import Database, Events, Postgres, Sql
from harness.triggers import enable

ORDER = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"
LINES = (
    "CREATE TABLE order_lines (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE, product text, quantity int)"
)


def test_a_child_of_orders_tells_its_order(sql: Sql, events: Events) -> None:
    """I1: events of a child have table, key and row, and the id of the order."""
    sql.execute(LINES)
    sql.execute("SELECT watch_table('order_lines')")
    with sql.transaction():
        sql.execute(ORDER)
        sql.execute("INSERT INTO order_lines (order_id, product, quantity) VALUES (1, 'Mouse', 2)")
    sql.execute("UPDATE order_lines SET quantity = 3")
    sql.execute("DELETE FROM orders")
    order, insert, update, delete_order, delete = events()
    assert list(insert) == [
        "position", "table", "operation", "order_id", "key", "row", "changed", "actor",
        "changed_at",
    ]  # fmt: skip
    assert list(order)[:5] == ["position", "table", "operation", "order_id", "order"]
    assert insert["row"] == {"id": 1, "order_id": 1, "product": "Mouse", "quantity": 2}
    assert (insert["table"], insert["order_id"], insert["key"]) == ("order_lines", 1, {"id": 1})
    assert update["changed"] == {"quantity": 2}
    assert delete_order["table"] == "orders"
    assert (delete["order_id"], delete["changed"]) == (1, update["row"])


@pytest.mark.parametrize(
    ("table", "columns", "values", "key"),
    [
        ("tags", "id uuid PRIMARY KEY", "gen_random_uuid()", None),
        ("codes", "code text PRIMARY KEY", "E'a\"b,\\n '", {"code": 'a"b,\n '}),
        ('"Größe ""x"""', "n bigint PRIMARY KEY", "9007199254740993", {"n": 9007199254740993}),
        ("pairs", "a int, b text, PRIMARY KEY (b, a)", "1, 'x'", {"b": "x", "a": 1}),
    ],
)
def test_any_primary_key(  # noqa: PLR0917  the table and what is expected of it
    sql: Sql, events: Events, table: str, columns: str, values: str, key: dict[str, Any] | None
) -> None:
    """I10: keys of one or several columns of any type; order_id is null without a parent."""
    sql.execute(f"CREATE TABLE {table} ({columns}, note text)".encode())
    sql.execute("SELECT watch_table(%s::regclass)", [table])
    sql.execute(f"INSERT INTO {table} VALUES ({values})".encode())
    (event,) = events()
    assert event["key"] == (key or {"id": event["row"]["id"]})
    assert event["order_id"] is None


@pytest.mark.parametrize("note", ["short", "long" * 1000])
def test_an_order_may_have_any_id(sql: Sql, events: Events, note: str) -> None:
    """I1: events have the id of an order up to the limits of bigint, whatever records them."""
    sql.execute("ALTER TABLE orders ADD COLUMN note text")
    sql.execute("CREATE TABLE lines (id int PRIMARY KEY, ref bigint REFERENCES orders, note text)")
    sql.execute("SELECT watch_table('orders'), watch_table('lines')")
    for number, key in enumerate((2**63 - 1, -(2**63), 1234567890123456789, 1)):
        sql.execute(
            "INSERT INTO orders (id, customer_name, product_name, note) VALUES (%s, 'A', 'B', %s)",
            [key, note],
        )
        sql.execute("INSERT INTO lines VALUES (%s, %s, %s)", [number, key, note])
        assert [event["order_id"] for event in events()] == [key, key]


def test_a_table_of_another_schema_is_named_with_it(sql: Sql, events: Events) -> None:
    """The name in events is schema.table outside public, and follows a rename."""
    sql.execute("CREATE SCHEMA shop CREATE TABLE notes (id int PRIMARY KEY)")
    sql.execute("SELECT watch_table('shop.notes')")
    sql.execute("INSERT INTO shop.notes VALUES (1)")
    sql.execute("ALTER TABLE shop.notes RENAME TO memos")
    sql.execute("INSERT INTO shop.memos VALUES (2)")
    sql.execute("TRUNCATE shop.memos")
    found = [(e["table"], e["operation"], e["key"]) for e in events()]
    assert found == [
        ("shop.notes", "INSERT", {"id": 1}),
        ("shop.memos", "INSERT", {"id": 2}),
        ("shop.memos", "TRUNCATE", None),
    ]


def test_a_change_of_the_key_is_a_delete_and_an_insert(sql: Sql, events: Events) -> None:
    """I1: a row that gets another key leaves under the old one and comes under the new one."""
    sql.execute("CREATE TABLE tags (id int PRIMARY KEY, name text)")
    sql.execute("SELECT watch_table('tags')")
    sql.execute("INSERT INTO tags VALUES (1, 'a')")
    sql.execute("UPDATE tags SET id = 2, name = 'b'")
    _, delete, insert = events()
    assert (delete["operation"], delete["key"], delete["changed"]) == (
        "DELETE", {"id": 1}, {"id": 1, "name": "a"},
    )  # fmt: skip
    assert (insert["operation"], insert["row"]) == ("INSERT", {"id": 2, "name": "b"})


def test_version_and_updated_at_are_kept_where_they_are(sql: Sql, events: Events) -> None:
    """Version and updated_at are maintained where the table has them with these types."""
    sql.execute(
        "CREATE TABLE notes (id int PRIMARY KEY, version bigint, updated_at timestamptz, t text)"
    )
    sql.execute("SELECT watch_table('notes')")
    sql.execute("INSERT INTO notes VALUES (1, 70)")
    sql.execute("UPDATE notes SET version = 9")
    sql.execute("UPDATE notes SET t = 'x'")
    insert, update = events()
    assert (insert["row"]["version"], update["row"]["version"]) == (1, 2)
    assert (update["changed"], update["row"]["updated_at"] is None) == ({"t": None}, False)


PARTITIONS = (
    "CREATE TABLE p (a int PRIMARY KEY) PARTITION BY LIST (a);"
    " CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1)"
)


@pytest.mark.parametrize(
    ("create", "name", "reason"),
    [
        ("CREATE VIEW v AS SELECT * FROM orders", "v", "not an ordinary or partitioned table"),
        ("CREATE TABLE keyless (a int)", "keyless", "no primary key"),
        (PARTITIONS, "p_1", "is a partition: watch the partitioned table"),
        ("CREATE TEMP TABLE t (a int PRIMARY KEY)", "t", "not an ordinary or partitioned table"),
        ("SELECT 1", "order_events", "belongs to the stream"),
    ],
)
def test_what_cannot_be_watched_is_refused(sql: Sql, create: str, name: str, reason: str) -> None:
    """watch_table raises an error of one sentence that gives the reason."""
    sql.execute(create.encode())
    with pytest.raises(psycopg.Error, match=reason):
        sql.execute("SELECT watch_table(%s::regclass)", [name])


def test_unwatching_leaves_no_trace(sql: Sql, events: Events) -> None:
    """unwatch_table drops triggers and functions; waiting changes are still delivered."""
    functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    before = sql.execute(functions).fetchone()
    sql.execute(LINES)
    for _ in range(2):
        sql.execute("SELECT watch_table('order_lines')")
    sql.execute(ORDER)
    sql.execute("INSERT INTO order_lines (order_id) VALUES (1)")
    sql.execute("SELECT unwatch_table('order_lines')")
    sql.execute("INSERT INTO order_lines (order_id) VALUES (1)")
    assert [event["table"] for event in events()] == ["orders", "order_lines"]
    assert sql.execute(functions).fetchone() == before
    triggers = "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'order_lines'::regclass"
    assert sql.execute(triggers + " AND NOT tgisinternal").fetchone() == (0,)


@pytest.mark.parametrize("clause", ["", " PARTITION BY LIST (place)"])
def test_a_table_without_its_primary_key_is_not_watched(
    sql: Sql, postgres: Postgres, database: Database, events: Events, clause: str
) -> None:
    """I10, I11: no event lacks a key; with a primary key again the table is watched as before."""
    sql.execute(f"CREATE TABLE stock (place text PRIMARY KEY, n int){clause}".encode())
    if clause:
        sql.execute("CREATE TABLE stock_a PARTITION OF stock DEFAULT")
    sql.execute("SELECT watch_table('stock')")
    sql.execute("INSERT INTO stock VALUES ('a', 1)")
    sql.execute("ALTER TABLE stock DROP CONSTRAINT stock_pkey")
    for refreshed in (0, 1):  # by the code that was made for the key, then by that made without
        sql.execute("INSERT INTO stock VALUES ('b', %s)", [refreshed])
        sql.execute("UPDATE stock SET n = n + 1")
        sql.execute("DELETE FROM stock WHERE place = 'b'")
        sql.execute("SELECT order_refresh_recorders()")
    sql.execute("TRUNCATE stock")
    assert [(event["operation"], event["key"]) for event in events()] == [
        ("INSERT", {"place": "a"}),
    ]
    postgres.load_schema(database)
    without = schema(sql)
    assert [table["name"] for table in without["tables"]] == ["orders"]
    assert states(sql)["stock"] == "keyless"
    with database.connect(autocommit=False) as old:
        old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        old.execute("INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Lamp')")
        sql.execute("ALTER TABLE stock ADD PRIMARY KEY (place)")
        with pytest.raises(psycopg.errors.SerializationFailure):
            old.execute("INSERT INTO stock VALUES ('c', 1)")
    sql.execute("INSERT INTO stock VALUES ('d', 1)")
    sql.execute("SELECT order_refresh_recorders()")
    sql.execute("UPDATE stock SET n = 2")
    assert [(event["operation"], event["key"]) for event in events()] == [
        ("INSERT", {"place": "d"}),
        ("UPDATE", {"place": "d"}),
    ]
    assert schema(sql)["version"] != without["version"]
    assert states(sql)["stock"] == "origin"


def schema(sql: Sql) -> dict[str, Any]:
    """Return the schema document."""
    row = sql.execute("SELECT order_schema()").fetchone()
    assert row is not None
    return dict(row[0])


def test_a_dropped_table_leaves_the_stream_running(
    sql: Sql, postgres: Postgres, database: Database, events: Events
) -> None:
    """I10: DROP TABLE of a watched table is allowed, and the next run of init.sql tidies up."""
    sql.execute(LINES)
    sql.execute("SELECT watch_table('order_lines')")
    sql.execute("DROP TABLE order_lines")
    sql.execute(ORDER)
    assert len(events()) == 1
    document = sql.execute("SELECT order_schema()").fetchone()
    assert document is not None
    assert [table["name"] for table in document[0]["tables"]] == ["orders"]
    postgres.load_schema(database)
    assert sql.execute("SELECT count(*) FROM order_tables").fetchone() == (1,)


def test_trigger_functions_serve_their_own_table_only(
    sql: Sql, database: Database, events: Events
) -> None:
    """I11: no table, of any owner, can use the trigger functions of another table."""
    function = sql.execute("SELECT 'order_insert_' || 'orders'::regclass::oid").fetchone()
    assert function is not None
    create = (
        "CREATE TEMP TABLE forged (LIKE orders INCLUDING ALL);"
        "CREATE TRIGGER t AFTER INSERT ON forged"
        f" FOR EACH ROW EXECUTE FUNCTION public.{function[0]}()"
    )
    with (
        replace(database, user=API_ROLE).connect() as api,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match=r"function .*order_insert"),
    ):
        api.execute(create.encode())
    sql.execute(create.encode())
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="is not watched"):
        sql.execute("INSERT INTO forged (customer_name, product_name) VALUES ('a', 'b')")
    assert events() == []


def test_a_restored_dump_goes_on(
    sql: Sql, postgres: Postgres, restored: Callable[[], Database]
) -> None:
    """I1: after pg_dump and psql, changes make true events before init.sql runs again."""
    sql.execute(LINES)
    sql.execute("SELECT watch_table('order_lines')")
    sql.execute("ALTER TABLE orders ADD COLUMN twice int GENERATED ALWAYS AS (quantity * 2) STORED")
    sql.execute(ORDER)
    other = restored()
    with other.connect() as copy:
        copy.execute(
            ORDER.replace("product_name)", "product_name, version)").replace("'Laptop'", "'L', 7")
        )
        copy.execute("INSERT INTO order_lines (order_id) VALUES (2)")
        copy.execute("UPDATE orders SET quantity = 2 WHERE id = 1")
        copy.execute("DELETE FROM orders WHERE id = 2")
        row = copy.execute("SELECT events FROM take_order_events()").fetchone()
        assert row is not None
        found = json.loads(row[0])
        postgres.load_schema(other)
        copy.execute("UPDATE orders SET quantity = 3")
        assert copy.execute("SELECT last FROM take_order_events()").fetchone() == (7,)
    assert [(event["table"], event["operation"], event["order_id"]) for event in found] == [
        ("orders", "INSERT", 1),
        ("orders", "INSERT", 2),
        ("order_lines", "INSERT", 2),
        ("orders", "UPDATE", 1),
        ("orders", "DELETE", 2),
        ("order_lines", "DELETE", 2),
    ]
    assert (found[1]["order"]["version"], found[1]["order"]["twice"]) == (1, 2)
    assert found[3]["changed"] == {"quantity": 1, "twice": 2}


@pytest.mark.parametrize("table", ["orders", "order_lines"])
def test_enable_always_survives_the_script(
    sql: Sql, postgres: Postgres, database: Database, table: str
) -> None:
    """A trigger that its owner set to ENABLE ALWAYS stays so when init.sql runs again."""
    sql.execute(LINES)
    sql.execute("SELECT watch_table('order_lines')")
    assert states(sql) == {"orders": "origin", "order_lines": "origin"}
    enable(sql, table, "ENABLE ALWAYS")
    postgres.load_schema(database)
    assert states(sql) == {"orders": "origin", "order_lines": "origin"} | {table: "always"}
    row = sql.execute(
        "SELECT array_agg(DISTINCT tgenabled::text) FROM pg_trigger"
        " WHERE tgrelid = %s::regclass AND NOT tgisinternal",
        [table],
    ).fetchone()
    assert row == (["A"],)


def states(sql: Sql) -> dict[str, str]:
    """Return whether triggers fire, by table."""
    return dict(sql.execute("SELECT * FROM order_trigger_states()").fetchall())


def test_triggers_that_do_not_fire_are_told(sql: Sql) -> None:
    """order_trigger_states names tables whose changes make no events."""
    sql.execute(LINES)
    sql.execute("SELECT watch_table('order_lines')")
    enable(sql, "orders", "ENABLE REPLICA", "%update")
    enable(sql, "order_lines", "DISABLE", "%delete")
    assert states(sql) == {"orders": "replica", "order_lines": "disabled"}
    sql.execute(
        "DO $$ BEGIN EXECUTE (SELECT format('DROP TRIGGER %I ON orders', tgname) FROM pg_trigger"
        " WHERE tgrelid = 'orders'::regclass AND tgname LIKE '%insert'); END $$"
    )
    assert states(sql)["orders"] == "missing"
    sql.execute(PARTITIONS)
    sql.execute("SELECT watch_table('p')")
    assert states(sql)["p"] == "origin"
    enable(sql, "p_1", "DISABLE", "%insert")
    assert states(sql)["p"] == "disabled"
