"""The listener as a whole: the relay, kept running, and the health page."""

import asyncio

import structlog

from orders_contract.backoff import Backoff
from orders_listener import standby
from orders_listener.errors import ListenerError
from orders_listener.log import OrderLog
from orders_listener.publisher import Publisher
from orders_listener.relay import Relay
from orders_listener.settings import Settings
from orders_listener.status import Status
from orders_service import health, tasks
from orders_service.process import stop_requested

logger = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = stop_requested()
    status = Status(settings.listener_id)
    async with (
        await health.serve(status.page, settings.listener_host, settings.listener_port),
        asyncio.TaskGroup() as group,
    ):
        relay = group.create_task(_keep_relaying(settings, status))
        logger.info("listener_started", listener=status.listener_id)
        await stop.wait()
        logger.info("listener_stopping")
        await tasks.end(relay)


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
        OrderLog.connect(settings.session_conninfo()) as log,
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
