"""The gateway's parts and how they are connected."""

import asyncio
from functools import partial

import httpx

from orders_access.revocations import REDIS_TIMEOUT_S
from orders_gateway import upkeep
from orders_gateway.capacity import ClientCapacity
from orders_gateway.channel import Channel
from orders_gateway.conflation import Bounds
from orders_gateway.door import Door
from orders_gateway.fanout import Fanout
from orders_gateway.history import History
from orders_gateway.hub import Hub
from orders_gateway.ring import Ring
from orders_gateway.server import Gateway
from orders_gateway.settings import Settings
from orders_gateway.source import Source
from orders_gateway.subscriber import Context
from orders_gateway.transport import Write
from orders_gateway.waiting import PositionWaiters, Turns
from orders_service.process import stop_requested
from orders_service.redis_client import RedisClient, redis_client
from orders_service.tasks import end


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = stop_requested()
    async with (
        redis_client(settings.redis_servers()) as client,
        redis_client(settings.redis_servers(), timeout_s=REDIS_TIMEOUT_S) as listed,
        httpx.AsyncClient(
            base_url=str(settings.api_url), headers=_credential(settings), timeout=5
        ) as api,
    ):
        await _serve(settings, client, listed, api, stop)


async def _serve(
    settings: Settings,
    client: RedisClient,
    listed: RedisClient,
    api: httpx.AsyncClient,
    stop: asyncio.Event,
) -> None:
    hub: Hub[Write] = Hub(
        Ring(settings.ring_max_events, settings.ring_max_bytes), _bounds(settings)
    )
    history, door = History(client, api), Door(settings, client, api)
    context = Context(settings, hub, history, PositionWaiters(), Turns(), door)
    fanout = Fanout(context)
    open_channel = partial(Channel.open, settings.redis_servers())
    source = Source(client, open_channel, history, fanout)
    capacity = ClientCapacity(settings.max_connections, settings.max_memory_mb)
    gateway = Gateway(context, fanout, capacity, source)
    background = (
        source.run(),
        upkeep.send_heartbeats(fanout, source.is_fresh, settings.heartbeat_interval_s),
        upkeep.ping(fanout.subscribers, settings.ping_interval_s, settings.ping_timeout_s),
        upkeep.enforce_revocations(door, fanout, listed, api),
        upkeep.watch_memory(capacity, fanout),
        upkeep.even_out(client, fanout, settings, context.counts),
        upkeep.report_presence(client, settings.gateway_id, gateway.status),
    )
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each) for each in background]
        await gateway.serve(stop)
        await end(*running)


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        max_rows=settings.conflate_max_orders,
        max_bytes=settings.ring_max_bytes,
        max_message_bytes=settings.conflate_max_bytes,
    )


def _credential(settings: Settings) -> dict[str, str]:
    """Return the header by which the API recognises a gateway, which reads the whole log."""
    token = settings.internal_token()
    return {"Authorization": f"Bearer {token}"} if token else {}
