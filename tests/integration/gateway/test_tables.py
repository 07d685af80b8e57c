"""Subscriptions by table and column, and changes of the schema (I10)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import connect

from harness.follower import Follower, Message
from harness.pipeline import Pipeline, Service, listening
from harness.servers import Postgres
from harness.waiting import until

ORDER = "INSERT INTO orders (customer_name, product_name, store, total) VALUES (%s, 'Desk', %s, %s)"


@pytest.fixture(scope="module")
def pipeline(postgres: Postgres) -> Iterator[Pipeline]:
    """Start a listener on a database with columns and a table of its owner's."""
    columns = (
        "ALTER TABLE orders ADD COLUMN store text, ADD COLUMN total numeric, ADD COLUMN due date"
    )
    lines = (
        "CREATE TABLE order_lines (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " order_id bigint REFERENCES orders ON DELETE CASCADE, text text)"
    )
    with listening(postgres, columns, lines, "SELECT watch_table('order_lines')") as started:
        yield started


@pytest.fixture(scope="module")
def gateway(pipeline: Pipeline) -> Service:
    """Start a gateway, and wait until it knows the schema."""
    gateway = pipeline.gateway().ready()
    with Follower(gateway.ws_url) as follower:
        if not follower.hello["schema"]:
            follower.next("schema")
    return gateway


@pytest.fixture
def follower(gateway: Service) -> Iterator[Follower]:
    """Connect a client."""
    with Follower(gateway.ws_url) as connected:
        yield connected


def commit(pipeline: Pipeline, *statements: str | tuple[str, list[Any]]) -> int:
    """Commit statements; return the position of the last event once it is in the log."""
    with pipeline.database.connect() as sql:
        for each in statements:
            sql.execute(*((each,) if isinstance(each, str) else each))
        until(lambda: sql.execute("SELECT count(*) FROM order_outbox").fetchone() == (0,))
        row = sql.execute("SELECT max(position) FROM order_events").fetchone()
        assert row is not None
        return int(row[0] or 0)


def subscribe(follower: Follower, **wanted: Any) -> Message:
    """Subscribe and return the answer."""
    follower.send({"type": "subscribe", **wanted})
    return follower.next("subscribed")


def seen(follower: Follower, position: int) -> list[tuple[str, str]]:
    """Read up to a position; return table and operation of each event."""
    pong: Message = {"position": 0}
    while pong["position"] < position:
        follower.send({"type": "ping"})
        while (pong := follower.receive())["type"] != "pong":
            pass
    return [(event["table"], event["operation"]) for event in follower.events]


def test_without_a_subscription_all_tables_come(pipeline: Pipeline, follower: Follower) -> None:
    """Events of every watched table come in one order, each with its own table's row."""
    head = commit(
        pipeline,
        (ORDER, ["Ada", "Berlin", 10]),
        "INSERT INTO order_lines (order_id, text) SELECT max(id), 'legs' FROM orders",
    )
    order, line = follower.until(head)[-2:]
    assert (order["table"], order["order"]["store"]) == ("orders", "Berlin")
    assert (line["table"], line["row"]["text"]) == ("order_lines", "legs")
    assert line["order_id"] == order["order_id"]
    assert line["key"] == {"id": line["row"]["id"]}


def test_a_filter_names_any_column(pipeline: Pipeline, follower: Follower) -> None:
    """Columns of the owner's filter by values and by ranges; what leaves comes as LEAVE."""
    tables = {"orders": {"store": ["Berlin", None], "total": {"gte": "99.5", "lt": 1000}}}
    assert subscribe(follower, tables=tables)["tables"] == tables
    head = commit(
        pipeline,
        (ORDER, ["Ada", "Berlin", "99.50"]),
        (ORDER, ["Bob", "Berlin", "99.49"]),
        (ORDER, ["Cid", "Rome", "100"]),
        (ORDER, ["Dan", None, "999.999"]),
        "UPDATE orders SET total = 1000 WHERE customer_name = 'Dan'",
        "UPDATE orders SET store = 'Rome' WHERE total = 99.5",
        "UPDATE orders SET quantity = 2 WHERE customer_name = 'Cid'",
    )
    assert seen(follower, head) == [("orders", "INSERT")] * 2 + [("orders", "LEAVE")] * 2
    assert [(event["order"] or {}).get("customer_name") for event in follower.events] == [
        "Ada",
        "Dan",
        None,
        None,
    ]


def test_tables_that_are_not_named_do_not_come(pipeline: Pipeline, follower: Follower) -> None:
    """A subscription that names tables brings the events of these tables alone."""
    statements = (
        (ORDER, ["Ada", "Berlin", 10]),
        "INSERT INTO order_lines (order_id, text) SELECT max(id), 'legs' FROM orders",
    )
    subscribe(follower, tables={"order_lines": {}})
    assert seen(follower, commit(pipeline, *statements)) == [("order_lines", "INSERT")]
    subscribe(follower, filter={})
    assert seen(follower, commit(pipeline, *statements))[1:] == [("orders", "INSERT")]
    subscribe(follower)
    assert len(seen(follower, commit(pipeline, *statements))[2:]) == 2


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"tables": {"order_line": {}}}, "order_line"),
        ({"tables": {"orders": {"colour": ["red"]}}}, "orders.colour"),
        ({"filter": {"colour": ["red"]}}, "orders.colour"),
        ({"filter": {"total": ["much"]}}, "orders.total"),
        ({"filter": {"total": {"over": 1}}}, "orders.total"),
        ({"filter": {"due": {"gte": "soon"}}}, "orders.due"),
        ({"tables": {}}, "tables"),
        ({"tables": {"orders": {}}, "filter": {}}, "give tables or filter, not both"),
    ],
)
def test_what_does_not_exist_is_an_error(
    pipeline: Pipeline, follower: Follower, wanted: dict[str, Any], told: str
) -> None:
    """An unknown table or column is named in an error; the old subscription stays in force."""
    subscribe(follower, tables={"order_lines": {}})
    follower.send({"type": "subscribe", **wanted})
    error = follower.next("error")
    assert error["code"] == "invalid_message"
    assert told in error["message"]
    head = commit(
        pipeline,
        (ORDER, ["Ada", "Berlin", 10]),
        "INSERT INTO order_lines (order_id, text) SELECT max(id), 'legs' FROM orders",
    )
    assert seen(follower, head) == [("order_lines", "INSERT")]


def test_a_change_of_the_schema_is_announced_to_everyone(
    pipeline: Pipeline, gateway: Service, follower: Follower
) -> None:
    """I10: within 5 s of the DDL every client is told; filters may then use the new columns."""
    subscribe(follower, filter={"store": ["Berlin"]})
    with connect(gateway.ws_url, compression=None) as waiting:
        waiting.send(json.dumps({"type": "subscribe", "after": 10**6}))  # ahead: not live
        commit(pipeline, "ALTER TABLE orders ADD COLUMN finish text")
        version = follower.next("schema")["version"]
        assert version != follower.hello["schema"]
        while (message := json.loads(waiting.recv(10)))["type"] != "schema":
            pass
        assert message["version"] == version
    subscribe(follower, filter={"finish": ["oak"]})
    head = commit(
        pipeline, (ORDER, ["Ada", "Berlin", 10]), "UPDATE orders SET finish = 'oak' WHERE id = 1"
    )
    assert seen(follower, head) == [("orders", "UPDATE")]
    with Follower(gateway.ws_url) as late:
        assert late.hello["schema"] == version


def test_a_filter_of_a_column_that_is_gone_matches_nothing(
    pipeline: Pipeline, follower: Follower
) -> None:
    """I10: the client is told; its filter matches nothing until it subscribes again."""
    commit(pipeline, "ALTER TABLE orders ADD COLUMN shelf text")
    follower.next("schema")
    subscribe(follower, filter={"shelf": ["A"]})
    insert = "INSERT INTO orders (customer_name, product_name, {}) VALUES ('Ada', 'Desk', 'A')"
    assert len(seen(follower, commit(pipeline, insert.format("shelf")))) == 1
    commit(pipeline, "ALTER TABLE orders RENAME COLUMN shelf TO rack")
    follower.next("schema")
    assert len(seen(follower, commit(pipeline, insert.format("rack")))) == 1
    subscribe(follower, filter={"rack": ["A"]})
    assert len(seen(follower, commit(pipeline, insert.format("rack")))) == 2
