"""Waiting for a position, and for a turn."""

import asyncio

import pytest

from orders_gateway.waiting import PositionWaiters, Turns

pytestmark = pytest.mark.anyio

_LONG_S = 5.0  # far longer than any wait here, unless something is broken


async def _start(*waits: asyncio.Task[bool]) -> None:
    """Let tasks run up to their first wait."""
    for _ in waits:
        await asyncio.sleep(0)


async def test_reached_wakes_waits_up_to_the_position() -> None:
    """A wait for the position or an earlier one ends; a wait for a later one goes on."""
    waiters = PositionWaiters()
    async with asyncio.TaskGroup() as tasks:
        waits = [tasks.create_task(waiters.wait(at, _LONG_S)) for at in (9, 7, 8, 7)]
        await _start(*waits)
        waiters.reached(7)
        assert (await waits[1], await waits[3]) == (True, True)
        assert not waits[0].done()
        assert not waits[2].done()
        waiters.reached(100)
        assert (await waits[0], await waits[2]) == (True, True)


async def test_timeout_returns_false() -> None:
    """A wait for a position that does not come in time returns False."""
    assert await PositionWaiters().wait(7, 0) is False


async def test_reached_without_waits() -> None:
    """A position for which no task waits has no effect."""
    waiters = PositionWaiters()
    waiters.reached(7)
    assert len(waiters) == 0


async def test_wait_can_be_cancelled() -> None:
    """A cancelled wait does not affect other waits."""
    waiters = PositionWaiters()
    async with asyncio.TaskGroup() as tasks:
        cancelled = tasks.create_task(waiters.wait(7, _LONG_S))
        stays = tasks.create_task(waiters.wait(7, _LONG_S))
        await _start(cancelled, stays)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        waiters.reached(7)
        assert await stays is True


async def test_ended_waits_are_dropped() -> None:
    """I6: repeated waits for positions that never come hold no memory."""
    waiters = PositionWaiters()
    async with asyncio.TaskGroup() as tasks:
        stays = tasks.create_task(waiters.wait(10**6, _LONG_S))
        await _start(stays)
        for position in range(1000):
            assert await waiters.wait(10**9 + position, 0) is False
        assert len(waiters) < 10
        waiters.reached(10**6)
        assert await stays is True
    assert len(waiters) < 10


async def test_one_turn_per_iteration_of_the_event_loop() -> None:
    """I6: the event loop serves all other tasks between two turns; turns are first come first."""
    turns = Turns()
    iterations = 0
    had: list[tuple[str, int]] = []

    async def take(name: str) -> None:
        for _ in range(3):
            await turns.take()
            had.append((name, iterations))

    async with asyncio.TaskGroup() as tasks:
        clients = [tasks.create_task(take(name)) for name in "abc"]
        while not all(client.done() for client in clients):
            await asyncio.sleep(0)
            iterations += 1
    assert [name for name, _ in had] == list("abcabcabc")
    assert len({at for _, at in had}) == len(had)


async def test_a_cancelled_wait_for_a_turn_delays_no_other() -> None:
    """A client that leaves before its turn does not hold up those behind it."""
    turns = Turns()
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(turns.take()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[1].cancel()
        await waiting[2]
