"""The client package with a real listener, gateways and API."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from signal import SIGCONT, SIGSTOP

import httpx
import psycopg
import pytest

from harness.follower import Follower
from harness.pipeline import Pipeline, Service
from harness.waiting import until, until_async
from real_time_orders import Event, OrderBook, OrdersClient, Phase, RefusedError, State, follow
from real_time_orders.items import Item, Row, SchemaChanged, Tables

INSERT = b"INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"

pytestmark = pytest.mark.anyio


async def write(pipeline: Pipeline, statement: bytes = INSERT, times: int = 1) -> None:
    """Commit a statement this many times."""
    async with await psycopg.AsyncConnection.connect(pipeline.database.url, autocommit=True) as sql:
        for _ in range(times):
            await sql.execute(statement)


async def until_known(pipeline: Pipeline, gateway: Service) -> None:
    """Wait until a gateway knows the tables as they are now."""
    with pipeline.database.connect() as sql:
        wanted = (sql.execute("SELECT order_schema_version()").fetchone() or [""])[0]

    def known() -> bool:
        with Follower(gateway.ws_url) as follower:
            return bool(follower.hello["schema"] == wanted)

    await asyncio.to_thread(until, known)


async def take(client: OrdersClient, number: int) -> list[Item]:
    """Return the next items."""
    items: list[Item] = []
    async with asyncio.timeout(60):
        async for item in client:
            items.append(item)
            if len(items) == number:
                break
    return items


@asynccontextmanager
async def following(
    client: OrdersClient, api: Service, book: OrderBook
) -> AsyncIterator[Callable[[], None]]:
    """Follow the stream in the background; yields a function that raises if that failed."""

    async def run() -> None:
        async with client, httpx.AsyncClient(base_url=api.url) as http:
            async for _ in follow(client, http, book):
                pass

    task = asyncio.create_task(run())
    try:
        yield lambda: task.result() if task.done() else None
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def taking(
    number: int, url: str, tables: Tables | None = None
) -> AsyncIterator["asyncio.Task[list[Item]]"]:
    """Take items in the background; the block begins once the client is live."""
    live = asyncio.Event()

    def tell(state: State) -> None:
        if state.phase is Phase.LIVE:
            live.set()

    async with OrdersClient(url, tables=tables, on_state=tell) as client:
        task = asyncio.create_task(take(client, number))
        waiting = asyncio.create_task(live.wait())
        await asyncio.wait({task, waiting}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        assert live.is_set(), task
        yield task


async def test_events_come_as_they_happen(pipeline: Pipeline) -> None:
    """I1: a client without a place gets the events from now on."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    async with taking(2, gateway.ready().ws_url) as items:
        await write(pipeline, times=2)
        assert [item.position for item in await items if isinstance(item, Event)] == [1, 2]


async def live_at(states: list[State], urls: list[str]) -> int:
    """Wait until a client is live; return at which of the addresses."""

    async def live() -> list[State]:
        return [state for state in states[-1:] if state.phase is Phase.LIVE]

    (state,) = await until_async(live)
    return urls.index(str(state.url))


async def test_another_gateway_takes_over(pipeline: Pipeline) -> None:
    """I7: when the gateway dies, the client continues at the next address and loses nothing."""
    pipeline.listener().ready()
    gateways = [pipeline.gateway().ready(), pipeline.gateway().ready()]
    api = pipeline.api()
    book = OrderBook()
    states: list[State] = []
    urls = [gateway.ws_url for gateway in gateways]
    async with following(OrdersClient(urls, on_state=states.append), api, book) as check:
        await write(pipeline, times=5)

        async def has(number: int) -> bool:
            check()
            return len(book.orders) == number

        await until_async(lambda: has(5))
        first = await live_at(states, urls)
        gateways[first].process.kill()
        await write(pipeline, times=5)
        await until_async(lambda: has(10))
        assert await live_at(states, urls) != first
    phases = [state.phase for state in states]
    assert Phase.WAITING in phases
    assert phases[-1] is Phase.CLOSED


async def test_a_frozen_gateway_is_left(pipeline: Pipeline) -> None:
    """I7: a client leaves a gateway that keeps the connection open but sends nothing."""
    pipeline.listener().ready()
    gateways = [pipeline.gateway(HEARTBEAT_INTERVAL_S="0.5").ready() for _ in range(2)]
    api = pipeline.api()
    book = OrderBook()
    states: list[State] = []
    urls = [gateway.ws_url for gateway in gateways]
    async with following(OrdersClient(urls, on_state=states.append), api, book) as check:

        async def has(number: int) -> bool:
            check()
            return len(book.orders) == number

        await write(pipeline)
        await until_async(lambda: has(1))
        frozen = gateways[await live_at(states, urls)].process
        frozen.signal(SIGSTOP)
        try:
            await write(pipeline)
            await until_async(lambda: has(2), 30)  # it may try the frozen one once more
        finally:
            frozen.signal(SIGCONT)


async def test_a_filtered_book_keeps_what_matches(pipeline: Pipeline) -> None:
    """I7: a filtered book holds exactly the matching rows as they change."""
    pipeline.listener().ready()
    gateway, api = pipeline.gateway().ready(), pipeline.api()
    await write(pipeline, times=3)
    wanted = {"status": ["shipped"]}
    book = OrderBook(wanted)
    client = OrdersClient(gateway.ws_url, tables=book.tables)
    async with following(client, api, book) as check:

        async def holds(*ids: int) -> bool:
            check()
            return set(book.orders) == set(ids)

        await write(pipeline, b"UPDATE orders SET status = 'shipped' WHERE id <= 2")
        await until_async(lambda: holds(1, 2), 10)
        await write(pipeline, b"UPDATE orders SET status = 'delivered' WHERE id = 1")
        await until_async(lambda: holds(2), 10)
        await write(pipeline, b"TRUNCATE orders")
        await until_async(holds, 10)


async def test_a_new_stream_is_a_reset_and_a_new_book(pipeline: Pipeline) -> None:
    """I7: with another database the book is reloaded, and no rows are mixed."""
    pipeline.listener().ready()
    gateway, api = pipeline.gateway().ready(), pipeline.api()
    await write(pipeline, times=3)
    book = OrderBook()
    async with following(OrdersClient(gateway.ws_url), api, book) as check:

        async def has(number: int) -> bool:
            check()
            return len(book.orders) == number

        await until_async(lambda: has(3), 10)
        assert book.place is not None
        before = book.place.stream
        await write(pipeline, b"UPDATE order_stream SET id = gen_random_uuid()")
        await write(pipeline)
        await until_async(lambda: has(4), 15)
    assert book.place is not None
    assert book.place.stream != before


async def test_rows_of_another_table(pipeline: Pipeline) -> None:
    """I10: a client learns of a newly watched table; another client follows it with a filter."""
    pipeline.listener().ready()
    url = pipeline.gateway().ready().ws_url
    async with taking(1, url) as items:
        columns = b"no int, lang text, text text, PRIMARY KEY (no, lang)"
        await write(pipeline, b"CREATE TABLE notes (%b)" % columns)
        await write(pipeline, b"SELECT watch_table('notes')")
        (changed,) = await items
        assert isinstance(changed, SchemaChanged)
    async with taking(2, url, {"notes": {"lang": ["en"], "no": {"gte": 2}}}) as items:
        await write(pipeline, b"INSERT INTO notes VALUES (1, 'en', 'no'), (2, 'de', 'no')")
        await write(pipeline)
        await write(pipeline, b"INSERT INTO notes VALUES (3, 'en', 'yes')")
        await write(pipeline, b"UPDATE notes SET no = 0 WHERE no = 3")
        first, second = await items
    assert isinstance(first, Event)
    assert (first.table, first.operation) == ("notes", "INSERT")
    assert first.key == {"no": 3, "lang": "en"}
    assert first.row == {"no": 3, "lang": "en", "text": "yes"}
    assert isinstance(second, Event)
    assert (second.operation, second.key) == ("DELETE", {"no": 3, "lang": "en"})


async def test_a_book_of_orders_and_their_children(pipeline: Pipeline) -> None:
    """I7: a book holds orders and the matching rows of a child table, whatever its name."""
    pipeline.listener().ready()
    gateway, api = pipeline.gateway().ready(), pipeline.api()
    name = "lines, 100% a day?"
    await write(pipeline)
    columns = (
        b"id bigint PRIMARY KEY, kind text, order_id bigint REFERENCES orders ON DELETE CASCADE"
    )
    for statement in (
        b'CREATE TABLE "%b" (' + columns + b")",
        b"SELECT watch_table('\"%b\"')",
        b"INSERT INTO \"%b\" VALUES (1, 'a', 1), (2, 'b', 1), (3, 'a', 1)",
    ):
        await write(pipeline, statement % name.encode())
    await until_known(pipeline, gateway)
    book = OrderBook(tables={"orders": {}, name: {"kind": ["a"]}})
    client = OrdersClient(gateway.ws_url, tables=book.tables)
    async with following(client, api, book) as check:

        async def holds(orders: set[int], *lines: int) -> bool:
            check()
            return set(book.orders) == orders and {row["id"] for row in rows()} == set(lines)

        def rows() -> list[Row]:
            return list(book.rows[name].values())

        await until_async(lambda: holds({1}, 1, 3), 20)
        await write(pipeline, b"UPDATE \"%b\" SET kind = 'b' WHERE id = 1" % name.encode())
        await until_async(lambda: holds({1}, 3), 10)
        await write(pipeline, b"DELETE FROM orders WHERE id = 1")
        await until_async(lambda: holds(set()), 10)


async def test_a_book_follows_new_columns(pipeline: Pipeline) -> None:
    """I10: rows that no event touches get a new column too, with every digit of its values."""
    pipeline.listener().ready()
    gateway, api = pipeline.gateway().ready(), pipeline.api()
    await write(pipeline)
    book = OrderBook()
    async with following(OrdersClient(gateway.ws_url), api, book) as check:

        async def shows(total: str) -> bool:
            check()
            return [str(row.get("total")) for row in book.orders.values()] == [total]

        await until_async(lambda: shows("None"), 10)
        column = b"ALTER TABLE orders ADD COLUMN total numeric DEFAULT 12345678901234567890.10"
        await write(pipeline, column)
        await until_async(lambda: shows("12345678901234567890.10"), 10)


async def test_a_book_with_values_that_python_cannot_parse(pipeline: Pipeline) -> None:
    """I11: an integer of 5,000 digits stops neither a snapshot nor an event."""
    pipeline.listener().ready()
    gateway, api = pipeline.gateway().ready(), pipeline.api()
    await write(pipeline, b"ALTER TABLE orders ADD COLUMN note json")
    columns = b"INSERT INTO orders (customer_name, product_name, note)"
    insert = columns + b" VALUES ('Ada', 'Loom', repeat('9', 5000)::json)"
    await write(pipeline, insert)
    book = OrderBook()
    async with following(OrdersClient(gateway.ws_url), api, book) as check:

        async def has(number: int) -> bool:
            check()
            return len(book.orders) == number

        await until_async(lambda: has(1), 10)
        await write(pipeline, insert)
        await until_async(lambda: has(2), 10)
        assert {row["product_name"] for row in book.orders.values()} == {"Loom"}


async def test_a_wrong_address_is_an_error(pipeline: Pipeline) -> None:
    """An address that does not exist is an error, not a reason to wait."""
    pipeline.listener().ready()
    gateway = pipeline.gateway().ready()
    async with OrdersClient(gateway.ws_url + "nowhere") as client:
        with pytest.raises(RefusedError, match="404"):
            await take(client, 1)
