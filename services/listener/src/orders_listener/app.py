"""The listener as a whole: the relay, kept running, and the health page."""

import asyncio
import signal

import structlog

from orders_contract.backoff import Backoff
from orders_listener import health, standby
from orders_listener.errors import ListenerError
from orders_listener.log import OrderLog
from orders_listener.publisher import Publisher
from orders_listener.relay import Relay
from orders_listener.settings import Settings
from orders_listener.status import Status

CANCEL_AGAIN_S = 0.2

logger = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    status = Status(settings.listener_id)
    async with (
        await health.serve(status, settings.listener_host, settings.listener_port),
        asyncio.TaskGroup() as tasks,
    ):
        relay = tasks.create_task(_keep_relaying(settings, status))
        logger.info("listener_started", listener=status.listener_id)
        await stop.wait()
        logger.info("listener_stopping")
        await _end(relay)


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task until it has ended.

    Once is not enough: before Python 3.12 ``asyncio.wait_for``, with which redis-py sends, may
    swallow a cancellation, and before 3.13 so may a TaskGroup that fails at the same time.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_AGAIN_S)


async def _keep_relaying(settings: Settings, status: Status) -> None:
    backoff = Backoff()
    while True:
        try:
            await _session(settings, status, backoff)
        except* ListenerError as errors:
            status.lose("; ".join(str(error) for error in errors.exceptions))
        delay_s = backoff.next_delay_s()
        logger.warning("relay_lost", error=status.last_error, retry_in_s=round(delay_s, 2))
        await asyncio.sleep(delay_s)


async def _session(settings: Settings, status: Status, backoff: Backoff) -> None:
    async with (
        OrderLog.connect(settings.conninfo()) as log,
        Publisher.connect(settings.redis_address()) as publisher,
    ):
        status.sessions += 1
        await standby.lead(log, publisher, status)
        await publisher.claim(status.listener_id)
        relay = Relay(log, publisher, status, settings.batch_max_events)
        await relay.synchronise()
        backoff.reset()
        logger.info("listener_leading", published=status.published and status.published.position)
        await relay.run()
