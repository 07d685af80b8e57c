"""Where a page of the activity ends."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from orders_api.activity import PAUSE, Group, Span, page_end

_BEGIN = datetime(2026, 11, 22, 12, tzinfo=UTC)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Events of several kinds, some of a burst each, seen from some position on."""
    steps = st.tuples(st.integers(0, 3), st.sampled_from([0.1, 1.0, 3.0, 40.0]))
    events = draw(st.lists(steps, min_size=1, max_size=60))
    low = draw(st.integers(1, len(events)))
    now, times, bursts = _BEGIN, [], []
    last: dict[int, tuple[datetime, list[int]]] = {}
    for position, (kind, pause_s) in enumerate(events, 1):
        now += timedelta(seconds=pause_s)
        times.append(now)
        if position < low:
            continue
        before = last.get(kind)
        same = before is not None and now - before[0] < PAUSE and now.minute == before[0].minute
        burst = before[1] if before is not None and same else []
        if not burst:
            bursts.append(burst)
        burst.append(position)
        last[kind] = (now, burst)
    groups = [Group(each[0], each[-1], times[each[0] - 1], tuple(each)) for each in bursts]
    groups.sort(key=lambda group: -group.last)
    return Span("s", len(events), 1, None, 1, low, times[low - 1], groups)


@settings(max_examples=300, deadline=None)
@given(span=spans(), limit=st.integers(1, 20))
def test_a_page_ends_between_groups_and_goes_on(span: Span, limit: int) -> None:
    """A page cuts a group only where too many overlap or the span does, and is never empty."""
    end = page_end(span, limit)
    assert span.low <= end <= span.position
    kept = [group for group in span.groups if group.last >= end]
    assert kept, "the next page would begin where this one did"
    cut = [group for group in kept if group.first < end]
    is_forced = len(kept) == limit < len(span.groups) / 2
    assert not cut or is_forced
    if end > span.low and not is_forced:
        assert all(
            group.began_at - span.low_at >= PAUSE
            for group in kept
            if span.low_at is not None
            and not span.is_whole
            and group.began_at.minute == span.low_at.minute
        ), "a group that may have begun before the span is left to the next page"


@given(span=spans())
def test_a_whole_log_is_one_page(span: Span) -> None:
    """From the first event on nothing is left for another page."""
    if span.is_whole:
        assert page_end(span, 1000) == 1
