"""The listener as a whole: one session after another, and the health page."""

import asyncio

import structlog

from orders_contract.backoff import Backoff
from orders_listener import metrics, standby
from orders_listener.batch_size import BatchSize
from orders_listener.catch_up import CatchUp
from orders_listener.errors import ListenerError, NoAnswerError, SharedSessionError
from orders_listener.observer import Observer
from orders_listener.order_log import OrderLog
from orders_listener.pruner import Pruner
from orders_listener.publisher import Publisher
from orders_listener.relay import Relay
from orders_listener.settings import CONNECT_TIMEOUT_S, SESSION, Settings
from orders_listener.status import Status
from orders_service import health, tasks
from orders_service.process import UnusableError, stop_requested

logger = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        UnusableError: a connection pooler in front of PostgreSQL does not keep sessions.

    """
    stop = stop_requested()
    status = Status(settings.listener_id)
    pages = {"/health": status.page, "/metrics": metrics.page(status)}
    async with (
        await health.serve(pages, settings.listener_host, settings.listener_port),
        asyncio.TaskGroup() as group,
    ):
        sessions = group.create_task(_run_sessions(settings, status))
        sessions.add_done_callback(lambda _: stop.set())
        logger.info("listener_started", listener=status.name)
        await stop.wait()
        logger.info("listener_stopping")
        await tasks.end(sessions)
    if not sessions.cancelled():
        raise UnusableError(status.last_error)


async def _run_sessions(settings: Settings, status: Status) -> None:
    """Run one session after another; return only if no session can do the work."""
    backoff = Backoff()
    batch_size = BatchSize(settings.batch_max_events)
    while True:
        unusable = False
        try:
            await _run_session(settings, status, batch_size, backoff)
        except* ListenerError as errors:
            if errors.subgroup(NoAnswerError):
                batch_size.halve()
            unusable = errors.subgroup(SharedSessionError) is not None
            status.end_session("; ".join(str(error) for error in errors.exceptions))
        if unusable:
            return
        delay_s = backoff.next_delay_s()
        logger.warning("session_lost", error=status.last_error, retry_in_s=round(delay_s, 2))
        await asyncio.sleep(delay_s)


async def _run_session(
    settings: Settings, status: Status, batch_size: BatchSize, backoff: Backoff
) -> None:
    async with (
        OrderLog.connect(settings.conninfo("listener", CONNECT_TIMEOUT_S), SESSION) as log,
        Publisher.connect(settings.redis_servers()) as publisher,
    ):
        status.sessions += 1
        await standby.lead(log, publisher, status)
        observing = settings.conninfo("listener-observer", CONNECT_TIMEOUT_S)
        observer = Observer(observing, publisher, status)
        await observer.look_at_schema()
        catch_up = CatchUp(log, publisher, status, batch_size)
        await catch_up.settle()
        # Claim right before publishing, because a claim counts as a sign that events flow.
        await publisher.claim(status.name)
        await catch_up.run()
        backoff.reset()
        logger.info("listener_leading", published=status.published and status.published.position)
        try:
            await Relay(log, publisher, status, batch_size, catch_up).run(
                observer, _pruner(settings, status)
            )
        finally:
            # Do this first, because closing a connection that does not answer may take a while.
            status.end_session()


def _pruner(settings: Settings, status: Status) -> Pruner | None:
    if settings.retention is None:
        return None
    conninfo = settings.conninfo("listener-pruner", CONNECT_TIMEOUT_S)
    return Pruner(conninfo, settings.retention, status)
