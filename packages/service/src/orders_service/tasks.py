"""End tasks reliably, and wait within them."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

_CANCEL_AGAIN_S = 0.2


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks until all have ended.

    One cancellation is not enough: before Python 3.12 ``asyncio.wait_for``, which redis-py uses to
    send, may swallow it, and before 3.13 so may a TaskGroup that fails at the same time.
    """
    running: set[asyncio.Task[None]] = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_CANCEL_AGAIN_S)


async def setting(over: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Run one of several tasks that end together; set ``over`` when it ends for any reason.

    The other tasks check ``over`` in their loops. Cancelling them is not enough (see ``end``).
    """
    try:
        await work
    finally:
        over.set()


async def pause(seconds: float, over: asyncio.Event) -> None:
    """Wait for a time, or until ``over`` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await over.wait()
