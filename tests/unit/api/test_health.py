"""The state of the system, derived from its parts."""

from dataclasses import replace

import pytest

from orders_api.health import Presence, verdict
from orders_api.records import Backlog

WELL = Presence(stream="s", published=9, listener=True, gateways=2, connections=5)
NO_LISTENER = Presence(stream="s", published=9, listener=False, gateways=2, connections=5)
NO_GATEWAY = Presence(stream="s", published=9, listener=True, gateways=0, connections=0)
ONE_FULL = replace(WELL, full=1)
ALL_FULL = replace(WELL, full=2)
NO_LAG = Backlog(0, 0, 0.0)


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
    assert verdict(presence, backlog).status == status


def test_unknown_without_redis() -> None:
    """Without Redis the numbers of gateways and published events are unknown."""
    checks = verdict("away", NO_LAG).checks
    assert (checks.gateways.status, checks.gateways.count) == ("unknown", None)
    assert (checks.listener.status, checks.listener.lag_events) == ("unknown", None)
