"""One after the other for clients that catch up."""

import asyncio

import pytest

from orders_gateway.turns import Turns

pytestmark = pytest.mark.anyio


async def test_no_two_have_their_turn_in_one_round() -> None:
    """I6: between two turns the event loop comes to everybody else; first come, first served."""
    turns = Turns()
    rounds = 0
    had: list[tuple[str, int]] = []

    async def take(name: str) -> None:
        for _ in range(3):
            await turns.mine()
            had.append((name, rounds))

    async with asyncio.TaskGroup() as tasks:
        clients = [tasks.create_task(take(name)) for name in "abc"]
        while not all(client.done() for client in clients):
            await asyncio.sleep(0)
            rounds += 1
    assert [name for name, _ in had] == list("abcabcabc")
    assert len({at for _, at in had}) == len(had)


async def test_who_goes_away_while_it_waits_holds_up_nobody() -> None:
    """A client that is gone before its turn comes takes none from those behind it."""
    turns = Turns()
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(turns.mine()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[1].cancel()
        await waiting[2]
