"""The state of the system, derived from its parts."""

from dataclasses import replace

import pytest

from orders_api.growth import Storage, Thresholds
from orders_api.health import Presence, verdict
from orders_api.records import Backlog

WELL = Presence(stream="s", published=9, listener=True, gateways=2, connections=5)
NO_LISTENER = Presence(stream="s", published=9, listener=False, gateways=2, connections=5)
NO_GATEWAY = Presence(stream="s", published=9, listener=True, gateways=0, connections=0)
ONE_FULL = replace(WELL, full=1)
ALL_FULL = replace(WELL, full=2)
NO_LAG = Backlog(0, 0, 0.0)
LIMITS = Thresholds(outbox_mb=10, log_mb=100, transaction_s=60)
SMALL = Storage(1_000_000, 2_000_000)


@pytest.mark.parametrize(
    ("presence", "backlog", "status"),
    [
        (WELL, NO_LAG, "ok"),
        (WELL, Backlog(2, 1, 4.9), "ok"),
        (WELL, Backlog(3, None, 5.1), "degraded"),
        (WELL, Backlog(0, 0, 0.0, notifications=0.6), "degraded"),
        (WELL, Backlog(0, 0, 0.0, triggers_fire=False), "degraded"),
        (NO_LISTENER, NO_LAG, "degraded"),
        (NO_GATEWAY, NO_LAG, "degraded"),
        (ONE_FULL, NO_LAG, "ok"),
        (ALL_FULL, NO_LAG, "degraded"),
        ("away", NO_LAG, "degraded"),
        (WELL, replace(NO_LAG, is_standby=True), "degraded"),
        (WELL, "away", "down"),
        ("away", "away", "down"),
    ],
)
def test_verdict(presence: Presence | str, backlog: Backlog | str, status: str) -> None:
    """Down without a database, degraded when live updates suffer, else ok."""
    assert verdict(presence, backlog, LIMITS).status == status


def test_unknown_without_redis() -> None:
    """Without Redis the numbers of gateways and published events are unknown."""
    checks = verdict("away", NO_LAG, LIMITS).checks
    assert (checks.gateways.status, checks.gateways.count) == ("unknown", None)
    assert (checks.listener.status, checks.listener.lag_events) == ("unknown", None)


@pytest.mark.parametrize(
    ("storage", "says"),
    [
        (SMALL, None),
        (replace(SMALL, outbox_bytes=10_000_001), "the outbox has 10 MB"),
        (replace(SMALL, log_bytes=100_000_001), "RETENTION"),
        (
            replace(SMALL, kind="session", who="7", seconds=61.0, transactions=3),
            "pid 7 has had a transaction open for 61 s",
        ),
        (
            replace(SMALL, kind="session", who="7", transactions=2_500_000),
            "open for 2,500,000 transactions",
        ),
        (replace(SMALL, kind="prepared", who="'a'", seconds=61.0), "prepared transaction 'a'"),
        (replace(SMALL, kind="slot", who="old", transactions=2_500_000), "slot old"),
    ],
)
def test_storage(storage: Storage, says: str | None) -> None:
    """Large tables, and transactions that hold up vacuum, make health degraded with a reason."""
    health = verdict(WELL, replace(NO_LAG, storage=storage), LIMITS)
    assert health.status == ("ok" if says is None else "degraded")
    reason = health.checks.storage.reason
    assert reason is None if says is None else reason and says in reason
