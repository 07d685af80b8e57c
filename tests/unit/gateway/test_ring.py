"""The most recent batches."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.histories import STREAM, History, batch, event, histories, sizes
from orders_contract.batches import Batch
from orders_gateway.ring import Fit, Ring, fit, trimmed


def _ring(max_events: int = 100, max_bytes: int = 100_000, position: int = 0) -> Ring:
    ring = Ring(max_events, max_bytes)
    ring.restart("s", position)
    return ring


def _batch(first: int, last: int, stream: str = "s", size: int = 2) -> Batch:
    return Batch(stream, first, last, b"[" + b" " * (size - 2) + b"]")


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (_batch(8, 9), Fit.NEXT),
        (_batch(6, 7), Fit.KNOWN),
        (_batch(1, 1), Fit.KNOWN),
        (_batch(9, 9), Fit.GAP),
        (_batch(7, 8), Fit.OVERLAP),
        (_batch(1, 99), Fit.OVERLAP),
        (_batch(8, 9, stream="another"), Fit.FOREIGN),
    ],
)
def test_fit(batch: Batch, expected: Fit) -> None:
    """How a batch relates to the head of a stream."""
    assert fit("s", 7, batch) is expected


def test_new_ring_knows_no_stream() -> None:
    """Before the first restart every batch is refused."""
    with pytest.raises(ValueError, match="does not follow 0"):
        Ring(10, 10).append(_batch(1, 1))


@pytest.mark.parametrize("batch", [_batch(2, 3), _batch(9, 9), _batch(8, 8, stream="another")])
def test_only_the_next_batch_is_appended(batch: Batch) -> None:
    """I7: a ring never holds a gap, an overlap or another stream's batch."""
    ring = _ring(position=7)
    with pytest.raises(ValueError, match="does not follow 7"):
        ring.append(batch)
    assert ring.position == 7


def test_restart_forgets_everything() -> None:
    """After a restart older batches are gone, and the batch after the position is next."""
    ring = _ring()
    ring.append(_batch(1, 5))
    ring.restart("another", 3)
    assert (ring.stream, ring.position, ring.since(3), ring.since(2)) == ("another", 3, [], None)
    ring.append(_batch(4, 4, stream="another"))
    assert ring.since(3) == [_batch(4, 4, stream="another")]


def test_huge_batch_stays() -> None:
    """The newest batch stays whatever its size, alone."""
    ring = _ring(max_events=2, max_bytes=10)
    ring.append(_batch(1, 1))
    ring.append(_batch(2, 9, size=1000))
    assert ring.since(1) == [_batch(2, 9, size=1000)]
    assert ring.since(0) is None


def test_dropped_bytes_do_not_count() -> None:
    """A batch that was dropped no longer counts towards the bound in bytes."""
    ring = _ring(max_bytes=10)
    ring.append(_batch(1, 1, size=1000))
    for position in range(2, 7):
        ring.append(_batch(position, position))
    assert ring.since(1) == [_batch(position, position) for position in range(2, 7)]


@settings(max_examples=60, deadline=None)
@given(
    history=histories(min_size=1),
    sizes=sizes(),
    max_events=st.integers(1, 30),
    max_bytes=st.integers(1, 8_000),
)
def test_since_is_exactly_the_suffix_or_nothing(
    history: History, sizes: list[int], max_events: int, max_bytes: int
) -> None:
    """I7: for every position the ring has all batches after it, or reports that some are gone."""
    batches = history.batches(sizes)
    ring = Ring(max_events, max_bytes)
    ring.restart(STREAM, 0)
    for number, newest in enumerate(batches, start=1):
        ring.append(newest)
        assert ring.position == newest.last
        kept = _kept(ring)
        assert kept == batches[number - len(kept) : number]
        assert kept[-1] is newest
        _assert_bounds(kept, batches[:number], max_events, max_bytes)
        for position in range(newest.last + 2):
            _assert_suffix(ring, kept, position)


def _kept(ring: Ring) -> list[Batch]:
    """Return all batches in the ring."""
    found = (ring.since(position) for position in range(ring.position))
    return next(batches for batches in found if batches is not None)


def _assert_suffix(ring: Ring, kept: list[Batch], position: int) -> None:
    if position + 1 < kept[0].first:
        assert ring.since(position) is None
    else:
        assert ring.since(position) == [each for each in kept if each.last > position]


def _assert_bounds(
    kept: list[Batch], appended: list[Batch], max_events: int, max_bytes: int
) -> None:
    """Assert that the ring holds as many batches as its bounds allow, and no more."""
    if len(kept) > 1:
        assert sum(len(batch.events) for batch in kept) <= max_bytes
        assert sum(len(batch) for batch in kept[1:]) < max_events
    if len(kept) < len(appended):
        one_more = appended[-len(kept) - 1 :]
        too_many_bytes = sum(len(batch.events) for batch in one_more) > max_bytes
        assert too_many_bytes or sum(len(batch) for batch in kept) >= max_events


@settings(max_examples=100, deadline=None)
@given(history=histories(min_size=1), after=st.integers(0, 40))
def test_trimmed_is_what_comes_after(history: History, after: int) -> None:
    """I7: any cut leaves exactly the events after it, byte for byte as they were rendered."""
    after = min(after, history.head - 1)
    assert trimmed(batch(history.events), after) == batch(history.since(after))


def test_nothing_to_trim_parses_nothing() -> None:
    """I4: a batch that begins after the position is passed on as it is."""
    whole = batch([event(8, "TRUNCATE", None)])
    assert trimmed(whole, 7) is whole


def test_trimming_keeps_every_digit() -> None:
    """I11: numbers that no float holds, and escapes, survive a cut."""
    kept = b'{"position":2,"order":{"n":12345678901234567890.10,"big":1e400,"half":"\\ud800"}}'
    cut = trimmed(Batch("s", 1, 2, b'[{"position":1},' + kept + b"]"), 1)
    assert cut == Batch("s", 2, 2, b"[" + kept + b"]")


@pytest.mark.parametrize(
    ("repeated", "is_other"),
    [
        (b'[{"position":2},{"position":3,"at":"now"}]', False),
        (b'[{"position":2},{"position":3,"at":"later"}]', True),
        (b'[{"position":3,"at":"later"},{"position":4}]', True),
        (b'[{"position":4}]', False),
        (b'[{"position":1,"at":"later"}]', False),
    ],
    ids=["the same", "another event", "another event, and more", "the next", "no longer kept"],
)
def test_a_position_that_comes_again_with_another_event(repeated: bytes, is_other: bool) -> None:  # noqa: FBT001
    """I7: another event at a position that the ring has shows that the database went back."""
    ring = _ring()
    ring.restart("s", 1)
    ring.append(Batch("s", 2, 3, b'[{"position":2},{"position":3,"at":"now"}]'))
    positions = [each["position"] for each in json.loads(repeated)]
    assert ring.contradicts(Batch("s", positions[0], positions[-1], repeated)) is is_other
