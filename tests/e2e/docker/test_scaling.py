"""More and fewer containers of a service, while clients and writers continue."""

from collections.abc import Iterator

import pytest

from harness.containers import GATEWAYS, ContainerStack
from harness.resuming_clients import ResumingClients
from harness.waiting import until
from harness.world import head, health, insert, stream_url, until_well
from harness.writer import Writer


@pytest.fixture(autouse=True)
def _as_before(containers: ContainerStack) -> Iterator[None]:
    """Restore the number of containers that other tests expect."""
    until_well(containers)
    yield
    for service, count in (("gateway", GATEWAYS), ("api", 1), ("listener", 1)):
        if len(containers.containers(service)) != count:
            containers.scale(service, count)


def test_gateways_share_the_crowd(containers: ContainerStack) -> None:
    """I7: clients spread evenly, new gateways take new clients, and fewer gateways lose nothing."""
    containers.scale("gateway", 3)
    until(lambda: health(containers)["checks"]["gateways"]["count"] == 3, 30, "three gateways")
    with ResumingClients(stream_url(containers), 300) as clients:
        spread = clients.spread()
        assert len(spread) == 3
        assert all(80 <= count <= 120 for count in spread.values()), spread
        insert(containers, "for 300", 20)
        clients.until(head(containers))

        containers.scale("gateway", 5)
        newcomers = clients.join(100)
        assert {each.gateway for each in newcomers}.isdisjoint(spread)
        assert all(40 <= clients.spread()[name] <= 60 for name in clients.spread().keys() - spread)

        with Writer(containers) as writer:
            containers.scale("gateway", 1)
            clients.until_connected()
            assert len(clients.spread()) == 1
            insert(containers, "for all of them")
            clients.until(head(containers))
        clients.until(head(containers))
    clients.check()
    writer.check()
    assert (writer.refused, writer.lost) == ([], 0)


def test_one_api_of_three_dies(containers: ContainerStack) -> None:
    """With two API processes a client hardly notices that one is killed."""
    containers.scale("api", 3)
    with Writer(containers, per_second=50) as writer:
        until(lambda: len(writer.accepted) > 50, 30, "writes")
        containers.kill("api-2")
        more = len(writer.accepted) + 50
        until(lambda: len(writer.accepted) > more, 30, "more writes")
        containers.scale("api", 1)
        more = len(writer.accepted) + 50
        until(lambda: len(writer.accepted) > more, 30, "writes to the one that is left")
    writer.check()
    assert writer.longest_pause_s() < 5


@pytest.mark.parametrize("fate", ["pause", "kill", "cut off"])
def test_standby_takes_over(containers: ContainerStack, fate: str) -> None:
    """I3, I8: when the leading listener fails, the other one leads within 10 s."""
    containers.scale("listener", 2)
    (leader,) = until(lambda: _leaders(containers), 20, "a leader")
    with ResumingClients(stream_url(containers), 5) as clients:
        if fate == "pause":
            containers.pause(leader)
        elif fate == "kill":
            containers.container(leader).kill()
        else:
            containers.cut_off(leader, "data")
            containers.cut_off(leader, "bus")
        try:
            began = max(each.position for each in clients.members)
            insert(containers, f"after {fate}")
            clients.until(began + 1, 10)
        finally:
            if fate == "pause":
                containers.unpause(leader)
            elif fate == "kill":
                containers.container(leader).start()
            else:
                containers.reconnect(leader, "data")
                containers.reconnect(leader, "bus")
        containers.until_healthy(leader)
        # One that was cut off learns only now that its session has ended.
        (other,) = set(containers.names("listener")) - {leader}
        until(lambda: _leaders(containers) == [other], 10, "the other one alone leads")
        insert(containers, "with both", 5)
        clients.until(head(containers))
    clients.check()
    assert _leaders(containers) == [other]


def _leaders(containers: ContainerStack) -> list[str]:
    """Return the listeners that report to lead."""
    ask = "from urllib.request import urlopen as o; print(o('http://127.0.0.1:8001/health').read())"
    return [
        name
        for name in containers.names("listener")
        if '"role": "leader"' in containers.run(name, "python", "-c", ask)[1]
    ]
