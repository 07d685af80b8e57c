"""Waiting to lead: a listener that takes over when the leader has gone, or has stalled."""

import asyncio
import time

import structlog

from orders_listener.log import OrderLog
from orders_listener.publisher import Publisher
from orders_listener.status import Status
from orders_listener.vigil import Vigil

CHECK_INTERVAL_S = 0.2

logger = structlog.get_logger()


async def lead(log: OrderLog, publisher: Publisher, status: Status) -> None:
    """Return once this listener leads.

    A leader that died has let go of its lock. One that is frozen or cut off still holds it, but
    leaves changes in the outbox, or lets its presence in Redis expire; its session is ended.
    """
    vigil = Vigil(time.monotonic())
    while not await log.lead():
        if status.role != "standby":
            status.role = "standby"
            logger.info("listener_standing_by")
        oldest, word = await log.oldest_waiting(), await publisher.word_of_leader()
        now = time.monotonic()
        if vigil.stalled(now, oldest, word):
            logger.warning("leader_stalled", oldest_waiting=oldest, said=word)
            await log.depose()
            vigil = Vigil(now)
        status.well_at = now
        await asyncio.sleep(CHECK_INTERVAL_S)
    status.lead(time.monotonic())
