"""Batches between listener and gateways."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.histories import History, batch, histories, positions, sizes
from orders_contract.batches import (
    Batch,
    Head,
    MalformedPayloadError,
    decode,
    encode,
    merge,
    newest_change_s,
)

_POSITIONS = st.integers(1, 2**63 - 1)


def test_payload_has_the_documented_form() -> None:
    """A batch is one JSON document with its keys in the order that readers rely on."""
    payload = encode(Batch("s", 8, 9, b'[{"position":8},{"position":9}]'))
    assert payload == b'{"stream":"s","first":8,"last":9,"events":[{"position":8},{"position":9}]}'


def test_head_has_the_documented_form() -> None:
    """A head is a small JSON document; the schema may be missing from it."""
    assert encode(Head("s", 9, "5f")) == b'{"stream":"s","position":9,"schema":"5f"}'
    assert decode(b'{"stream":"s","position":9}') == Head("s", 9)


def test_events_travel_unopened() -> None:
    """I4: the events are neither parsed nor changed, even if they are not JSON."""
    body = b'[ not JSON ,"events":[\xff\x00] ]'
    assert decode(encode(Batch("s", 1, 1, body))) == Batch("s", 1, 1, body)


@settings(max_examples=100, deadline=None)
@given(
    stream=st.text(),
    first=_POSITIONS,
    more=st.integers(0, 10_000),
    content=st.binary(max_size=200),
)
def test_batch_comes_back(stream: str, first: int, more: int, content: bytes) -> None:
    """Decoding an encoded batch gives the same batch."""
    whole = Batch(stream, first, first + more, b"[" + content + b"]")
    assert decode(encode(whole)) == whole


@settings(max_examples=30, deadline=None)
@given(stream=st.text(), position=st.integers(0, 2**63 - 1))
def test_head_comes_back(stream: str, position: int) -> None:
    """Decoding an encoded head gives the same head."""
    assert decode(encode(Head(stream, position))) == Head(stream, position)


def test_unknown_keys_are_ignored() -> None:
    """A gateway understands a listener of a later version, whose header and head say more."""
    payload = b'{"stream":"s","first":8,"last":9,"more":{"a":[1]},"events":[{},{}]}'
    assert decode(payload) == Batch("s", 8, 9, b"[{},{}]")
    assert decode(b'{"more":"x","stream":"s","position":9,"schema":"5f"}') == Head("s", 9, "5f")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"9",
        b"\xff",
        b'{"position":9}',
        b'{"stream":"s","position":-1}',
        b'{"stream":"s","position":"9"}',
        b'{"first":1,"last":2,"events":[]}',
        b'{"stream":"s","first":0,"last":2,"events":[{}]}',
        b'{"stream":"s","first":3,"last":2,"events":[{}]}',
        b'{"stream":7,"first":1,"last":2,"events":[{}]}',
        b'{"stream":"s","first":1,"last":2,"events":',
        b'{"stream":"s","first":1,"last":2,"events":[{}',
        b'{"stream":"s","first":1,"last":2,"events":[{}]',
        b'{"stream":"s","first":1,"last":2,"events":{}}',
    ],
)
def test_malformed_payloads_are_refused(payload: bytes) -> None:
    """A payload that is neither batch nor head, or was truncated, is malformed."""
    with pytest.raises(MalformedPayloadError):
        decode(payload)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100) | st.text().map(str.encode))
def test_decoding_raises_only_malformed_errors(payload: bytes) -> None:
    """Arbitrary bytes are a batch, a head or malformed; no other error is raised."""
    try:
        message = decode(payload)
    except MalformedPayloadError:
        return
    assert isinstance(message, Batch | Head)


@settings(max_examples=100, deadline=None)
@given(history=histories(min_size=1), sizes=sizes())
def test_merging_restores_the_whole_batch(history: History, sizes: list[int]) -> None:
    """Merging batches gives one batch with every event once and in order."""
    assert merge(history.batches(sizes)) == batch(history.events)


@settings(max_examples=30, deadline=None)
@given(history=histories(min_size=1), sizes=sizes())
def test_length_counts_events(history: History, sizes: list[int]) -> None:
    """The length of a batch is its number of events."""
    batches = history.batches(sizes)
    assert [len(each) for each in batches] == [len(json.loads(each.events)) for each in batches]


def test_single_batch_is_not_copied() -> None:
    """Merging a single batch returns it as it is."""
    only = Batch("s", 1, 1, b"[{}]")
    assert merge([only]) is only


def test_positions_of_merged_batches_run_on() -> None:
    """A merged batch covers the positions of its parts."""
    parts = [
        Batch("s", 4, 5, b'[{"position":4},{"position":5}]'),
        Batch("s", 6, 6, b'[{"position":6}]'),
    ]
    merged = merge(parts)
    assert (merged.first, merged.last) == (4, 6)
    assert positions(json.loads(merged.events)) == [4, 5, 6]


def _batch(events: bytes) -> Batch:
    return Batch("s", 1, 1, events)


def test_the_newest_change_is_read_from_the_end() -> None:
    """I4: the time of the last change is found without parsing, in spite of equal column names."""
    event = b'{"position":1,"order":{"changed_at":"2001-01-01T00:00:00+00:00"},"changed_at":"%b"}'
    older, newer = b"2026-01-02T03:04:05.678901+00:00", b"2026-01-02T03:04:06+00:00"
    events = b"[" + event % older + b"," + event % newer + b"]"
    assert newest_change_s(_batch(events)) == datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "events",
    [
        b"[]",
        b'[{"changed_at":"yesterday, or the day before"}]',
        b'[{"changed_at":"2026-01-02T03:04:05+00:00","later":1}]',
        b'[{"changed_at":"2026-99-02T03:04:05+00:00"}]',
    ],
)
def test_an_unknown_time_is_none(events: bytes) -> None:
    """Events of another version that end otherwise have no time."""
    assert newest_change_s(_batch(events)) is None
