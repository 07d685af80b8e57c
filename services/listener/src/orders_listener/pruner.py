"""Remove old events from the log by the retention, some at a time. The leader does this."""

import asyncio
import time

import structlog

from orders_contract.backoff import Backoff
from orders_listener.errors import DatabaseUnavailableError
from orders_listener.order_log import OrderLog
from orders_listener.retention import Retention
from orders_listener.settings import OBSERVER_SESSION
from orders_listener.status import Status
from orders_service.tasks import pause

INTERVAL_S = 60.0
STEP_EVENTS = 5000
LEAST_STEP_EVENTS = 50
REST = 4
"""A pause is this many times as long as the step before it, so that most of one core is free."""
LEAST_PAUSE_S = 0.05

logger = structlog.get_logger()


class Pruner:
    """Removes events beyond the retention once a minute, in one transaction for each step.

    Deleting old rows blocks neither takes nor readers. While the deletion fails, the log grows and
    events continue.
    """

    def __init__(self, conninfo: str, retention: Retention, status: Status) -> None:
        self._conninfo = conninfo
        self._retention = retention
        self._status = status
        self._step = STEP_EVENTS
        self._first = 0
        """There are no events before this position."""

    async def run(self, over: asyncio.Event) -> None:
        """Prune until ``over`` is set; connect again whenever the connection is lost."""
        backoff = Backoff(first_s=1.0, ceiling_s=5 * INTERVAL_S)
        while not over.is_set():
            began, pruned = time.monotonic(), self._status.pruned
            try:
                await self._prune(over)
            except DatabaseUnavailableError as exc:
                # The step may have reached the time limit of a statement.
                self._step = max(LEAST_STEP_EVENTS, self._step // 2)
                delay_s = backoff.next_delay_s()
                logger.warning("prune_failed", error=str(exc), retry_in_s=round(delay_s, 2))
            else:
                backoff.reset()
                delay_s = INTERVAL_S
            if (removed := self._status.pruned - pruned) > 0:
                seconds = round(time.monotonic() - began, 1)
                logger.info("pruned", events=removed, first=self._first, seconds=seconds)
            await pause(delay_s, over)

    async def _prune(self, over: asyncio.Event) -> None:
        """Prune until nothing more is to be removed."""
        async with OrderLog.connect(self._conninfo, OBSERVER_SESSION) as log:
            removed = 1
            while removed and not over.is_set() and self._status.published is not None:
                began = time.monotonic()
                removed, self._first = await log.forget(
                    self._retention, self._status.published, self._first, self._step
                )
                self._status.pruned += removed
                pause_s = REST * (time.monotonic() - began)
                await asyncio.sleep(max(LEAST_PAUSE_S, pause_s))
        self._step = min(STEP_EVENTS, self._step * 2)
