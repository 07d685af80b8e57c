"""Server-sent events in place of a WebSocket, with a real listener, gateway and API."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from socket import SO_RCVBUF, SOL_SOCKET
from typing import Any, Self

import pytest

from harness.pipeline import Pipeline, Service, has_every_event, listening
from harness.proxy import PlainHttpProxy
from harness.servers import Postgres
from harness.signing import ASKING, token
from harness.waiting import BUSY, until, until_async
from orders_contract.backoff import Backoff
from real_time_orders import Event, Kind, OrdersClient, Phase, RefusedError, State

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def pipeline(postgres: Postgres) -> Iterator[Pipeline]:
    """Start a listener for all tests of this module."""
    with listening(postgres, "ALTER TABLE orders ADD COLUMN note text") as started:
        yield started


@pytest.fixture(scope="module")
def gateway(pipeline: Pipeline) -> Service:
    """Start a gateway."""
    return pipeline.gateway(HEARTBEAT_INTERVAL_S="0.5", CONFLATE_AFTER_EVENTS="500").ready()


@pytest.fixture
async def proxy(pipeline: Pipeline, gateway: Service) -> AsyncIterator[PlainHttpProxy]:
    """Put a proxy without WebSocket before the gateway, which has what tests before wrote."""
    until(lambda: has_every_event(pipeline, gateway))
    between = PlainHttpProxy(gateway.port)
    await between.open()
    yield between
    await between.close()


def write(pipeline: Pipeline, *customers: str) -> None:
    """Commit an order for each customer."""
    with pipeline.database.connect() as sql:
        for customer in customers:
            sql.execute("INSERT INTO orders VALUES (DEFAULT, %s, 'Desk')", [customer])


class Following:
    """A client in the background, what it received and its states."""

    def __init__(self, url: str, **options: Any) -> None:
        self.states: list[State] = []
        self.customers: list[str] = []
        self.client = OrdersClient(
            url, on_state=self.states.append, backoff=Backoff(ceiling_s=0.2), **options
        )
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        await until_async(self.is_live)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        async with self.client, aclosing(self.client.batches()) as batches:
            async for items in batches:
                self.customers += [
                    item.row["customer_name"]
                    for item in items
                    if isinstance(item, Event) and item.row
                ]

    async def is_live(self) -> bool:
        """Return whether it follows the stream; raise if it ended."""
        assert self._task is not None
        if self._task.done():
            self._task.result()
        return bool(self.states) and self.states[-1].phase is Phase.LIVE

    async def has(self, *customers: str) -> bool:
        """Return whether it received exactly these."""
        await self.is_live()
        return self.customers == list(customers)

    @property
    def kind(self) -> Kind | None:
        """The kind of its connection."""
        return None if self.client.connection is None else self.client.connection.kind


async def test_server_sent_events_where_no_websocket_comes_through(
    pipeline: Pipeline, proxy: PlainHttpProxy
) -> None:
    """I7: behind a proxy that strips Upgrade nothing is missed, with a filter and over failures."""
    url = f"ws://127.0.0.1:{proxy.port}/ws"
    async with Following(url, filter={"customer_name": ["Ann", "Cid"]}) as client:
        assert client.kind is Kind.EVENTS
        write(pipeline, "Ann", "Bob")
        await until_async(lambda: client.has("Ann"))
        proxy.cut()
        write(pipeline, "Cid", "Dan")
        await until_async(lambda: client.has("Ann", "Cid"))
        assert client.kind is Kind.EVENTS


async def test_websocket_is_tried_again(
    pipeline: Pipeline, proxy: PlainHttpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I7: a client on server-sent events returns to WebSocket when that comes through again."""
    monkeypatch.setattr("real_time_orders.fallback.FIRST_S", 0.5)
    async with Following(f"http://127.0.0.1:{proxy.port}") as client:
        assert client.kind is Kind.EVENTS
        proxy.upgrades = True

        async def upgraded() -> bool:
            return await client.is_live() and client.kind is Kind.WEBSOCKET

        await until_async(upgraded)
        write(pipeline, "Eve")
        await until_async(lambda: client.has("Eve"))


async def test_a_bad_filter_is_refused(gateway: Service) -> None:
    """A filter that names no column is an error over server-sent events, too, with its reason."""
    client = OrdersClient(gateway.url, filter={"colour": ["red"]}, transport=Kind.EVENTS)
    async with client:
        with pytest.raises(RefusedError, match=r"orders\.colour"):
            await anext(aiter(client))


async def test_a_token_is_renewed_by_another_connection(pipeline: Pipeline) -> None:
    """Before its token expires the client reconnects with a fresh one; no event is lost."""
    api = pipeline.api(**ASKING)
    guarded = pipeline.gateway(**ASKING, API_URL=api.url).ready()
    until(lambda: has_every_event(pipeline, guarded))
    tokens: list[str] = []

    def fresh() -> str:
        tokens.append(token("viewer", ttl_s=61 if not tokens else 3600))
        return tokens[-1]

    async with Following(guarded.url, token=fresh, transport=Kind.EVENTS) as client:
        await until_async(lambda: _is(len(tokens) > 1))
        await until_async(client.is_live)
        write(pipeline, "Fay")
        await until_async(lambda: client.has("Fay"))
    with pytest.raises(RefusedError, match="401"):
        async with OrdersClient(guarded.url, token="bad") as refused:
            await anext(aiter(refused))


async def _is(value: object) -> object:
    return value


async def test_a_slow_reader_is_bounded(pipeline: Pipeline, gateway: Service) -> None:
    """I6: a client that does not read gets the newest states, in order, once it reads again."""
    async with OrdersClient(gateway.url, transport=Kind.EVENTS) as client:
        batches = client.batches()
        seen = [item for item in await anext(batches) if isinstance(item, Event)]
        assert client.connection is not None
        client.connection.socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 65_536)
        write(pipeline, "Gus")
        head = await asyncio.to_thread(write_much, pipeline)
        async with asyncio.timeout(BUSY * 5):
            while not seen or seen[-1].position < head:
                seen += [item for item in await anext(batches) if isinstance(item, Event)]
    positions = [event.position for event in seen]
    assert positions == sorted(set(positions))
    assert any(event.conflated for event in seen)


def write_much(pipeline: Pipeline) -> int:
    """Change 100 orders often, 10 MB in all; return the position of the last change."""
    with pipeline.database.connect() as sql:
        sql.execute("DELETE FROM orders")
        sql.execute(
            "INSERT INTO orders (customer_name, product_name)"
            " SELECT 'Hal', 'Desk' FROM generate_series(1, 100)"
        )
        for number in range(50):
            sql.execute("UPDATE orders SET note = lpad(%s, 2000)", [str(number)])
        until(lambda: sql.execute("SELECT FROM order_outbox LIMIT 1").rowcount == 0)
        head = sql.execute("SELECT max(position) FROM order_events").fetchone()
    assert head is not None
    return int(head[0])
