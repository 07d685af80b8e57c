"""The position of a client, and its next step."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.histories import (
    SELECTIONS,
    STREAM,
    History,
    Row,
    Table,
    batch,
    event,
    histories,
    order,
    sizes,
)
from orders_contract.batches import Batch
from orders_contract.filters import EVERY_ROW
from orders_contract.matching import EVERYTHING, Selection
from orders_contract.messages import SERVER_MESSAGE
from orders_gateway import hub as hub_module
from orders_gateway import protocol
from orders_gateway.conflation import Bounds
from orders_gateway.hub import Hub
from orders_gateway.reader import NextStep, Reader, ReaderState
from orders_gateway.ring import Ring
from orders_gateway.transport import Write
from orders_gateway.websocket import text_frame

_BOUNDS = Bounds(max_rows=100, max_bytes=100_000, max_message_bytes=2_000)
_CONFLATE_AFTER = 3


def _hub(max_events: int = 1_000) -> Hub[Write]:
    ring = Ring(max_events, 1_000_000)
    ring.restart(STREAM, 0)
    return Hub(ring, _BOUNDS)


def _reader(hub: Hub[Write], write: Write = lambda _frame: None) -> Reader:
    reader = Reader(hub, write, text_frame, False, _CONFLATE_AFTER)
    reader.select(EVERYTHING)
    reader.seek(hub.ring.position)
    return reader


def _inserted(position: int) -> Batch:
    return batch([event(position, "INSERT", order(position))])


def test_a_reader_that_misses_nothing_goes_live() -> None:
    """From the head of the stream nothing is missing: the reader joins the hub at once."""
    hub = _hub()
    hub.publish(_inserted(1))
    reader = _reader(hub)
    assert reader.start() is NextStep.NOTHING
    assert reader.state is ReaderState.LIVE
    hub.publish(_inserted(2))
    assert reader.position == 2


def test_a_reader_behind_the_head_catches_up() -> None:
    """From an earlier position events are sent first; then the reader goes live."""
    hub = _hub()
    for position in (1, 2):
        hub.publish(_inserted(position))
    reader = _reader(hub)
    reader.seek(0)
    assert reader.start() is NextStep.SEND_EVENTS
    (message,) = reader.messages(hub.ring.since(0) or [])
    assert json.loads(message)["last"] == 2
    assert reader.next_step() is NextStep.NOTHING


def test_a_reader_ahead_of_the_stream_waits() -> None:
    """A position that the stream has not reached is waited for."""
    hub = _hub()
    reader = _reader(hub)
    reader.seek(1)
    assert reader.start() is NextStep.WAIT_FOR_STREAM
    hub.publish(_inserted(1))
    assert reader.next_step() is NextStep.NOTHING


def test_a_full_socket_ends_being_live() -> None:
    """I6: a reader whose socket is full leaves the hub and goes on when there is room."""
    hub = _hub()
    reader = _reader(hub)
    reader.start()
    assert reader.pause()
    assert (reader.state, hub.live()) == (ReaderState.BEHIND, [])
    hub.publish(_inserted(1))
    assert reader.next_step() is NextStep.WAIT_FOR_ROOM
    assert reader.heartbeat() is None
    reader.resume()
    assert reader.heartbeat() is not None
    assert reader.next_step() is NextStep.SEND_EVENTS


def test_a_reader_far_behind_gets_the_newest_states() -> None:
    """I6: beyond the bound a reader that was live gets one conflated message."""
    hub = _hub()
    reader = _reader(hub)
    reader.start()
    reader.pause()
    for position in range(1, _CONFLATE_AFTER + 2):
        change = event(position, "UPDATE", order(7, version=position + 1), order(7))
        hub.publish(batch([change]))
    reader.resume()
    assert reader.next_step() is NextStep.SEND_CONFLATED
    message = json.loads(reader.conflated())
    assert (message["first"], message["last"], message["conflated"]) == (1, 4, True)
    assert [each["position"] for each in message["events"]] == [4]
    assert reader.state is ReaderState.CONFLATED
    assert reader.next_step() is NextStep.NOTHING


def test_a_slow_reader_stays_conflated_when_the_schema_changes() -> None:
    """I6: a reader behind gets the newest states, although its filter was parsed again."""
    hub = _hub()
    reader = _reader(hub)
    reader.select(Selection({"orders": EVERY_ROW}))
    reader.start()
    reader.pause()
    for position in range(1, _CONFLATE_AFTER + 3):
        change = event(position, "UPDATE", order(7, version=position + 1), order(7))
        hub.publish(batch([change]))
        if position == _CONFLATE_AFTER:
            reader.select(Selection({"orders": EVERY_ROW}))  # the same: nothing changes
            assert reader.state is ReaderState.BEHIND
            reader.select(Selection({"orders": EVERY_ROW, "notes": EVERY_ROW}))
    reader.resume()
    assert reader.next_step() is NextStep.SEND_EVENTS
    (message,) = [each for each in reader.messages(hub.ring.since(0) or []) if each]
    read = json.loads(message)
    assert (read["first"], read["last"], read["conflated"]) == (1, 5, True)
    assert [each["position"] for each in read["events"]] == [5]
    assert reader.next_step() is NextStep.NOTHING
    assert not reader.conflates, "live, and behind the next time, it gets each event again"


@pytest.mark.parametrize("is_full", [False, True])
def test_a_restart_drops_messages_of_the_past(is_full: bool) -> None:  # noqa: FBT001  a case
    """I7: messages made from batches of before a restart are not sent after it."""
    hub = _hub()
    for position in range(1, 4):
        hub.publish(batch([event(position, "INSERT", order(position, product_name="x" * 300_000))]))
    reader = _reader(hub)
    reader.seek(0)
    reader.start()
    messages = reader.messages(hub.ring.since(0) or [])
    assert json.loads(next(messages))["last"] == 1
    if is_full:
        reader.pause()
    hub.restart("another", 9, "unknown_stream")
    reader.restarted()
    assert list(messages) == []
    assert reader.position == 9


class _Client:
    """A client and the shell of its reader: takes each step and holds what the messages say."""

    def __init__(
        self,
        hub: Hub[Write],
        history: History,
        selection: Selection,
        *,
        after: int = 0,
        conflates: bool = False,
    ) -> None:
        self._hub = hub
        self._history = history
        self._selection = selection
        self._watched = 0
        self.received = 0
        self.reader = Reader(hub, self._write, text_frame, False, _CONFLATE_AFTER)
        self.reader.select(selection)
        self.reader.conflates = conflates
        self.reader.seek(after)
        self._fetch(after)
        self.reader.start()

    def _write(self, frame: bytes) -> None:
        self.receive(frame[frame.index(b'{"type"') :])

    def _fetch(self, position: int) -> None:
        """Hold what a snapshot shows."""
        self._position = position
        self.held = self.expected(position)

    def expected(self, position: int) -> Table:
        """Return the rows of a table that match."""
        filters = self._selection.filters("orders") or ()
        table = self._history.tables[position]
        return {key: row for key, row in table.items() if all(one.matches(row) for one in filters)}

    def receive(self, message: bytes) -> None:
        """Apply a message as the protocol asks."""
        if not message:
            return  # a pause
        read: dict[str, Any] = json.loads(message)
        self.received += 1
        SERVER_MESSAGE.validate_python(read)
        match read["type"]:
            case "events":
                assert read["first"] <= self._position + 1, "a gap"
                for each in read["events"]:
                    if each["position"] > self._position:
                        self._apply(each)
                self._position = read["last"]
            case "heartbeat":
                self._position = read["position"]
            case _:
                self._fetch(read["position"])

    def _apply(self, seen: Row) -> None:
        match seen["operation"]:
            case "TRUNCATE":
                self.held.clear()
            case "DELETE" | "LEAVE":
                self.held.pop(seen["order_id"], None)
            case _:
                row = self.held.get(seen["order_id"])
                if row is None or seen["order"]["version"] > row["version"]:
                    self.held[seen["order_id"]] = seen["order"]

    def select(self) -> None:
        """Select the same rows by other filters, as after a change of the schema."""
        wanted = self._selection.tables or {"orders": EVERY_ROW}
        self._watched += 1
        tables = {**wanted, f"table_{self._watched}": EVERY_ROW}
        self.reader.select(Selection(tables, self._selection.scope))
        if self.reader.state is ReaderState.LIVE:
            self.receive(protocol.heartbeat(self.reader.position))

    def catch_up(self) -> None:
        """Take steps until there is nothing to do, or no room."""
        while (step := self.reader.next_step()) not in {NextStep.NOTHING, NextStep.WAIT_FOR_ROOM}:
            if step is NextStep.SEND_CONFLATED:
                self.receive(self.reader.conflated())
                continue
            assert step is NextStep.SEND_EVENTS
            at, head = self.reader.position, self._hub.ring.position
            older = [batch(self._history.events[at:head])]
            for message in self.reader.messages(self._hub.ring.since(at) or older):
                self.receive(message)


@settings(max_examples=150, deadline=None)
@given(
    history=histories(min_size=10),
    sizes=sizes(),
    selection=SELECTIONS,
    actions=st.lists(
        st.sampled_from(["pause", "resume", "stop", "select", "catch up", *["publish"] * 3]),
        min_size=5,
        max_size=40,
    ),
    max_events=st.integers(1, 20),
)
def test_a_client_converges_whatever_its_socket_does(
    history: History,
    sizes: list[int],
    selection: Selection,
    actions: list[str],
    max_events: int,
) -> None:
    """I7: whenever its socket is full or cut off, a client ends up with what the database holds."""
    hub = _hub(max_events)
    client = _Client(hub, history, selection)
    coming = iter(history.batches(sizes))
    for action in actions:
        match action:
            case "pause":
                client.reader.pause()
            case "resume":
                client.reader.resume()
            case "stop":
                client.reader.stop()
                client.reader.start()
            case "select":
                client.select()
            case "catch up" if client.reader.state is not ReaderState.LIVE:
                client.catch_up()
            case "publish" if (each := next(coming, None)) is not None:
                _publish(hub, each)
    for each in coming:
        _publish(hub, each)
    client.reader.resume()
    if client.reader.state is not ReaderState.LIVE:
        client.catch_up()
    assert client.reader.position == history.head
    assert client.held == client.expected(history.head)
    client.reader.stop()
    assert hub.live() == []


@settings(max_examples=100, deadline=None)
@given(
    history=histories(min_size=1),
    sizes=sizes(),
    selection=SELECTIONS,
    after=st.integers(0, 40),
    message_bytes=st.integers(1, 5_000),
)
def test_a_client_that_asks_for_the_newest_states_converges(
    history: History, sizes: list[int], selection: Selection, after: int, message_bytes: int
) -> None:
    """I7: resuming with conflate=1 leads to what the database holds, whatever fits a message."""
    hub = _hub()
    for each in history.batches(sizes):
        hub.publish(each)
    after = min(after, history.head)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_module, "MESSAGE_BYTES", message_bytes)
        client = _Client(hub, history, selection, after=after, conflates=True)
        client.catch_up()
    assert client.held == client.expected(history.head)
    assert client.reader.state is ReaderState.LIVE


def test_the_newest_states_come_in_one_message() -> None:
    """A client that resumes with conflate=1 gets one message for many events of one row."""
    hub = _hub()
    for position in range(1, 101):
        change = event(position, "UPDATE", order(7, version=position + 1), order(7))
        hub.publish(batch([change]))
    reader = _reader(hub)
    reader.conflates = True
    reader.seek(0)
    assert reader.start() is NextStep.SEND_EVENTS
    (message,) = [each for each in reader.messages(hub.ring.since(0) or []) if each]
    read = json.loads(message)
    assert (read["first"], read["last"], read["conflated"]) == (1, 100, True)
    assert [each["position"] for each in read["events"]] == [100]
    assert reader.next_step() is NextStep.NOTHING


def _publish(hub: Hub[Write], each: Batch) -> None:
    for delivery in hub.publish(each):
        for write in delivery.members:
            write(delivery.framing(delivery.message))
