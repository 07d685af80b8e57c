"""Whether a database still has what was published from it (I7)."""

import pytest

from orders_contract.batches import Batch
from orders_listener.continuity import Extent, Origin, Verdict, Witness, judge, last_event, latest

HERE, BEFORE = "7/2/16", "7/1/16"
BATCH = Batch("x", 7, 8, b'[{"position":7},{"position":8}]')


def extent(last: int = 8, recorded: str = HERE) -> Extent:
    """Return a log of the stream x on timeline 2."""
    return Extent("x", 1, last, HERE, recorded)


@pytest.mark.parametrize("recorded", [HERE, BEFORE])
def test_a_log_that_ends_before_what_was_seen_is_a_loss(recorded: str) -> None:
    """I7: whatever the origin says, and whoever has seen more: Redis or the listener."""
    log = extent(last=7, recorded=recorded)
    assert judge(log, [Witness("x", 8)]) is Verdict.LOST
    assert judge(log, [Witness("x", 6), Witness("x", 8, BATCH)]) is Verdict.LOST


def test_a_restart_loses_nothing() -> None:
    """The origin is the same, so it takes no witness: Redis may be empty."""
    assert judge(extent(), []) is Verdict.SAME
    assert judge(extent(), [Witness("x", 8, origin="7/2")]) is Verdict.SAME
    assert judge(extent(), [Witness("another", 9)]) is Verdict.SAME


def test_another_origin_needs_a_witness() -> None:
    """I7: without one, something that was published may be missing."""
    moved = extent(recorded=BEFORE)
    assert judge(moved, []) is Verdict.LOST
    assert judge(moved, [Witness("another", 8)]) is Verdict.LOST
    assert judge(moved, [Witness("x", 8)]) is Verdict.DOUBTFUL


def test_redis_published_from_another_server_is_compared() -> None:
    """I7: an old primary that comes back may have other events at the same positions."""
    assert judge(extent(), [Witness("x", 8, origin="7/3")]) is Verdict.DOUBTFUL
    assert judge(extent(), [Witness("x", 8, origin="8/2")]) is Verdict.DOUBTFUL


def test_nothing_published_means_nothing_lost() -> None:
    """A fail-over before the first event resets nobody."""
    assert judge(extent(last=0, recorded=BEFORE), [Witness("x", 0)]) is Verdict.SAME


def test_the_latest_witness_decides() -> None:
    """The one of the highest position, with the batch if either has it, of this stream only."""
    redis, memory = Witness("x", 8), Witness("x", 8, BATCH)
    assert latest("x", [redis, memory, Witness("another", 9)]) is memory
    assert latest("x", [Witness("x", 9), memory]) == Witness("x", 9)
    assert latest("x", []) is None


def test_contents_are_compared_by_the_last_event() -> None:
    """The log may have been pruned up to its newest event."""
    assert last_event(BATCH) == Batch("x", 8, 8, b'[{"position":8}]')


def test_timelines_order_the_servers_of_one_cluster() -> None:
    """A promoted standby replaces its primary; servers of other clusters replace nobody."""
    old, new = Origin.parse(BEFORE), Origin.parse(HERE)
    assert old.is_replaced_by(new)
    assert not new.is_replaced_by(old)
    assert not old.is_replaced_by(Origin.parse("8/2"))
    assert Origin.parse("7/2").place == new.place == "7/2"
    assert not old.is_replaced_by(Origin.parse(""))
