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
        relay = tasks.create_task(_keep_relaying(settings, status, stop))
        logger.info("listener_started", listener=status.listener_id)
        await stop.wait()
        logger.info("listener_stopping")
        relay.cancel()


async def _keep_relaying(settings: Settings, status: Status, stop: asyncio.Event) -> None:
    # Cancelling alone is not enough: before Python 3.13 a TaskGroup that fails while it is being
    # cancelled forgets the cancellation.
    backoff = Backoff()
    while not stop.is_set():
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
        Publisher.connect(str(settings.redis_url)) as publisher,
    ):
        status.sessions += 1
        await standby.lead(log, publisher, status)
        relay = Relay(log, publisher, status, settings.batch_max_events)
        await relay.synchronise()
        backoff.reset()
        logger.info("listener_leading", published=status.published and status.published.position)
        await relay.run()
