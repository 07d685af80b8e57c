"""Faults of a cluster of three PostgreSQL under Patroni."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from harness.patroni import Patroni
from prove.chance import Chance
from prove.hands import by_hand

Fault = Callable[[Patroni, Chance], Awaitable[None]]


async def switched_over(cluster: Patroni, _: Chance) -> None:
    """Change the primary as planned: nothing is lost."""
    await by_hand(cluster.switch_over)


async def machine_lost(cluster: Patroni, _: Chance) -> None:
    """Kill PostgreSQL and Patroni of the primary."""
    if (primary := await by_hand(cluster.primary)) is not None:
        await by_hand(primary.kill)


async def postgres_killed(cluster: Patroni, _: Chance) -> None:
    """Kill PostgreSQL of the primary; its Patroni gives up the lead."""
    if (primary := await by_hand(cluster.primary)) is not None:
        await by_hand(primary.kill, patroni=False)


async def standbys_lag(cluster: Patroni, chance: Chance) -> None:
    """Cut the standbys off, let writers go on, then lose the primary."""
    primary = await by_hand(cluster.primary)
    if primary is None:
        return
    primary.standbys.freeze()
    await asyncio.sleep(chance.seconds(0.3, 2))
    await by_hand(primary.kill)
    primary.standbys.cut()
    primary.standbys.thaw()


async def primary_cut_off(cluster: Patroni, _: Chance) -> None:
    """Cut the primary off from everyone; it lives on while another one is promoted."""
    primary = await by_hand(cluster.primary)
    if primary is None:
        return
    primary.cut_off()
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        if any([await by_hand(n.role) == "primary" for n in cluster.nodes if n is not primary]):
            return
        await asyncio.sleep(0.2)


FAULTS: list[Fault] = [standbys_lag, switched_over, machine_lost, primary_cut_off, postgres_killed]
