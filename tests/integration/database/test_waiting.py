"""Thresholds: how long a row may have its status, and since when it has it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from psycopg import errors

from harness.servers import Database, Events, Sql

ORDER = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"
THRESHOLD = (
    "INSERT INTO order_thresholds VALUES ('orders', 'status', 'pending', '1 hour', '4 hours')"
)


def described(sql: Sql, name: str) -> dict[str, Any] | None:
    """Return a column of orders as the schema describes it."""
    row = sql.execute("SELECT order_schema()::text").fetchone()
    assert row is not None
    columns = json.loads(row[0])["tables"][0]["columns"]
    return next((column for column in columns if column["name"] == name), None)


def test_thresholds_are_part_of_the_schema(sql: Sql) -> None:
    """I10: the owner's thresholds are data; with the first one a column tells since when."""
    before = sql.execute("SELECT order_schema_version()").fetchone()
    status = described(sql, "status")
    assert status is not None
    assert (status["waiting"], status["since"]) == (None, None)
    sql.execute(THRESHOLD)
    status = described(sql, "status")
    assert status is not None
    assert status["waiting"] == {"pending": {"warn_seconds": 3600, "late_seconds": 14400}}
    assert status["since"] == "status_changed_at"
    since = described(sql, "status_changed_at")
    assert since is not None
    assert (since["writable"], since["kind"]) == (False, "timestamp")
    after = sql.execute("SELECT order_schema_version()").fetchone()
    sql.execute("UPDATE order_thresholds SET late_after = '2 days'")
    assert len({before, after, sql.execute("SELECT order_schema_version()").fetchone()}) == 3


@pytest.mark.parametrize("bounds", ["'2 hours', '1 hour'", "'0', '1 hour'", "'1 day', '20 years'"])
def test_thresholds_ascend_and_are_bounded(sql: Sql, bounds: str) -> None:
    """I11: a threshold that could not be computed with, or makes no sense, is refused."""
    with pytest.raises(errors.CheckViolation):
        sql.execute(
            f"INSERT INTO order_thresholds VALUES ('orders', 'status', 'x', {bounds})".encode()
        )


@pytest.mark.parametrize(
    "ddl",
    [
        "SELECT 1",
        "ALTER TABLE orders ADD COLUMN note json",  # not the generated code: rendered with care
        "ALTER TABLE orders ADD COLUMN total int GENERATED ALWAYS AS (quantity * 2) STORED",
        (
            "CREATE TYPE state AS ENUM ('pending', 'shipped', 'delivered');"
            "ALTER TABLE orders DROP CONSTRAINT orders_status_known, ALTER status DROP DEFAULT;"
            "ALTER TABLE orders ALTER status TYPE state USING status::state,"
            " ALTER status SET DEFAULT 'pending'"
        ),
    ],
)
def test_a_change_of_status_is_dated(sql: Sql, events: Events, ddl: str) -> None:
    """Triggers date a change of the status alone; what a writer says of the date is ignored."""
    sql.execute(ORDER)
    sql.execute(THRESHOLD)
    sql.execute(ddl.encode())
    sql.execute(f"{ORDER[:-1]}), ('Bob', 'Desk')".encode())
    events()

    def since(row: int) -> Any:
        found = sql.execute("SELECT status_changed_at FROM orders WHERE id = %s", [row]).fetchone()
        assert found is not None
        return found[0]

    assert since(1) is None, "it was there before"
    created = since(2)
    assert since(3) == created
    sql.execute("UPDATE orders SET quantity = 7, status_changed_at = '2020-01-01' WHERE id = 2")
    assert since(2) == created
    sql.execute("UPDATE orders SET status_changed_at = '2020-01-01' WHERE id = 3")
    assert [event["order_id"] for event in events()] == [2], "the other UPDATE changed nothing"
    sql.execute(
        "UPDATE orders SET status = 'shipped', status_changed_at = '2020-01-01' WHERE id < 3"
    )
    assert since(2) > created
    assert since(1) - since(2) < timedelta(minutes=1)
    first, second = events()
    assert (first["changed"]["status"], first["changed"]["status_changed_at"]) == ("pending", None)
    assert second["order"]["status_changed_at"] > second["changed"]["status_changed_at"]
    sql.execute("UPDATE orders SET status = 'shipped' WHERE id = 2")
    assert events() == []


def test_a_date_from_before_may_be_filled_in(sql: Sql, events: Events) -> None:
    """I1: an owner who knows since when rows wait tells so once; each is an event."""
    sql.execute(ORDER)
    sql.execute(THRESHOLD)
    events()
    sql.execute("UPDATE orders SET status_changed_at = '2024-05-01Z'")
    sql.execute("UPDATE orders SET status_changed_at = '2025-05-01Z'")
    (event,) = events()
    assert event["changed"] == {"status_changed_at": None}
    assert event["order"]["status_changed_at"] == "2024-05-01T00:00:00+00:00"


def test_the_status_may_be_renamed_or_dropped(sql: Sql, database: Database, events: Events) -> None:
    """I10: writers go on, and nothing is dated; under a name that fits, it is again."""
    sql.execute(ORDER)
    sql.execute(THRESHOLD)
    with database.connect() as writer:
        writer.execute("UPDATE orders SET status = 'processing'")
        sql.execute("ALTER TABLE orders RENAME COLUMN status TO state")
        writer.execute("UPDATE orders SET state = 'shipped'")
        sql.execute("ALTER TABLE orders RENAME COLUMN state TO status")
        writer.execute("UPDATE orders SET status = 'delivered'")
        sql.execute("ALTER TABLE orders DROP COLUMN status")
        writer.execute("UPDATE orders SET quantity = 3")
    told = [event["changed"].keys() for event in events() if event["operation"] == "UPDATE"]
    dated = "status_changed_at"
    assert told == [{"status", dated}, {"state"}, {"status", dated}, {"quantity"}]


def test_an_order_that_moves_to_another_partition_is_dated(sql: Sql, events: Events) -> None:
    """A table partitioned by its status keeps dates like any other."""
    sql.execute(
        "CREATE TABLE jobs (id bigint GENERATED BY DEFAULT AS IDENTITY, status text NOT NULL,"
        " updated_at timestamptz, PRIMARY KEY (id, status)) PARTITION BY LIST (status);"
        "CREATE TABLE jobs_open PARTITION OF jobs FOR VALUES IN ('open');"
        "CREATE TABLE jobs_done PARTITION OF jobs DEFAULT;"
        "SELECT watch_table('jobs'), order_follow_waiting('jobs', 'status')"
    )
    sql.execute("INSERT INTO jobs (status) VALUES ('open')")
    sql.execute("UPDATE jobs SET updated_at = now()")
    sql.execute("UPDATE jobs SET status = 'done'")
    first, *_, last = [event["row"]["status_changed_at"] for event in events() if event["row"]]
    assert first < last


def test_a_locked_table_keeps_its_columns(sql: Sql, database: Database) -> None:
    """I5: a threshold is set all the same; updated_at then stands in for the missing column."""
    with database.connect() as reader, reader.transaction():
        reader.execute("SELECT * FROM orders")
        notices: list[str] = []
        sql.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        sql.execute(THRESHOLD)
        assert "status_changed_at" in notices[0]
        status = described(sql, "status")
        assert status is not None
        assert (status["since"], [*status["waiting"]]) == (None, ["pending"])
    sql.execute("SELECT order_follow_waiting('orders', 'status')")
    status = described(sql, "status")
    assert status is not None
    assert status["since"] == "status_changed_at"
