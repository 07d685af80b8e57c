"""Waiting until the stream has reached a position."""

import asyncio

import pytest

from orders_gateway.progress import Progress

pytestmark = pytest.mark.anyio

_LONG_S = 5.0  # far longer than anyone here waits, unless something is broken


async def _started(*waits: asyncio.Task[bool]) -> None:
    """Let the tasks run up to where they wait."""
    for _ in waits:
        await asyncio.sleep(0)


async def test_reached_wakes_those_it_reached() -> None:
    """Who waits for the position or an earlier one goes on; who waits for a later one does not."""
    progress = Progress()
    async with asyncio.TaskGroup() as tasks:
        waits = [tasks.create_task(progress.wait(at, _LONG_S)) for at in (9, 7, 8, 7)]
        await _started(*waits)
        progress.reached(7)
        assert (await waits[1], await waits[3]) == (True, True)
        assert not waits[0].done()
        assert not waits[2].done()
        progress.reached(100)
        assert (await waits[0], await waits[2]) == (True, True)


async def test_too_late_is_false() -> None:
    """Who waited in vain is told so."""
    assert await Progress().wait(7, 0) is False


async def test_nobody_waits() -> None:
    """Progress that nobody waits for is no event."""
    Progress().reached(7)


async def test_waiting_can_be_given_up() -> None:
    """Who is cancelled while waiting disturbs neither the rest nor what comes."""
    progress = Progress()
    async with asyncio.TaskGroup() as tasks:
        gone = tasks.create_task(progress.wait(7, _LONG_S))
        stays = tasks.create_task(progress.wait(7, _LONG_S))
        await _started(gone, stays)
        gone.cancel()
        await asyncio.wait([gone])
        progress.reached(7)
        assert await stays is True


async def test_those_who_gave_up_are_forgotten() -> None:
    """I6: waiting in vain again and again, for positions that never come, holds no memory."""
    progress = Progress()
    async with asyncio.TaskGroup() as tasks:
        stays = tasks.create_task(progress.wait(10**6, _LONG_S))
        await _started(stays)
        for position in range(1000):
            assert await progress.wait(10**9 + position, 0) is False
        assert len(progress._waiting) < 10
        progress.reached(10**6)
        assert await stays is True
    assert len(progress._waiting) < 10
