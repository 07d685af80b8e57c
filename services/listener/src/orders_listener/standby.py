"""Wait to lead, and take over from a leader that has ended or stalled."""

import asyncio
import json
import time

import structlog

from orders_listener.order_log import OrderLog
from orders_listener.publisher import Publisher
from orders_listener.stall import STALLED_S, StallDetector
from orders_listener.status import Status

CHECK_INTERVAL_S = 0.2

logger = structlog.get_logger()


async def lead(log: OrderLog, publisher: Publisher, status: Status) -> None:
    """Return once this listener leads.

    A leader that ended has released its lock. A leader that is frozen or cut off keeps the lock;
    this listener ends the leader's session when the leader stalls. If the session is an earlier one
    of this listener, it ends the session at once.
    PostgreSQL cannot end a session whose backend is stopped. Then this listener leads without the
    lock, which only saves work (I8).
    """
    detector = StallDetector(time.monotonic())
    deposed_at: float | None = None
    while not await log.try_to_lead():
        if status.role != "standby":
            status.role = "standby"
            logger.info("listener_standing_by")
        oldest, presence = await log.oldest_waiting(), await publisher.presence()
        now = time.monotonic()
        own = deposed_at is None and names(presence, status.name)
        if detector.stalled(now, oldest, presence) or own:
            logger.warning("leader_stalled", oldest_waiting=oldest, presence=presence)
            if deposed_at is not None and now - deposed_at < 2 * STALLED_S:
                logger.warning("leading_without_lock")
                break
            await log.depose()
            deposed_at, detector = now, StallDetector(now)
        status.heard(now, now)
        await asyncio.sleep(CHECK_INTERVAL_S)
    await log.listen()
    status.lead(time.monotonic())


def names(presence: str | None, name: str) -> bool:
    """Return whether a leader's presence in Redis is that of a certain listener."""
    return presence is not None and json.loads(presence).get("listener") == name
