"""How much history Redis keeps."""

from orders_contract.batches import Batch
from orders_listener.capacity import Capacity


def batch(first: int, last: int, size: int = 10) -> Batch:
    """Return a batch of so many bytes."""
    return Batch("s", first, last, b"x" * size)


def test_so_many_events_are_kept() -> None:
    """Small events go by number."""
    capacity = Capacity(max_events=100, max_bytes=1000)
    assert capacity.oldest_to_keep(batch(1, 50)) == 1
    assert capacity.oldest_to_keep(batch(51, 150)) == 51


def test_so_many_bytes_are_kept() -> None:
    """Large events go by size; the newest batch always stays."""
    capacity = Capacity(max_events=100, max_bytes=1000)
    assert capacity.oldest_to_keep(batch(1, 1, 600)) == 1
    assert capacity.oldest_to_keep(batch(2, 2, 400)) == 1
    assert capacity.oldest_to_keep(batch(3, 3, 1)) == 2
    assert capacity.oldest_to_keep(batch(4, 4, 5000)) == 4
    assert capacity.oldest_to_keep(batch(5, 5, 1)) == 5


def test_what_begins_anew_is_weighed_anew() -> None:
    """Another stream, or the same history once more, begins with nothing."""
    capacity = Capacity(max_events=100, max_bytes=1000)
    capacity.oldest_to_keep(batch(1, 10, 900))
    capacity.oldest_to_keep(batch(11, 20, 900))
    assert capacity.oldest_to_keep(batch(1, 10, 900)) == 1
