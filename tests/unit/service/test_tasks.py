"""Ending tasks reliably."""

import asyncio

import pytest

from orders_service.tasks import end, setting


@pytest.mark.anyio
async def test_a_task_that_swallows_a_cancellation_still_ends() -> None:
    """Tasks are cancelled again until each has ended, whatever they swallow."""
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while swallowed < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1

    async def obedient() -> None:
        await asyncio.Event().wait()

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(obedient())]
    await asyncio.sleep(0)
    await end(*tasks)
    assert swallowed == 2
    assert all(task.done() for task in tasks)


@pytest.mark.anyio
async def test_ended_tasks_need_no_waiting() -> None:
    """A task that has ended, also with an error, is left alone."""

    async def fails() -> None:
        raise ValueError("expected")

    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    await end(task)
    assert isinstance(task.exception(), ValueError)


@pytest.mark.anyio
@pytest.mark.parametrize("fails", [False, True])
async def test_the_end_of_one_task_is_signalled_to_the_others(fails: bool) -> None:  # noqa: FBT001
    """The event is set when the task ends, however it ends."""
    over = asyncio.Event()

    async def work() -> None:
        if fails:
            raise ValueError("expected")

    task = asyncio.create_task(setting(over, work()))
    await asyncio.wait([task])
    assert over.is_set()
    assert (task.exception() is not None) == fails
