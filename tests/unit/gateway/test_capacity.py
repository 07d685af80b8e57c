"""Whether there is room for one more."""

import pytest

from orders_gateway.capacity import Capacity, Lack


@pytest.mark.parametrize(
    ("connections", "memory_mb", "lack"),
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
def test_room_ends_at_either_bound(connections: int, memory_mb: int, lack: Lack | None) -> None:
    """One more is let in below both bounds, not at one of them."""
    capacity = Capacity(max_connections=10, max_memory_mb=100)
    capacity.memory_mb = memory_mb
    assert capacity.lack(connections) == lack
    assert capacity.admits(connections) == (lack is None)


def test_no_bound_on_memory() -> None:
    """0 stands for as much as there is."""
    capacity = Capacity(max_connections=10, max_memory_mb=0)
    capacity.memory_mb = 1_000_000
    assert capacity.admits(9)


def test_who_is_refused_is_counted() -> None:
    """Those who came while there was no room, and nobody else; looking is no coming."""
    capacity = Capacity(max_connections=1, max_memory_mb=100)
    assert [capacity.admits(0), capacity.admits(1), capacity.admits(1)] == [True, False, False]
    capacity.memory_mb = 100
    assert not capacity.admits(0)
    assert capacity.lack(0) == "memory"
    assert capacity.refused == 3
