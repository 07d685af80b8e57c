"""Containers that are disconnected from a network, and connected again."""

import pytest

from harness.containers import ContainerStack
from harness.resuming_clients import ResumingClients
from harness.waiting import until
from harness.world import head, health, insert, stream_url, until_well
from harness.writer import Writer

CLIENTS = 20


@pytest.mark.parametrize("network", ["data", "bus"])
def test_listener_is_cut_off(containers: ContainerStack, network: str) -> None:
    """I3, I5: while the listener is cut off, writes succeed; afterwards every event comes."""
    until_well(containers)
    with ResumingClients(stream_url(containers), CLIENTS) as clients, Writer(containers) as writer:
        containers.cut_off("listener-1", network)
        try:
            until(lambda: health(containers)["status"] == "degraded", 30, "it is noticed")
            accepted = len(writer.accepted)
            until(lambda: len(writer.accepted) > accepted + 20, 10, "writes go on")
        finally:
            containers.reconnect("listener-1", network)
        until_well(containers)
        clients.until_connected()
        clients.until(head(containers))
    clients.check()
    writer.check()
    assert (writer.refused, writer.lost) == ([], 0)


def test_gateway_is_cut_off_from_redis(containers: ContainerStack) -> None:
    """I7: a gateway cut off from Redis accepts no client; its clients get what they missed."""
    until_well(containers)
    with ResumingClients(stream_url(containers), CLIENTS) as clients:
        assert len(clients.spread()) == 2
        containers.cut_off("gateway-1", "bus")
        try:
            until(lambda: not _healthy(containers, "gateway-1"), 30, "it knows")
            insert(containers, "missed by some", 5)
            newcomers = clients.join(10)
            assert len({each.gateway for each in newcomers}) == 1
            # All that the newcomers' gateway serves have it.
            served = [each for each in clients.members if each.gateway == newcomers[0].gateway]
            until(lambda: all(each.position == head(containers) for each in served), 10)
        finally:
            containers.reconnect("gateway-1", "bus")
        until_well(containers)
        containers.until_healthy("gateway-1")
        clients.until(head(containers))
    clients.check()


def _healthy(containers: ContainerStack, name: str) -> bool:
    return str(containers.container(name).attrs["State"]["Health"]["Status"]) == "healthy"
