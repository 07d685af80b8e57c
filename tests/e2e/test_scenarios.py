"""Writes, crashes and restarts of the running system, embedded or in containers."""

import time

import httpx
import pytest

from harness.follower import Follower
from harness.resuming_clients import ResumingClients
from harness.waiting import until
from harness.world import ROLES, Role, World, head, insert, stream_url, until_well
from harness.writer import Writer

CLIENTS = 20
_OFTEN = ("listener", "gateway")
"""Roles killed in every test run; the others in slow runs and in containers."""


def _until_accepted(writer: Writer, more: int, deadline_s: float = 60.0) -> None:
    wanted = len(writer.accepted) + more
    until(lambda: len(writer.accepted) >= wanted, deadline_s, f"{more} more writes")


def test_every_writer_is_seen(world: World) -> None:
    """I1: changes by SQL and by the API reach a client once and in order."""
    until_well(world)
    with Follower(stream_url(world)) as follower, Writer(world) as writer:
        _until_accepted(writer, 1)
        insert(world, "by SQL")
        _until_accepted(writer, 1)
        events = follower.until(head(world))
    products = [event["order"]["product_name"] for event in events]
    assert products.count("by SQL") == 1
    assert products.count(f"{writer.label} 0") == 1
    assert products.index(f"{writer.label} 0") < products.index("by SQL")


def test_server_sent_events_resume(world: World) -> None:
    """I7: through the edge, the id of the last event brings what was missed, once."""
    until_well(world)
    url = stream_url(world).replace("ws", "http", 1).removesuffix("/ws") + "/sse"
    with httpx.stream("GET", url, timeout=20) as first:
        assert first.headers["Content-Type"] == "text/event-stream"
        lines = first.iter_lines()
        place = next(line for line in lines if line.startswith("id: "))
        insert(world, "live")
        next(line for line in lines if '"live"' in line)
    insert(world, "missed")
    end = f":{head(world)}"
    last_id = {"Last-Event-ID": place.removeprefix("id: ")}
    data: list[str] = []
    with httpx.stream("GET", url, headers=last_id, timeout=20) as second:
        lines = second.iter_lines()
        for line in lines:
            if line.startswith("id: ") and line.endswith(end):
                data.append(next(lines))
                break
            data.append(line)
    assert [sum(f'"{what}"' in line for line in data) for what in ("live", "missed")] == [1, 1]


@pytest.mark.parametrize(
    "role",
    [each if each in _OFTEN else pytest.param(each, marks=pytest.mark.slow) for each in ROLES],
)
def test_killed_under_load(world: World, role: Role) -> None:
    """I3, I7: no accepted write and no client's event is lost when a process dies."""
    until_well(world)
    with ResumingClients(stream_url(world), CLIENTS) as clients, Writer(world) as writer:
        _until_accepted(writer, 5)
        world.kill(world.names(role)[0])
        _until_accepted(writer, 20)
        until_well(world)
        clients.until_connected()
        insert(world, f"after {role}")
        clients.until(head(world))
    clients.check()
    writer.check()


@pytest.mark.slow
def test_rolling_restart(world: World) -> None:
    """I3, I7: no client misses an event while all processes are restarted in turn."""
    until_well(world)
    away_s = []
    with ResumingClients(stream_url(world), CLIENTS) as clients, Writer(world) as writer:
        for role in ROLES:
            for name in world.names(role):
                _until_accepted(writer, 5)
                began = time.monotonic()
                world.restart(name)
                until_well(world)
                away_s.append(time.monotonic() - began)
        _until_accepted(writer, 5)
        clients.until_connected()
        clients.until(head(world))
    clients.check()
    writer.check()
    # Writes wait for what is away and hardly longer.
    assert writer.longest_pause_s() < max(away_s) + 5


@pytest.mark.slow
def test_listener_hangs(world: World) -> None:
    """I5: a frozen listener does not slow down writes; their events arrive when it continues."""
    until_well(world)
    (name,) = world.names("listener")
    with ResumingClients(stream_url(world), CLIENTS) as clients, Writer(world) as writer:
        _until_accepted(writer, 5)
        world.pause(name)
        try:
            before = max(each.position for each in clients.members)
            began = time.monotonic()
            _until_accepted(writer, 40, 20)
            assert time.monotonic() - began < 10
            assert max(each.position for each in clients.members) < before + 40
        finally:
            world.unpause(name)
        until_well(world)
        clients.until(head(world))
    clients.check()
    writer.check()
    assert (writer.refused, writer.lost) == ([], 0)
    assert writer.slowest_s < 5
