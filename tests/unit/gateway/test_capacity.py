"""Whether there is room for one more client."""

import pytest

from orders_gateway.capacity import ClientCapacity, Shortage


@pytest.mark.parametrize(
    ("connections", "memory_mb", "shortage"),
    [
        (0, 0, None),
        (9, 99, None),
        (10, 99, "connections"),
        (11, 99, "connections"),
        (9, 100, "memory"),
        (0, 101, "memory"),
        (10, 100, "connections"),
    ],
)
def test_room_ends_at_either_bound(
    connections: int, memory_mb: int, shortage: Shortage | None
) -> None:
    """A client is admitted below both bounds, and refused at either."""
    capacity = ClientCapacity(max_connections=10, max_memory_mb=100)
    capacity.memory_mb = memory_mb
    assert capacity.shortage(connections) == shortage
    assert capacity.admits(connections) == (shortage is None)


def test_no_bound_on_memory() -> None:
    """A bound of 0 means no bound."""
    capacity = ClientCapacity(max_connections=10, max_memory_mb=0)
    capacity.memory_mb = 1_000_000
    assert capacity.admits(9)


def test_refused_clients_are_counted() -> None:
    """Each refused attempt counts once; asking for the shortage does not count."""
    capacity = ClientCapacity(max_connections=1, max_memory_mb=100)
    assert [capacity.admits(0), capacity.admits(1), capacity.admits(1)] == [True, False, False]
    capacity.memory_mb = 100
    assert not capacity.admits(0)
    assert capacity.shortage(0) == "memory"
    assert capacity.refused == 3
