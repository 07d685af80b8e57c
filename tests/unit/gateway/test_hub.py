"""Who gets what."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.histories import (
    FILTERS,
    STREAM,
    History,
    Row,
    batch,
    event,
    histories,
    order,
    positions,
    sizes,
)
from orders_contract.batches import Batch
from orders_contract.messages import SERVER_MESSAGE, Filter, Heartbeat
from orders_gateway import filters as filters_module
from orders_gateway import hub as hub_module
from orders_gateway.conflation import Bounds
from orders_gateway.filters import OpenedEvent, Predicate
from orders_gateway.hub import Hub, frames_since
from orders_gateway.ring import Ring

_PENDING = Predicate(status=frozenset({"pending"}))
_SHIPPED = Predicate(status=frozenset({"shipped"}))
_BOUNDS = Bounds(max_orders=100, max_bytes=1_000_000, max_frame_bytes=100_000)
_PREDICATES = (None, None, _PENDING, _PENDING, Predicate(order_id=frozenset({1, 2})))


def _hub(position: int = 0) -> Hub[str]:
    ring = Ring(10_000, 10_000_000)
    ring.restart(STREAM, position)
    return Hub(ring, _BOUNDS)


def _inserted(position: int) -> Batch:
    return batch([event(position, "INSERT", order(position))])


def _selected(events: list[Row], predicate: Predicate | None) -> list[Row]:
    return events if predicate is None else predicate.select(events)


@dataclass
class _Client:
    """Does with frames what the protocol asks of a client, and complains of anything else."""

    predicate: Predicate | None
    truth: list[Row]
    position: int = 0
    live: bool = False
    seen: list[Row] = field(default_factory=list)

    def receive(self, frame: bytes) -> None:
        """Take the events that are new; no gap before the frame, and none within."""
        message = json.loads(frame)
        if isinstance(SERVER_MESSAGE.validate_python(message), Heartbeat):
            self.position = message["position"]
            return
        assert message["type"] == "events"
        assert message["first"] <= self.position + 1
        covered = self.truth[message["first"] - 1 : message["last"]]
        assert message["events"] == _selected(covered, self.predicate)
        self.seen += [each for each in message["events"] if each["position"] > self.position]
        self.position = max(self.position, message["last"])

    def catch_up(self, batches: list[Batch]) -> None:
        """Receive what is missing, as a session sends it."""
        for last, frame in frames_since(batches, self.position, self.predicate):
            self.receive(frame)
            assert self.position == last, "the client is told how far it is complete"


# --- frames_since --------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(
    history=histories(min_size=1),
    sizes=sizes(),
    after=st.integers(0, 40),
    wanted=st.none() | FILTERS,
    frame_bytes=st.integers(1, 10_000),
)
def test_catching_up_gives_each_event_once(
    history: History, sizes: list[int], after: int, wanted: Filter | None, frame_bytes: int
) -> None:
    """I7: from any position and any cut into batches, each missed event comes once, in order.

    Under a filter those that match; and the way leads to the end even where nothing does.
    """
    ring = Ring(10_000, 10_000_000)
    ring.restart(STREAM, 0)
    for each in history.batches(sizes):
        ring.append(each)
    after = min(after, history.head)
    predicate = None if wanted is None else Predicate.of(wanted)
    client = _Client(predicate, history.events, position=after)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_module, "_FRAME_BYTES", frame_bytes)
        client.catch_up(ring.since(after) or [])
    assert client.position == history.head
    assert client.seen == _selected(history.since(after), predicate)


def test_many_small_batches_become_few_frames() -> None:
    """Someone who missed hundreds of batches gets a frame, not hundreds."""
    steps = list(frames_since([_inserted(at) for at in range(1, 501)], 0, None))
    assert len(steps) == 1
    assert steps[0][0] == 500


def test_frames_stay_below_what_clients_take() -> None:
    """Batches are merged up to a size that every client accepts; a huge event goes alone."""
    huge = "x" * 200_000
    batches = [batch([event(at, "INSERT", order(at, product_name=huge))]) for at in range(1, 6)]
    steps = list(frames_since(batches, 0, None))
    assert [last for last, _ in steps] == [1, 2, 3, 4, 5]
    assert all(len(frame) < 1024 * 1024 for _, frame in steps)


def test_nothing_missed_is_no_frame() -> None:
    """Who has everything gets nothing."""
    assert list(frames_since([], 7, None)) == []


# --- publish -------------------------------------------------------------------------------------


def test_batch_goes_to_everyone_unopened() -> None:
    """I4: without filters a batch is one frame for all, and nobody looks into it."""
    hub = _hub()
    for member in "abc":
        hub.join(member, None)
    (delivery,) = hub.publish(Batch(STREAM, 1, 2, b"[not JSON]"))
    assert sorted(delivery.members) == ["a", "b", "c"]
    assert delivery.frame == b'{"type":"events","first":1,"last":2,"events":[not JSON]}'


def test_who_deflates_gets_the_same_smaller() -> None:
    """A batch is compressed once for all who agreed to it and want everything; not for filters."""
    hub = _hub()
    hub.join("plain", None)
    hub.join("filtered", _PENDING, deflates=True)
    for member in "ab":
        hub.join(member, None, deflates=True)
    assert sorted(hub.live()) == ["a", "b", "filtered", "plain"]
    packed, plain, filtered = hub.publish(_inserted(1))
    assert (sorted(packed.members), packed.compressed) == (["a", "b"], True)
    assert zlib.decompressobj(-15).decompress(packed.frame + b"\x00\x00\xff\xff") == plain.frame
    assert (plain.members, plain.compressed) == (("plain",), False)
    assert (filtered.members, filtered.compressed) == (("filtered",), False)
    hub.leave("a", None)
    assert hub.publish(_inserted(2))[0].members == ("b",)


def test_one_frame_a_filter() -> None:
    """I4: members who want the same share one frame; those for whom nothing matches get none."""
    hub = _hub()
    hub.join("everything", None)
    hub.join("pending", _PENDING)
    hub.join("pending too", Predicate(status=frozenset({"pending"})))
    hub.join("shipped", _SHIPPED)
    groups = [sorted(delivery.members) for delivery in hub.publish(_inserted(1))]
    assert sorted(groups) == [["everything"], ["pending", "pending too"]]


def test_frame_covers_what_did_not_match() -> None:
    """I7: a filtered frame says from where it is complete, back to the last one sent."""
    hub = _hub()
    hub.join("shipped", _SHIPPED)
    assert hub.publish(_inserted(1)) == []
    assert hub.publish(_inserted(2)) == []
    (delivery,) = hub.publish(batch([event(3, "INSERT", order(3, status="shipped"))]))
    frame = json.loads(delivery.frame)
    assert (frame["first"], frame["last"], positions(frame["events"])) == (1, 3, [3])


def test_who_left_gets_nothing() -> None:
    """I6: a member that left, as slow ones do, holds up nothing and gets nothing."""
    hub = _hub()
    hub.join("slow", None)
    hub.join("quick", None)
    hub.leave("slow", None)
    (delivery,) = hub.publish(_inserted(1))
    assert delivery.members == ("quick",)
    assert hub.live() == ("quick",)


def test_leaving_twice_is_fine() -> None:
    """A member that is not there, or whose group is gone, may leave."""
    hub = _hub()
    hub.join("a", None)
    for _ in range(2):
        hub.leave("a", None)
        hub.leave("a", _PENDING)
    assert hub.live() == ()
    assert hub.publish(_inserted(1)) == []


_ACTIONS = st.lists(st.none() | st.integers(0, len(_PREDICATES) - 1), max_size=60)


@settings(max_examples=100, deadline=None)
@given(history=histories(min_size=1), sizes=sizes(), actions=_ACTIONS)
def test_everyone_gets_everything_once(
    history: History, sizes: list[int], actions: list[int | None]
) -> None:
    """I7: whoever joins, leaves and comes back whenever, each event comes once and in order.

    An action is the next batch, or the number of a client that comes or goes.
    """
    hub: Hub[int] = Hub(Ring(10_000, 10_000_000), _BOUNDS)
    hub.ring.restart(STREAM, 0)
    clients = [_Client(predicate, history.events) for predicate in _PREDICATES]
    coming = iter(history.batches(sizes))
    for action in actions:
        if action is not None:
            _toggle(hub, action, clients[action])
        elif (each := next(coming, None)) is not None:
            _publish(hub, each, clients)
        _assert_live(hub, clients)
    for each in coming:
        _publish(hub, each, clients)
    for client in clients:
        client.catch_up(hub.ring.since(client.position) or [])
        assert client.seen == _selected(history.events, client.predicate)


def _toggle(hub: Hub[int], number: int, client: _Client) -> None:
    if client.live:
        hub.leave(number, client.predicate)
        client.position = hub.ring.position  # it had everything
    else:
        client.catch_up(hub.ring.since(client.position) or [])
        hub.join(number, client.predicate)
    client.live = not client.live


def _publish(hub: Hub[int], each: Batch, clients: list[_Client]) -> None:
    reached: list[int] = []
    for delivery in hub.publish(each):
        reached += delivery.members
        for member in delivery.members:
            clients[member].receive(delivery.frame)
    assert len(reached) == len(set(reached))
    assert all(clients[member].live for member in reached)


def _assert_live(hub: Hub[int], clients: list[_Client]) -> None:
    expected = [number for number, client in enumerate(clients) if client.live]
    assert sorted(hub.live()) == expected


# --- restart -------------------------------------------------------------------------------------


def test_restart_begins_anew_for_all() -> None:
    """I7: everyone is told why and where to go on; what comes next continues from there."""
    hub = _hub()
    hub.join("everything", None)
    hub.join("shipped", _SHIPPED)
    hub.publish(_inserted(1))
    epoch = hub.epoch

    frame = json.loads(hub.restart("another", 40, "unknown_stream"))
    assert frame == {"type": "reset", "reason": "unknown_stream", "position": 40}
    assert hub.epoch == epoch + 1
    assert (hub.ring.stream, hub.ring.position) == ("another", 40)

    shipped = batch([event(41, "INSERT", order(1, status="shipped"))])
    deliveries = hub.publish(Batch("another", 41, 41, shipped.events))
    assert {delivery.members for delivery in deliveries} == {("everything",), ("shipped",)}
    for delivery in deliveries:
        assert json.loads(delivery.frame)["first"] == 41


def test_a_batch_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """I4: however many filters look into a batch, it is parsed once; without any, never."""
    times: list[Batch] = []

    def opened(batch: Batch) -> Iterator[OpenedEvent]:
        times.append(batch)
        return filters_module.opened(batch)

    monkeypatch.setattr(hub_module, "opened", opened)
    hub = _hub()
    hub.join("everything", None)
    hub.publish(_inserted(1))
    assert times == []
    hub.join("pending", _PENDING)
    hub.join("some", Predicate(order_id=frozenset({2})))
    assert len(hub.publish(_inserted(2))) == 3
    assert len(times) == 1
