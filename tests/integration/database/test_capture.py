"""Every committed change becomes one event, by whatever statement (I1)."""

from typing import Any

import psycopg
import pytest

from harness.servers import Database, Events, Postgres, Sql

INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"


def shapes(events: list[dict[str, Any]]) -> list[tuple[str, int | None]]:
    """Return operation and order of each event."""
    return [(event["operation"], event["order_id"]) for event in events]


def test_an_insert_is_an_event_with_the_whole_row(sql: Sql, events: Events) -> None:
    """I1: an INSERT becomes one event that carries the row as it stands, times in UTC."""
    sql.execute(INSERT)
    (event,) = events()
    assert event["operation"] == "INSERT"
    assert event["changed"] is None
    assert event["order"]["customer_name"] == "Ada"
    assert event["order"]["quantity"] == 1
    assert event["order"]["status"] == "pending"
    assert event["order"]["version"] == 1
    assert event["order"]["created_at"].endswith("+00:00")
    assert event["changed_at"].endswith("+00:00")


def test_an_update_says_what_it_changed(sql: Sql, events: Events) -> None:
    """I1: an UPDATE carries the new row and the old values of the changed columns only."""
    sql.execute(INSERT)
    sql.execute("UPDATE orders SET status = 'shipped', quantity = 3")
    event = events()[-1]
    assert event["changed"] == {"status": "pending", "quantity": 1}
    assert (event["order"]["status"], event["order"]["version"]) == ("shipped", 2)
    assert event["order"]["updated_at"] > event["order"]["created_at"]


def test_an_update_that_changes_nothing_is_no_event(sql: Sql, events: Events) -> None:
    """An UPDATE that changes nothing makes no event, returns its rows and leaves the version."""
    sql.execute(INSERT)
    events()
    rows = sql.execute("UPDATE orders SET status = status RETURNING version").fetchall()
    assert rows == [(1,)]
    assert events() == []


def test_what_a_writer_says_of_the_version_is_ignored(sql: Sql, events: Events) -> None:
    """Versions are given by trigger: 1 at first, then one more with each change."""
    sql.execute("INSERT INTO orders (customer_name, product_name, version) VALUES ('a', 'b', 9)")
    sql.execute("UPDATE orders SET version = 70, updated_at = 'epoch'")
    sql.execute("UPDATE orders SET version = 70, quantity = 2")
    assert [event["order"]["version"] for event in events()] == [1, 2]


def test_a_delete_carries_the_row_that_was(sql: Sql, events: Events) -> None:
    """I1: the event of a DELETE has no row; the deleted row is in changed."""
    sql.execute(INSERT)
    sql.execute("DELETE FROM orders")
    event = events()[-1]
    assert event["operation"] == "DELETE"
    assert event["order"] is None
    assert event["changed"]["customer_name"] == "Ada"


def test_truncate_is_one_event_without_an_order(sql: Sql, events: Events) -> None:
    """I1: a TRUNCATE is one event that concerns every order."""
    sql.execute(INSERT)
    sql.execute("TRUNCATE orders RESTART IDENTITY")
    assert shapes(events()) == [("INSERT", 1), ("TRUNCATE", None)]


def test_rolled_back_changes_are_no_events(sql: Sql, events: Events) -> None:
    """I1: changes rolled back, wholly or to a savepoint, leave no event."""
    with sql.transaction(force_rollback=True):
        sql.execute(INSERT)
    with sql.transaction():
        sql.execute(INSERT)
        with sql.transaction(force_rollback=True):
            sql.execute("UPDATE orders SET status = 'cancelled'")
            sql.execute(INSERT)
        sql.execute("UPDATE orders SET status = 'shipped'")
    assert [(e["operation"], e["order"]["status"]) for e in events()] == [
        ("INSERT", "pending"),
        ("UPDATE", "shipped"),
    ]


def test_copy_upsert_merge_and_cte_are_captured(sql: Sql, events: Events) -> None:
    """I1: every kind of statement that changes rows makes the events of its changes."""
    with sql.cursor().copy("COPY orders (customer_name, product_name) FROM STDIN") as copy:
        for row in (("a", "x"), ("b", "x"), ("c", "x")):
            copy.write_row(row)
    sql.execute(
        "INSERT INTO orders (id, customer_name, product_name) VALUES (1, 'a', 'y'), (9, 'n', 'y')"
        " ON CONFLICT (id) DO UPDATE SET product_name = excluded.product_name"
    )
    sql.execute(
        "MERGE INTO orders USING (VALUES (2, 'gone'), (3, 'z'), (10, 'new')) AS s (id, what)"
        " ON orders.id = s.id"
        " WHEN MATCHED AND what = 'gone' THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET product_name = what"
        " WHEN NOT MATCHED THEN INSERT (id, customer_name, product_name) VALUES (s.id, 'm', what)"
    )
    sql.execute(
        "WITH moved AS (DELETE FROM orders WHERE id = 9 RETURNING *)"
        " INSERT INTO orders (id, customer_name, product_name) SELECT 11, customer_name, 'cte'"
        " FROM moved"
    )
    found = shapes(events())
    assert found[:3] == [("INSERT", 1), ("INSERT", 2), ("INSERT", 3)]
    assert sorted(found[3:5]) == [("INSERT", 9), ("UPDATE", 1)]
    assert sorted(found[5:8]) == [("DELETE", 2), ("INSERT", 10), ("UPDATE", 3)]
    assert sorted(found[8:]) == [("DELETE", 9), ("INSERT", 11)]


def test_an_order_deleted_and_inserted_by_one_merge_ends_inserted(sql: Sql, events: Events) -> None:
    """I2: even within one statement the events of one order keep their order."""
    sql.execute(INSERT)
    sql.execute(
        "MERGE INTO orders USING (VALUES (1), (NULL)) AS s (id) ON orders.id = s.id"
        " WHEN MATCHED THEN DELETE"
        " WHEN NOT MATCHED THEN INSERT (id, customer_name, product_name) VALUES (1, 'new', 'row')"
    )
    assert shapes(events()) == [("INSERT", 1), ("DELETE", 1), ("INSERT", 1)]


def test_what_an_owners_trigger_changes_in_turn_comes_later(sql: Sql, events: Events) -> None:
    """I2: an effect comes after its cause, whatever the name of the trigger that causes it."""
    sql.execute(
        "CREATE FUNCTION hurry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " UPDATE orders SET quantity = quantity + 1 WHERE id = NEW.id AND quantity < 3;"
        " DELETE FROM orders WHERE id = NEW.id AND status = 'cancelled';"
        " RETURN NULL; END $$"
    )
    sql.execute(
        "CREATE TRIGGER a_first AFTER INSERT OR UPDATE ON orders"
        " FOR EACH ROW EXECUTE FUNCTION hurry()"
    )
    sql.execute(INSERT)
    sql.execute("UPDATE orders SET status = 'cancelled'")
    assert [(e["operation"], (e["order"] or {}).get("version")) for e in events()] == [
        ("INSERT", 1),
        ("UPDATE", 2),
        ("UPDATE", 3),
        ("UPDATE", 4),
        ("DELETE", None),
    ]


def test_what_an_owners_trigger_makes_of_a_change_is_what_counts(sql: Sql, events: Events) -> None:
    """I1: an event shows what the owner's BEFORE triggers leave of the change."""
    sql.execute(
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " CASE NEW.quantity WHEN 5 THEN NEW.quantity := 6; WHEN 7 THEN RETURN NULL;"
        " ELSE NEW.quantity := 1; END CASE;"
        " RETURN NEW; END $$"
    )
    sql.execute(
        "CREATE TRIGGER z_last BEFORE INSERT OR UPDATE ON orders"
        " FOR EACH ROW EXECUTE FUNCTION meddle()"
    )
    sql.execute(
        "INSERT INTO orders (customer_name, product_name, quantity)"
        " VALUES ('a', 'x', 5), ('b', 'x', 7), ('c', 'x', 9)"
    )
    sql.execute("UPDATE orders SET quantity = 5 WHERE customer_name = 'c'")
    sql.execute("UPDATE orders SET quantity = quantity WHERE customer_name = 'c'")
    found = [(e["order_id"], e["order"]["version"], e["order"]["quantity"]) for e in events()]
    assert found == [(1, 1, 6), (3, 1, 1), (3, 2, 6), (3, 3, 1)]
    sql.execute("UPDATE orders SET quantity = 3 WHERE customer_name = 'c'")
    sql.execute("UPDATE orders SET quantity = 7")
    assert events() == []


def test_an_insert_that_becomes_an_update_is_one(sql: Sql, events: Events) -> None:
    """I1: ON CONFLICT DO UPDATE makes one UPDATE event, DO NOTHING makes none."""
    sql.execute(INSERT)
    for what in ("NOTHING", "UPDATE SET quantity = orders.quantity", "UPDATE SET quantity = 4"):
        sql.execute(
            "INSERT INTO orders (id, customer_name, product_name) VALUES (1, 'a', 'y')"
            f" ON CONFLICT (id) DO {what}"
        )
    assert shapes(events()) == [("INSERT", 1), ("UPDATE", 1)]


def test_an_update_of_many_rows_is_an_event_each(sql: Sql, events: Events) -> None:
    """I1: one statement over 10,000 rows makes 10,000 events, and only for rows it changed."""
    sql.execute(
        "INSERT INTO orders (customer_name, product_name)"
        " SELECT 'c' || i, 'p' FROM generate_series(1, 10001) AS i"
    )
    sql.execute("UPDATE orders SET status = 'shipped' WHERE id = 1")
    events()
    sql.execute("UPDATE orders SET status = 'shipped'")
    found = events()
    assert len(found) == 10_000
    assert {event["order_id"] for event in found} == set(range(2, 10_002))


@pytest.mark.parametrize("size", [9_000, 1_000_000])
def test_a_large_row_is_an_ordinary_row(sql: Sql, events: Events, size: int) -> None:
    """I5: a row larger than NOTIFY's 8,000 bytes is written and seen like any other."""
    sql.execute("ALTER TABLE orders ADD COLUMN note text")
    sql.execute(
        "INSERT INTO orders (customer_name, product_name, note) VALUES ('a', 'p', %s)",
        ["é" * (size // 2)],
    )
    (event,) = events()
    assert event["order"]["note"] == "é" * (size // 2)


@pytest.mark.parametrize(
    ("column", "value"),
    [("customer_name", ""), ("customer_name", " \t\u2003\x0b"), ("product_name", "\u3000")],
)
def test_the_seeds_texts_are_not_blank(sql: Sql, column: str, value: str) -> None:
    """The names of customer and product are not blank."""
    names = {"customer_name": "a", "product_name": "b", column: value}
    with pytest.raises(psycopg.errors.CheckViolation, match=f"orders_{column}_text"):
        sql.execute(
            "INSERT INTO orders (customer_name, product_name) VALUES (%s, %s)",
            [names["customer_name"], names["product_name"]],
        )


def test_the_seeds_texts_are_bounded(sql: Sql) -> None:
    """The names of customer and product have at most 200 characters."""
    with pytest.raises(psycopg.errors.StringDataRightTruncation, match="200"):
        sql.execute(
            "INSERT INTO orders (customer_name, product_name) VALUES ('a', %s)", ["x" * 201]
        )


def test_an_id_cannot_change(sql: Sql, events: Events) -> None:
    """An order's id is its identity in the stream: an UPDATE of it is refused, clearly."""
    sql.execute(INSERT)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="id cannot change"):
        sql.execute("UPDATE orders SET id = 7")
    assert shapes(events()) == [("INSERT", 1)]


def test_the_actor_is_the_transactions(sql: Sql, events: Events) -> None:
    """Actor is orders.actor as the writing transaction set it, null where it did not."""
    with sql.transaction():
        sql.execute("SELECT set_config('orders.actor', 'ada@shop', true)")
        sql.execute(INSERT)
    sql.execute(INSERT)
    assert [event["actor"] for event in events()] == ["ada@shop", None]


def test_a_role_that_may_write_orders_needs_nothing_else(
    sql: Sql, events: Events, stranger: Database
) -> None:
    """I1: a writer without rights on outbox and log makes events too."""
    sql.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO {stranger.user}".encode())
    with stranger.connect() as clerk:
        clerk.execute(INSERT.encode())
        clerk.execute("UPDATE orders SET quantity = 2")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            clerk.execute("SELECT * FROM order_outbox")
    assert shapes(events()) == [("INSERT", 1), ("UPDATE", 1)]
    sql.execute(f"REVOKE ALL ON orders FROM {stranger.user}".encode())


def test_a_session_in_another_time_zone_is_rendered_in_utc(sql: Sql, events: Events) -> None:
    """Times are UTC whatever the writer's session says."""
    sql.execute("SET timezone = 'Asia/Kolkata'")
    sql.execute(INSERT)
    assert events()[0]["order"]["created_at"].endswith("+00:00")


def test_init_sql_runs_again_and_keeps_everything(
    sql: Sql, postgres: Postgres, database: Database, events: Events
) -> None:
    """db/init.sql is rerunnable: orders, positions and the stream's id stay."""
    sql.execute(INSERT)
    events()
    before = sql.execute("SELECT id FROM order_stream").fetchall()
    postgres.load_schema(database)
    sql.execute(INSERT)
    assert [event["position"] for event in events()] == [2]
    assert sql.execute("SELECT id FROM order_stream").fetchall() == before
