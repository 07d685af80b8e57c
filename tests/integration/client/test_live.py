"""Live tables, events and writes of the Python SDK with real services."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.follower import Follower
from harness.pipeline import Pipeline, Service, has_every_event, listening
from harness.ports import free_port
from harness.proxy import Proxy
from harness.servers import Postgres
from harness.waiting import BUSY, until, until_async
from harness.webserver import Answer, Request, served
from real_time_orders import (
    ConflictError,
    Events,
    FileStore,
    Kind,
    Live,
    LiveTable,
    MissedEventsError,
    OrderBook,
    OrdersClient,
    RefusedError,
    Status,
    WriteError,
    connect,
    follow,
    sync,
    writes,
)
from real_time_orders.snapshots import fetch_snapshot

pytestmark = pytest.mark.anyio

SETUP = (
    "ALTER TABLE orders ADD COLUMN total numeric, ADD COLUMN store text NOT NULL DEFAULT 'Berlin'",
    "CREATE TABLE order_lines (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sku text)",
    "ALTER TABLE order_lines ADD COLUMN order_id bigint REFERENCES orders ON DELETE CASCADE",
    "SELECT watch_table('order_lines')",
)


@pytest.fixture(scope="module")
def pipeline(postgres: Postgres) -> Iterator[Pipeline]:
    """Start a listener for all tests of this module."""
    with listening(postgres, *SETUP) as started:
        yield started


@pytest.fixture(scope="module")
def api(pipeline: Pipeline) -> Service:
    """Start an API."""
    return pipeline.api()


@pytest.fixture(scope="module")
def gateway(pipeline: Pipeline) -> Service:
    """Start a gateway."""
    return pipeline.gateway(HEARTBEAT_INTERVAL_S="1").ready()


@pytest.fixture(params=list(Kind))
async def live(
    request: pytest.FixtureRequest, pipeline: Pipeline, gateway: Service, api: Service
) -> AsyncIterator[Live]:
    """Connect to an empty table of orders, over each kind of connection."""
    run(pipeline, "DELETE FROM orders")
    until(lambda: has_every_event(pipeline, gateway))
    async with connect(gateway.url, api=api.url, transport=request.param) as connected:
        yield connected


def run(pipeline: Pipeline, statement: str, *values: Any) -> None:
    """Commit a statement."""
    with pipeline.database.connect() as sql:
        sql.execute(statement.encode(), values)


def has_schema(pipeline: Pipeline, gateway: Service) -> bool:
    """Return whether the gateway has the schema that PostgreSQL has."""
    with Follower(gateway.ws_url) as follower, pipeline.database.connect() as sql:
        version = sql.execute("SELECT order_schema_version()").fetchone()
    return version == (follower.hello["schema"],)


def order(pipeline: Pipeline, customer: str, total: float = 0, store: str = "Berlin") -> int:
    """Insert an order; return its id."""
    with pipeline.database.connect() as sql:
        found = sql.execute(
            "INSERT INTO orders (customer_name, product_name, total, store)"
            " VALUES (%s, 'Desk', %s, %s) RETURNING id",
            [customer, total, store],
        ).fetchone()
    assert found is not None
    return int(found[0])


async def shows(table: LiveTable, wanted: Callable[[LiveTable], bool]) -> None:
    """Wait until the rows are as wanted."""
    async with asyncio.timeout(BUSY * 5):
        async for _ in table:
            if wanted(table):
                return


def customers(table: LiveTable) -> list[str]:
    """Return the customers of the rows, in order."""
    return [row["customer_name"] for row in table.rows]


async def test_rows_are_live_filtered_sorted_and_limited(pipeline: Pipeline, live: Live) -> None:
    """I7: the first rows in order, refilled from the server when rows leave."""
    for number in range(12):
        order(pipeline, f"c{number:02}", total=number)
    order(pipeline, "elsewhere", total=99, store="Hamburg")
    table = live.table("orders", filter={"store": ["Berlin"]}, sort="-total", limit=3)
    await shows(table, lambda t: customers(t) == ["c11", "c10", "c09"])
    assert table.state.status in {Status.LIVE, Status.LOADING}
    order(pipeline, "new", total=10.5)
    await shows(table, lambda t: customers(t) == ["c11", "new", "c10"])
    run(pipeline, "UPDATE orders SET store = 'Hamburg' WHERE customer_name = 'c11'")
    await shows(table, lambda t: customers(t) == ["new", "c10", "c09"])
    run(pipeline, "DELETE FROM orders WHERE total BETWEEN 4 AND 11")
    await shows(table, lambda t: customers(t) == ["c03", "c02", "c01"])
    run(pipeline, "UPDATE orders SET total = 0.5 WHERE customer_name = 'c03'")
    await shows(table, lambda t: customers(t) == ["c02", "c01", "c03"])


async def test_orders_have_their_children(pipeline: Pipeline, live: Live) -> None:
    """I7: children join their order, also that of an order which begins to match."""
    ann, bob = order(pipeline, "Ann"), order(pipeline, "Bob", store="Hamburg")
    for parent, sku in ((ann, "a1"), (bob, "b1"), (bob, "b2")):
        run(pipeline, "INSERT INTO order_lines (order_id, sku) VALUES (%s, %s)", parent, sku)
    table = live.table("orders", filter={"store": ["Berlin"]}, include=["order_lines"])

    def lines(table: LiveTable) -> list[list[str]]:
        return [[line["sku"] for line in row["order_lines"]] for row in table.rows]

    await shows(table, lambda t: lines(t) == [["a1"]])
    run(pipeline, "INSERT INTO order_lines (order_id, sku) VALUES (%s, 'a2')", ann)
    await shows(table, lambda t: lines(t) == [["a1", "a2"]])
    run(pipeline, "UPDATE orders SET store = 'Berlin'")
    await shows(table, lambda t: lines(t) == [["b1", "b2"], ["a1", "a2"]])
    run(pipeline, "UPDATE order_lines SET order_id = %s WHERE sku = 'b1'", ann)
    run(pipeline, "DELETE FROM order_lines WHERE sku = 'a1'")
    await shows(table, lambda t: [sorted(each) for each in lines(t)] == [["b2"], ["a2", "b1"]])
    made = await table.insert(
        {"customer_name": "Cid", "product_name": "Desk", "order_lines": [{"sku": "c1"}]}
    )
    await shows(table, lambda t: t.rows[0]["id"] == made["id"] and lines(t)[0] == ["c1"])
    run(pipeline, "DELETE FROM orders WHERE id = %s", bob)
    await shows(table, lambda t: len(t.rows) == 2)


async def test_writes_are_shown_at_once_and_conflicts_keep_both_values(
    pipeline: Pipeline, live: Live
) -> None:
    """An update is seen before its answer; a late one overwrites nothing and tells both values."""
    number = order(pipeline, "Ann", total=5)
    table = await live.table("orders").loaded()
    writing = asyncio.create_task(table.update(number, {"total": 7}))
    await asyncio.sleep(0)  # until the task runs
    assert [row["total"] for row in table.rows] == [7]
    assert (await writing)["version"] == 2
    await shows(table, lambda t: t.rows[0]["version"] == 2)
    read = dict(table.rows[0])
    run(pipeline, "UPDATE orders SET total = 8, status = 'shipped'")
    with pytest.raises(ConflictError) as late:
        await table.update(number, {"total": 9}, read=read)
    assert late.value.columns == {"total": (9, 8)}
    assert (late.value.mine, late.value.theirs["status"]) == ({"total": 9}, "shipped")
    await shows(table, lambda t: t.rows[0]["total"] == 8)
    with pytest.raises(WriteError) as invalid:
        await table.update(number, {"status": "nonsense"})
    assert list(invalid.value.errors) == ["status"]
    assert (late.value.code, invalid.value.code) == ("row_changed", "invalid_input")
    await shows(table, lambda t: t.rows[0]["status"] == "shipped")
    with pytest.raises(ConflictError):
        await table.delete(number, read=read)
    await table.delete(number)
    await shows(table, lambda t: t.rows == [])


async def test_many_rows_are_written_each_by_itself(pipeline: Pipeline, live: Live) -> None:
    """Outcomes come in the order of the rows; one that has changed since is left as it is."""
    ids = [order(pipeline, f"c{number}") for number in range(7)]
    table = await live.table("orders", sort="id").loaded()
    read = dict(table.rows[2])
    run(pipeline, "UPDATE orders SET total = 8 WHERE id = %s", ids[2])
    await shows(table, lambda t: t.rows[2]["version"] == 2)
    wanted = [*ids[:2], read, ids[6] + 1, *ids[3:]]
    writing = table.update_many(wanted, {"total": 5}, at_once=3)
    first = asyncio.ensure_future(anext(writing))
    await asyncio.sleep(0)  # until the task runs
    assert [row["total"] for row in table.rows] == [5, 5, 5, 0, 0, 0, 0]
    outcomes = [await first, *[each async for each in writing]]
    assert [each.key for each in outcomes] == [*ids[:3], ids[6] + 1, *ids[3:]]
    assert [each.version for each in outcomes] == [2, 2, None, None, 2, 2, 2, 2]
    late, missing = outcomes[2].error, outcomes[3].error
    assert isinstance(late, ConflictError)
    assert late.columns == {"total": (5, 8)}
    assert missing is not None
    assert (missing.status, missing.code) == (404, "row_not_found")
    await shows(table, lambda t: [row["total"] for row in t.rows] == [5, 5, 8, 5, 5, 5, 5])
    deleted = [each async for each in table.delete_many(table.rows)]
    assert [(each.key, each.error) for each in deleted] == [(number, None) for number in ids]
    await shows(table, lambda t: t.rows == [])


async def test_many_rows_are_written_once(
    pipeline: Pipeline, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request is sent again if its answer is lost; without any answer no other is sent."""
    monkeypatch.setattr(writes, "ATTEMPTS", 2)
    ids = [order(pipeline, f"c{number}") for number in range(5)]
    table = await live.table("orders", sort="id").loaded()
    lost = [True, False, False, False, True, True]
    sent: list[str] = []

    async def lose(answer: httpx.Response) -> None:
        if answer.request.method == "PATCH":
            sent.append(answer.request.headers["Idempotency-Key"])
            if lost.pop(0):
                raise httpx.ReadError("lost")

    live.api.event_hooks["response"] = [lose]
    done = [each async for each in table.update_many(ids, {"total": 5}, at_once=2)]
    assert [(each.version, each.error) for each in done] == [(2, None)] * 5
    assert (sent[0] == sent[1], len(set(sent))) == (True, 3)
    failed = [each async for each in table.update_many(ids, {"total": 6}, at_once=2)]
    assert [each.error and each.error.status for each in failed] == [0] * 5
    assert (lost, len(set(sent))) == ([], 4)
    with pytest.raises(ValueError, match="not a key"):
        await anext(table.delete_many([*ids, (1, 2)]))


async def test_rows_survive_a_gateway(pipeline: Pipeline, api: Service) -> None:
    """I7: rows are stale while no gateway answers, then right; none is missed."""
    run(pipeline, "DELETE FROM orders")
    gateways = [pipeline.gateway().ready() for _ in range(2)]
    proxy = Proxy(gateways[0].port)
    await proxy.open()
    states: list[Status] = []
    async with connect(f"http://127.0.0.1:{proxy.port}", api=api.url) as live:
        table = live.table("orders")
        table.subscribe(lambda: states.append(table.state.status))
        await table.loaded()
        order(pipeline, "Ann")
        await shows(table, lambda t: customers(t) == ["Ann"])
        gateways[0].process.kill()
        await shows(table, lambda t: t.state.status is Status.STALE)
        assert table.state.reason
        order(pipeline, "Bob")
        proxy._target = gateways[1].port
        await shows(table, lambda t: customers(t) == ["Bob", "Ann"])
    await proxy.close()
    await until_async(lambda: _is(states[-1], Status.CLOSED))
    assert {Status.LOADING, Status.STALE, Status.LIVE} <= set(states)


async def test_events_resume_over_restarts(pipeline: Pipeline, live: Live, tmp_path: Path) -> None:
    """I7: a consumer with a store gets every event once and in order, over restarts."""
    store = FileStore(tmp_path / "place.json")
    position = await _head(live)
    written = [order(pipeline, f"c{number}") for number in range(7)]
    runs = [await take(live.events(after=position, store=store), 2) for _ in range(3)]
    assert sum(runs, []) == written[:6]  # noqa: RUF017  three short lists
    events = live.events(tables={"orders": {"customer_name": ["c9"]}}, store=store)
    async with aclosing(aiter(events)) as iterator:
        waiting = asyncio.ensure_future(anext(iterator))
        order(pipeline, "c8")
        last = order(pipeline, "c9")
        assert (await waiting).order_id == last


async def take(events: Events, number: int) -> list[int | None]:
    """Process some events; the next one is read but not processed, so it returns."""
    found: list[int | None] = []
    async with asyncio.timeout(BUSY * 5), aclosing(aiter(events)) as iterator:
        async for event in iterator:
            if len(found) == number:
                break
            found.append(event.order_id)
    return found


async def _head(live: Live) -> int:
    answer = await live.api.get("/api/orders?limit=1")
    position: int = answer.json()["position"]
    return position


async def test_missing_events_are_an_error(live: Live) -> None:
    """I7: a consumer whose events are gone is told, with the place from which it can go on."""
    with pytest.raises(MissedEventsError, match="unknown_stream") as lost:
        await anext(aiter(live.events(after=3, stream="00000000-0000-0000-0000-000000000000")))
    assert lost.value.place.position == await _head(live)


async def test_what_the_server_refuses_ends_a_table(live: Live) -> None:
    """A filter on no column is an error for those who wait, and a state for those who look."""
    table = live.table("orders", filter={"colour": ["red"]})
    with pytest.raises(RefusedError, match="colour"):
        await table.loaded()
    await until_async(lambda: _is(table.state.status, Status.FAILED))
    with pytest.raises(RefusedError):
        await live.table("nowhere").loaded()


async def _is(status: Status, wanted: Status) -> bool:
    return status is wanted


@pytest.mark.parametrize("kind", list(Kind))
def test_the_same_without_async(
    pipeline: Pipeline, gateway: Service, api: Service, kind: Kind
) -> None:
    """A program without an event loop has the same tables, events and writes."""
    run(pipeline, "DELETE FROM orders")
    with sync.connect(gateway.url, api=api.url, transport=kind) as live:
        table = live.table("orders", sort="id").loaded()
        made = table.insert({"customer_name": "Ann", "product_name": "Desk"})
        for rows in table:
            if rows:
                break
        assert rows[0]["id"] == made["id"]
        events = live.events(after=0)
        assert next(iter(events)).position == 1
        assert events.place.position == 1
        assert table.update(made["id"], {"total": 3})["total"] == 3
        until(lambda: table.rows[0]["total"] == 3 and table.rows[0]["version"] == 2)
        with pytest.raises(ConflictError):
            table.update(made["id"], {"total": 4}, read=made)
        again = table.update_many([made, made["id"]], {"total": 4}, at_once=1)
        assert [each.version for each in again] == [None, 3]
        assert [each.error for each in table.delete_many([made["id"]])] == [None]
        until(lambda: table.rows == [] and table.state.status is Status.LIVE)


@pytest.mark.parametrize("is_restored", [False, True])
async def test_ddl_before_the_first_connection(
    pipeline: Pipeline, gateway: Service, api: Service, *, is_restored: bool
) -> None:
    """I10: rows that DDL changed between the snapshot and the stream are fetched again."""
    run(pipeline, "DELETE FROM orders")
    number = order(pipeline, "Ann", 1)
    until(lambda: has_every_event(pipeline, gateway))
    port = free_port()
    book = OrderBook()
    url = f"http://127.0.0.1:{port}"
    async with (
        connect(url, api=api.url, transport=Kind.WEBSOCKET) as live,
        httpx.AsyncClient(base_url=api.url) as http,
        OrdersClient(url, tables=book.tables, transport=Kind.WEBSOCKET) as client,
    ):
        if is_restored:
            book.load(await fetch_snapshot(http, book.tables))
        else:
            table = await live.table("orders").loaded()
        run(pipeline, "ALTER TABLE orders ALTER total TYPE numeric USING total + 1")
        until(lambda: has_schema(pipeline, gateway))
        pipeline.gateway(WS_PORT=str(port), HEARTBEAT_INTERVAL_S="1").ready()
        if not is_restored:
            await shows(table, lambda shown: [row["total"] for row in shown.rows] == [2])
            return
        async with asyncio.timeout(15 * BUSY):
            async for _ in follow(client, http, book):
                if book.orders[number]["total"] == 2:
                    return


async def test_an_api_that_reads_a_schema_late(
    pipeline: Pipeline, gateway: Service, api: Service
) -> None:
    """I10: rows are kept by the new primary key, though the stream announces it before the API."""
    run(pipeline, "CREATE TABLE parts (old int PRIMARY KEY, new int NOT NULL)")
    run(pipeline, "SELECT watch_table('parts')")
    run(pipeline, "INSERT INTO parts VALUES (1, 10)")
    stale: list[bytes] = []

    def schema() -> bytes:
        return httpx.get(f"{api.url}/api/schema").content

    def answer(request: Request) -> Answer:
        if request.path == "/api/schema" and stale:
            return Answer(stale.pop())
        answered = httpx.get(f"{api.url}{request.path}")
        return Answer(answered.content, answered.status_code)

    until(lambda: b"parts" in schema() and has_schema(pipeline, gateway))
    until(lambda: has_every_event(pipeline, gateway))
    with served(answer) as address:
        async with connect(gateway.url, api=f"http://{address}", transport=Kind.WEBSOCKET) as live:
            table = await live.table("parts").loaded()

            async def is_live() -> bool:
                return table.state.status is Status.LIVE

            async def has_reloaded() -> bool:
                return len(stale) < 3 and await is_live()

            await until_async(is_live, 10)
            stale += [schema()] * 3
            run(pipeline, "ALTER TABLE parts DROP CONSTRAINT parts_pkey, ADD PRIMARY KEY (new)")
            await until_async(has_reloaded, 10)
            run(pipeline, "DELETE FROM parts")
            await shows(table, lambda shown: shown.rows == [])
