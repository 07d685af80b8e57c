"""The gateway as a whole: source, clients, heartbeats."""

import asyncio
import signal
from functools import partial

import httpx
import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from orders_contract.names import CHANGES_CHANNEL
from orders_gateway.door import Door
from orders_gateway.history import History
from orders_gateway.server import Gateway
from orders_gateway.settings import Settings
from orders_gateway.source import Source
from orders_gateway.subscription import Subscription

CANCEL_AGAIN_S = 0.2

logger = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    async with (
        _redis(settings) as client,
        httpx.AsyncClient(
            base_url=str(settings.api_url), headers=_credential(settings), timeout=5
        ) as api,
    ):
        history = History(client, api)
        gateway = Gateway(settings, history, Door(settings, client))
        subscribe = partial(Subscription.open, settings.redis_address(), CHANGES_CHANNEL)
        source = Source(client, subscribe, history, gateway.fanout, gateway.presence)
        gateway.follow(source)
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(source.run())
            beating = tasks.create_task(gateway.beat_hearts())
            pinging = tasks.create_task(gateway.ping())
            weighing = tasks.create_task(gateway.watch_memory())
            watching = tasks.create_task(gateway.watch_tokens())
            await gateway.serve(stop)
            await _end(following)
            await _end(beating)
            await _end(pinging)
            await _end(watching)
            await _end(weighing)


def _credential(settings: Settings) -> dict[str, str]:
    """Return the header by which the API knows a gateway: it sees the whole log."""
    token = settings.internal_token()
    return {"Authorization": f"Bearer {token}"} if token else {}


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task until it has ended.

    Once is not enough: before Python 3.12 ``asyncio.wait_for``, with which redis-py sends, may
    swallow a cancellation, and before 3.13 so may a TaskGroup that fails at the same time.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_AGAIN_S)


def _redis(settings: Settings) -> redis.Redis:
    """Return a client that retries nothing by itself: those who use it know what to do."""
    return redis.Redis.from_url(
        settings.redis_address(),
        socket_timeout=5,
        socket_connect_timeout=5,
        retry=Retry(NoBackoff(), 0),
    )
