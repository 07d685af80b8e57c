"""How much history the log in Redis keeps."""

from orders_contract.batches import Batch
from orders_listener.log_bounds import LogBounds


def batch(first: int, last: int, size: int = 10) -> Batch:
    """Return a batch of this many bytes."""
    return Batch("s", first, last, b"x" * size)


def test_events_are_limited_by_number() -> None:
    """If events are small, the newest max_events are kept."""
    bounds = LogBounds(max_events=100, max_bytes=1000)
    assert bounds.add(batch(1, 50)) == 1
    assert bounds.add(batch(51, 150)) == 51


def test_events_are_limited_by_size() -> None:
    """If events are large, the newest max_bytes are kept, and always the newest batch."""
    bounds = LogBounds(max_events=100, max_bytes=1000)
    assert bounds.add(batch(1, 1, 600)) == 1
    assert bounds.add(batch(2, 2, 400)) == 1
    assert bounds.add(batch(3, 3, 1)) == 2
    assert bounds.add(batch(4, 4, 5000)) == 4
    assert bounds.add(batch(5, 5, 1)) == 5


def test_a_new_stream_starts_from_nothing() -> None:
    """Positions that do not continue are another stream or a repetition, counted from zero."""
    bounds = LogBounds(max_events=100, max_bytes=1000)
    bounds.add(batch(1, 10, 900))
    bounds.add(batch(11, 20, 900))
    assert bounds.add(batch(1, 10, 900)) == 1


def test_shrinking_halves_what_is_kept() -> None:
    """When Redis is full, the newest half of the known batches stays, and no more from then on."""
    bounds = LogBounds(max_events=100, max_bytes=1_000_000)
    for position in range(1, 11):
        bounds.add(batch(position, position, 100))
    assert bounds.shrink() == 6
    assert bounds.add(batch(11, 11, 100)) == 7
    assert bounds.max_bytes == 500


def test_shrinking_drops_what_earlier_sessions_published() -> None:
    """Batches whose size is unknown go first: the first known position is returned."""
    bounds = LogBounds(max_events=100_000, max_bytes=1_000_000)
    bounds.add(batch(70_001, 70_001, 10))
    bounds.add(batch(70_002, 70_002, 5))
    assert bounds.shrink() == 70_002


def test_shrinking_may_leave_nothing() -> None:
    """If not even the newest batch fits, the position after it is returned."""
    bounds = LogBounds(max_events=100, max_bytes=1000)
    bounds.add(batch(1, 7, 900))
    assert bounds.shrink() == 8
    assert bounds.shrink() == 8
    assert bounds.add(batch(8, 8, 900)) == 8
