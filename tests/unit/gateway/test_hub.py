"""Which members get which message."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.histories import (
    SELECTIONS,
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
from orders_contract import events as events_module
from orders_contract.batches import Batch
from orders_contract.events import OpenedEvent
from orders_contract.matching import EVERYTHING, Selection, seen
from orders_contract.messages import SERVER_MESSAGE, Heartbeat
from orders_gateway import hub as hub_module
from orders_gateway.conflation import Bounds
from orders_gateway.hub import Hub, messages_since
from orders_gateway.ring import Ring
from orders_gateway.websocket import text_frame


def _select(**conditions: list[Any]) -> Selection:
    return Selection.parse({"orders": conditions})


_PENDING = _select(status=["pending"])
_SHIPPED = _select(status=["shipped"])
_BOUNDS = Bounds(max_rows=100, max_bytes=1_000_000, max_message_bytes=100_000)
_SELECTIONS = (EVERYTHING, EVERYTHING, _PENDING, _PENDING, _select(order_id=[1, 2]))


def _hub(position: int = 0) -> Hub[str]:
    ring = Ring(10_000, 10_000_000)
    ring.restart(STREAM, position)
    return Hub(ring, _BOUNDS)


def _live(hub: Hub[Any]) -> list[Any]:
    return [member for _, members in hub.live() for member in members]


def _inserted(position: int) -> Batch:
    return batch([event(position, "INSERT", order(position))])


def _selected(events: list[Row], selection: Selection) -> list[Row]:
    return [dict(each) for event in events if (each := seen(event, selection)) is not None]


@dataclass
class _Client:
    """Handles messages as the protocol requires, and asserts that they are valid."""

    selection: Selection
    truth: list[Row]
    position: int = 0
    live: bool = False
    seen: list[Row] = field(default_factory=list)

    def receive(self, frame: bytes) -> None:
        """Take new events; assert that there is no gap before the message or within it."""
        message = json.loads(frame)
        if isinstance(SERVER_MESSAGE.validate_python(message), Heartbeat):
            self.position = message["position"]
            return
        assert message["type"] == "events"
        assert message["first"] <= self.position + 1
        covered = self.truth[message["first"] - 1 : message["last"]]
        assert message["events"] == _selected(covered, self.selection)
        self.seen += [each for each in message["events"] if each["position"] > self.position]
        self.position = max(self.position, message["last"])

    def catch_up(self, batches: list[Batch]) -> None:
        """Receive what is missing, as a subscriber sends it."""
        for last, frame in messages_since(batches, self.position, self.selection):
            self.receive(frame)
            assert self.position == last, "the client is told how far it is complete"


# --- messages_since ------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(
    history=histories(min_size=1),
    sizes=sizes(),
    after=st.integers(0, 40),
    selection=SELECTIONS,
    frame_bytes=st.integers(1, 10_000),
)
def test_catching_up_gives_each_event_once(
    history: History, sizes: list[int], after: int, selection: Selection, frame_bytes: int
) -> None:
    """I7: from any position and any cut into batches, each missed event comes once, in order.

    Under a filter only those that match; the client reaches the head even if none does.
    """
    ring = Ring(10_000, 10_000_000)
    ring.restart(STREAM, 0)
    for each in history.batches(sizes):
        ring.append(each)
    after = min(after, history.head)
    client = _Client(selection, history.events, position=after)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_module, "MESSAGE_BYTES", frame_bytes)
        client.catch_up(ring.since(after) or [])
    assert client.position == history.head
    assert client.seen == _selected(history.since(after), selection)


def test_many_small_batches_become_few_messages() -> None:
    """A client that missed 500 small batches gets one message."""
    steps = list(messages_since([_inserted(at) for at in range(1, 501)], 0, EVERYTHING))
    assert len(steps) == 1
    assert steps[0][0] == 500


def test_messages_stay_below_what_clients_accept() -> None:
    """Batches are merged up to a size that every client accepts; a large event is sent alone."""
    huge = "x" * 200_000
    batches = [batch([event(at, "INSERT", order(at, product_name=huge))]) for at in range(1, 6)]
    steps = list(messages_since(batches, 0, EVERYTHING))
    assert [last for last, _ in steps] == [1, 2, 3, 4, 5]
    assert all(len(frame) < 1024 * 1024 for _, frame in steps)


def test_nothing_missed_is_no_message() -> None:
    """A client that has everything gets nothing."""
    assert list(messages_since([], 7, EVERYTHING)) == []


# --- publish -------------------------------------------------------------------------------------


def test_batch_goes_to_everyone_unopened() -> None:
    """I4: without filters a batch is one message for all members and is not parsed."""
    hub = _hub()
    for member in "abc":
        hub.join(member, EVERYTHING, text_frame)
    (delivery,) = hub.publish(Batch(STREAM, 1, 2, b"[not JSON]"))
    assert sorted(delivery.members) == ["a", "b", "c"]
    assert delivery.message == b'{"type":"events","first":1,"last":2,"events":[not JSON]}'


def test_deflating_members_get_the_same_message_compressed() -> None:
    """A batch is compressed once for all deflating members without a filter, and for no others."""
    hub = _hub()
    hub.join("plain", EVERYTHING, text_frame)
    hub.join("filtered", _PENDING, text_frame, deflates=True)
    for member in "ab":
        hub.join(member, EVERYTHING, text_frame, deflates=True)
    assert sorted(_live(hub)) == ["a", "b", "filtered", "plain"]
    packed, plain, filtered = hub.publish(_inserted(1))
    assert (sorted(packed.members), packed.compressed) == (["a", "b"], True)
    assert zlib.decompressobj(-15).decompress(packed.message + b"\x00\x00\xff\xff") == plain.message
    assert (plain.members, plain.compressed) == (("plain",), False)
    assert (filtered.members, filtered.compressed) == (("filtered",), False)
    hub.leave("a", EVERYTHING, text_frame)
    assert hub.publish(_inserted(2))[0].members == ("b",)


def test_one_message_per_filter() -> None:
    """I4: members with equal filters share one message; without a match a member gets none."""
    hub = _hub()
    hub.join("everything", EVERYTHING, text_frame)
    hub.join("pending", _PENDING, text_frame)
    hub.join("pending too", _select(status=["pending"]), text_frame)
    hub.join("shipped", _SHIPPED, text_frame)
    groups = [sorted(delivery.members) for delivery in hub.publish(_inserted(1))]
    assert sorted(groups) == [["everything"], ["pending", "pending too"]]


def test_a_message_covers_events_that_did_not_match() -> None:
    """I7: a filtered message covers all positions since the previous one."""
    hub = _hub()
    hub.join("shipped", _SHIPPED, text_frame)
    assert hub.publish(_inserted(1)) == []
    assert hub.publish(_inserted(2)) == []
    (delivery,) = hub.publish(batch([event(3, "INSERT", order(3, status="shipped"))]))
    frame = json.loads(delivery.message)
    assert (frame["first"], frame["last"], positions(frame["events"])) == (1, 3, [3])


def test_a_member_that_left_gets_nothing() -> None:
    """I6: a member that left, as slow ones do, gets nothing and delays no other."""
    hub = _hub()
    hub.join("slow", EVERYTHING, text_frame)
    hub.join("quick", EVERYTHING, text_frame)
    hub.leave("slow", EVERYTHING, text_frame)
    (delivery,) = hub.publish(_inserted(1))
    assert delivery.members == ("quick",)
    assert _live(hub) == ["quick"]


def test_leaving_twice_has_no_effect() -> None:
    """A member that has left, or whose group is gone, may leave again."""
    hub = _hub()
    hub.join("a", EVERYTHING, text_frame)
    for _ in range(2):
        hub.leave("a", EVERYTHING, text_frame)
        hub.leave("a", _PENDING, text_frame)
    assert _live(hub) == []
    assert hub.publish(_inserted(1)) == []


_ACTIONS = st.lists(st.none() | st.integers(0, len(_SELECTIONS) - 1), max_size=60)


@settings(max_examples=100, deadline=None)
@given(history=histories(min_size=1), sizes=sizes(), actions=_ACTIONS)
def test_everyone_gets_everything_once(
    history: History, sizes: list[int], actions: list[int | None]
) -> None:
    """I7: members that join and leave at any time get each event once and in order.

    An action is the next batch (None), or the number of a client that joins or leaves.
    """
    hub: Hub[int] = Hub(Ring(10_000, 10_000_000), _BOUNDS)
    hub.ring.restart(STREAM, 0)
    clients = [_Client(selection, history.events) for selection in _SELECTIONS]
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
        assert client.seen == _selected(history.events, client.selection)


def _toggle(hub: Hub[int], number: int, client: _Client) -> None:
    if client.live:
        hub.leave(number, client.selection, text_frame)
        client.position = hub.ring.position  # it had everything
    else:
        client.catch_up(hub.ring.since(client.position) or [])
        hub.join(number, client.selection, text_frame)
    client.live = not client.live


def _publish(hub: Hub[int], each: Batch, clients: list[_Client]) -> None:
    reached: list[int] = []
    for delivery in hub.publish(each):
        reached += delivery.members
        for member in delivery.members:
            clients[member].receive(delivery.message)
    assert len(reached) == len(set(reached))
    assert all(clients[member].live for member in reached)


def _assert_live(hub: Hub[int], clients: list[_Client]) -> None:
    expected = [number for number, client in enumerate(clients) if client.live]
    assert sorted(_live(hub)) == expected


# --- restart -------------------------------------------------------------------------------------


def test_restart_begins_anew_for_all() -> None:
    """I7: all members get the reason and the new position; later events continue from there."""
    hub = _hub()
    hub.join("everything", EVERYTHING, text_frame)
    hub.join("shipped", _SHIPPED, text_frame)
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
        assert json.loads(delivery.message)["first"] == 41


def test_a_batch_of_several_tables_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """I4: for clients without a filter it is one message, with the bytes that came."""
    monkeypatch.setattr(hub_module, "open_batch", _refuse)
    hub = _hub()
    for member in "abc":
        hub.join(member, EVERYTHING, text_frame)
    line = {**event(2, "INSERT", None), "table": "order_lines", "key": {"id": 1}, "row": {"id": 1}}
    several = batch([event(1, "INSERT", order(1)), line, event(3, "UPDATE", order(1))])
    (delivery,) = hub.publish(several)
    assert sorted(delivery.members) == ["a", "b", "c"]
    assert several.events in delivery.message
    ((_, missed),) = messages_since([several], 0, EVERYTHING)
    assert several.events in missed


def _refuse(_: Batch) -> Iterator[OpenedEvent]:
    raise AssertionError("opened")


def test_a_batch_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """I4: a batch is parsed once for any number of filters, and never without a filter."""
    times: list[Batch] = []

    def open_batch(batch: Batch) -> Iterator[OpenedEvent]:
        times.append(batch)
        return events_module.open_batch(batch)

    monkeypatch.setattr(hub_module, "open_batch", open_batch)
    hub = _hub()
    hub.join("everything", EVERYTHING, text_frame)
    hub.publish(_inserted(1))
    assert times == []
    hub.join("pending", _PENDING, text_frame)
    hub.join("some", _select(order_id=[2]), text_frame)
    assert len(hub.publish(_inserted(2))) == 3
    assert len(times) == 1
