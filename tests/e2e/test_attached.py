"""``orders up`` on a database that was there before: its own tables, through every interface."""

import asyncio
import csv
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.follower import Follower
from harness.servers import Database, Postgres
from harness.shops import MAIN, shop_server
from harness.stacks import ANY_PORTS, EmbeddedStack, orders
from harness.waiting import until
from harness.world import head
from real_time_orders import OrderBook, OrdersClient, Snapshot, follow


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[Postgres, Database]]:
    """Start a server with a shop; its database as a guest sees it."""
    with shop_server() as started:
        yield started


@pytest.fixture(scope="module")
def attached(
    shop: tuple[Postgres, Database], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedStack]:
    """Attach to the shop and start the system."""
    stack = EmbeddedStack(tmp_path_factory.mktemp("attached"), "--gateways", "1")
    watched = ("--watch", "sales.sales_line")
    done = orders("attach", *MAIN, *watched, "--yes", folder=stack.folder, settings=_of(shop))
    assert done.returncode == 0, done.stderr
    try:
        stack.start(**_of(shop))
        yield stack
    finally:
        stack.end()


@pytest.fixture
def api(attached: EmbeddedStack) -> Iterator[httpx.Client]:
    """Give a client of the API."""
    with httpx.Client(base_url=attached.edge, timeout=30) as client:
        yield client


def _of(shop: tuple[Postgres, Database]) -> dict[str, str]:
    return {"DATABASE_URL": shop[1].url}


def _follow(stack: EmbeddedStack) -> Follower:
    return Follower(stack.edge.replace("http", "ws", 1) + "/ws")


def test_up_creates_nothing_in_a_database_that_is_not_attached(
    shop: tuple[Postgres, Database], tmp_path: Path
) -> None:
    """`orders up` on a foreign database names the command that attaches, and ends."""
    foreign = shop[0].create_empty_database()
    done = orders("up", *ANY_PORTS, folder=tmp_path, settings={"DATABASE_URL": foreign.url})
    assert done.returncode == 2
    assert "run `orders attach`" in done.stderr
    assert list(tmp_path.iterdir()) == []
    with foreign.connect() as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchone() == (0,)


def test_the_first_commands_fit_any_table(attached: EmbeddedStack) -> None:
    """The commands to try name no column that the owner's table may not have."""
    command = f"curl {attached.edge.replace('127.0.0.1', 'localhost')}/api/orders\n"
    until(lambda: command in attached.log(), what="the first commands")
    assert "customer_name" not in attached.log()


def test_rows_are_orders(api: httpx.Client, attached: EmbeddedStack) -> None:
    """The API creates, reads, changes, filters and deletes rows of the owner's own table."""
    listed = ok(api.get("/api/orders", params={"limit": 2}))["orders"]
    keys = [row["sales_order_id"] for row in listed]
    assert keys == sorted(keys, reverse=True)
    body = {"order_no": "so-500", "buyer_name": "Ada", "pieces": 2, "net": 12.5}
    answer = api.post("/api/orders", json=body, headers={"Idempotency-Key": "five-hundred"})
    row = created(answer)
    key = row["sales_order_id"]
    assert answer.headers["location"] == f"/api/orders/{key}"
    assert (row["order_no"], row["state"]) == ("SO-500", "open")
    found = ok(api.get("/api/orders", params={"buyer_name": "Ada", "state": "open"}))["orders"]
    assert found == [row]
    assert ok(api.get("/api/orders", params={"search": f"#{key}"}))["orders"] == [row]
    counts = ok(api.get("/api/orders/counts"))["counts"]
    assert set(counts) == {"open", "picked", "sent", "void"}
    changed = ok(api.patch(f"/api/orders/{key}", json={"state": "picked"}))
    assert changed == {**row, "state": "picked"}
    problem(api.patch(f"/api/orders/{key}", json={"sales_order_id": 1}), 422)
    assert api.delete(f"/api/orders/{key}").status_code == 204
    problem(api.get(f"/api/orders/{key}"), 404)
    head(attached)  # the log has it all
    history = ok(api.get(f"/api/orders/{key}/events"))["events"]
    assert [event["operation"] for event in history] == ["INSERT", "UPDATE", "DELETE"]


def test_rows_without_version_have_a_tag(api: httpx.Client, attached: EmbeddedStack) -> None:
    """Without a version the entity tag is of the contents: a stale change is refused."""
    tag = api.get("/api/orders/20").headers["etag"]
    attached.psql("UPDATE sales.sales_order SET net = 1.23 WHERE sales_order_id = 20")
    stale = api.put("/api/orders/20", json={"pieces": 3}, headers={"If-Match": tag})
    assert problem(stale, 412)["order"]["net"] == 1.23
    now = api.get("/api/orders/20").headers["etag"]
    ok(api.put("/api/orders/20", json={"pieces": 3}, headers={"If-Match": now}))


def test_events_name_orders_by_their_key(attached: EmbeddedStack) -> None:
    """Events of the main table carry `order` and `order_id`; those of its children the parent's."""
    before = head(attached)
    with _follow(attached) as follower:
        attached.psql(
            "WITH made AS (INSERT INTO sales.sales_order (order_no, buyer_name)"
            " VALUES ('so-600', 'Bo') RETURNING sales_order_id)"
            " INSERT INTO sales.sales_line SELECT sales_order_id, 1, 'Lamp', 1 FROM made"
        )
        events = follower.until(before + 2)
    order, line = (event for event in events if event["position"] > before)
    assert order["table"] == "orders"
    assert order["order"]["order_no"] == "SO-600"
    assert order["order_id"] == order["order"]["sales_order_id"]
    assert (line["table"], line["order_id"]) == ("sales.sales_line", order["order_id"])
    assert line["key"] == {"sales_order_id": order["order_id"], "line_no": 1}


def test_the_client_follows_by_the_key(attached: EmbeddedStack) -> None:
    """The Python client joins snapshot and stream whatever the key is called."""
    book = OrderBook({"order_id": [21, 22]})
    asyncio.run(_follow_one(attached, book))
    assert book.orders[22]["net"] == 77
    assert set(book.orders) == {21, 22}


async def _follow_one(attached: EmbeddedStack, book: OrderBook) -> None:
    """Keep a book until one event has been applied."""
    url = attached.edge.replace("http", "ws", 1) + "/ws"
    async with (
        httpx.AsyncClient(base_url=attached.edge) as http,
        OrdersClient(url, tables=book.tables) as client,
    ):
        async for item in follow(client, http, book):
            if not isinstance(item, Snapshot):
                return
            assert set(book.orders) == {21, 22}
            attached.psql("UPDATE sales.sales_order SET net = 77 WHERE sales_order_id IN (22, 23)")


def test_commands_use_the_schema(attached: EmbeddedStack) -> None:
    """The command line exports and imports rows by the owner's columns and key."""
    done = orders("tables", folder=attached.folder)
    assert "orders = sales.sales_order" in done.stdout
    done = orders("export", folder=attached.folder)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows[0].keys() >= {"sales_order_id", "order_no", "state"}
    file = attached.folder / "more.csv"
    file.write_text("order_no,buyer_name,state\nSO-30,Cy,void\nSO-700,Di,open\n")
    done = orders("import", str(file), "--upsert-by", "order_no", folder=attached.folder)
    assert done.returncode == 0, done.stderr
    shown = (
        "SELECT buyer_name FROM sales.sales_order WHERE order_no IN ('SO-30', 'SO-700') ORDER BY 1"
    )
    assert attached.psql(shown).split() == ["Cy", "Di"]


def test_no_invented_orders_unasked(attached: EmbeddedStack) -> None:
    """`orders simulate` writes into an owner's database only with --yes."""
    count = "SELECT count(*) FROM sales.sales_order"
    before = int(attached.psql(count))
    simulate = ("simulate", "--rate", "50", "--seconds", "2")
    done = orders(*simulate, folder=attached.folder)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stdout + done.stderr
    assert "--yes" in done.stderr
    assert int(attached.psql(count)) == before
    done = orders(*simulate, "--yes", folder=attached.folder)
    assert done.returncode == 0, done.stderr
    until(lambda: int(attached.psql(count)) > before, what="an order")


def test_a_running_system_is_not_detached(attached: EmbeddedStack) -> None:
    """A detach while API and listener are connected is refused: it would break them."""
    done = orders("attach", "--detach", "--yes", folder=attached.folder)
    assert done.returncode == 2
    assert "stop `orders up` first" in done.stderr
