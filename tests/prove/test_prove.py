"""A few seeds; ``make prove`` takes any seed and duration."""

import pytest

from harness.servers import Postgres
from prove.run import Plan, prove
from prove.system import GROUPS
from prove.weather import GROUP_FAULTS

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))]
)
async def test_nothing_is_lost(provable_postgres: Postgres, seed: int) -> None:
    """I1, I2, I3, I7, I8, I10: under random SQL, DDL and faults, clients equal the database."""
    plan = Plan(seed, seconds=4, clients=15, writers=4, fault_pause_s=0.5)
    report = await prove(plan, provable_postgres, quiet=True)
    assert not report.findings, "\n".join([*report.lines, *report.findings])


@pytest.mark.slow
@pytest.mark.parametrize("redis", GROUPS)
async def test_redis_fails_over(provable_postgres: Postgres, redis: str) -> None:
    """I3, I7: replicas of Redis that lag are promoted at random; clients equal the database."""
    plan = Plan(6, seconds=20, clients=15, writers=4, faults=GROUP_FAULTS, redis=redis)
    report = await prove(plan, provable_postgres, quiet=True)
    assert not report.findings, "\n".join([*report.lines, *report.findings])


@pytest.mark.parametrize("seed", [4, pytest.param(5, marks=pytest.mark.slow)])
async def test_an_older_backup_is_a_reset_for_all(provable_postgres: Postgres, seed: int) -> None:
    """I7: after a restore, positions and ids repeat in another stream; every client is reset."""
    plan = Plan(
        seed, seconds=8, clients=15, writers=4, quiet_after_s=2, fault_pause_s=0.5, restores=1
    )
    report = await prove(plan, provable_postgres, quiet=True)
    assert not report.findings, "\n".join([*report.lines, *report.findings])
    assert any("an older backup" in line for line in report.lines), report.lines
