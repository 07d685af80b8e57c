"""Decide what one client gets next: missed events, newest states, or live events. Pure.

A reader is a state machine: the shell (``subscriber``) reports what happens to the socket, asks for
the next step and writes the messages the reader returns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from orders_contract.batches import Batch
from orders_contract.matching import EVERYTHING, Selection
from orders_contract.messages import ResetReason
from orders_gateway import protocol
from orders_gateway.hub import Hub, conflated_since, messages_since
from orders_gateway.transport import Framing, Write


class ReaderState(Enum):
    """Where a reader stands."""

    STOPPED = auto()
    """Nothing is sent: before the start, during a change of the filter, or after the end."""
    LIVE = auto()
    """The client is a member of the hub: it has all events and gets new ones as they come."""
    CATCHING_UP = auto()
    """The client lacks events and gets each of them."""
    BEHIND = auto()
    """The client was live until its socket was full. It may get newest states, not each event."""
    CONFLATED = auto()
    """As BEHIND, and the last message to the client held newest states."""


class NextStep(Enum):
    """What the shell has to do next for a reader that is not live."""

    NOTHING = auto()
    """The reader is live now."""
    WAIT_FOR_STREAM = auto()
    """The client's position is ahead of this gateway's ring."""
    WAIT_FOR_ROOM = auto()
    """The client's socket is full."""
    SEND_CONFLATED = auto()
    SEND_EVENTS = auto()


@dataclass(slots=True, eq=False)
class Reader:
    """The position of one client in the stream, and its membership in the hub."""

    hub: Hub[Write]
    write: Write
    framing: Framing
    deflates: bool
    conflate_after_events: int
    state: ReaderState = ReaderState.STOPPED
    conflates: bool = False
    """Whether the client wants the newest states instead of every event until it is live."""
    selection: Selection = EVERYTHING
    """Which events the client sees."""
    _position: int = 0
    _epoch: int = 0
    """The hub's epoch when the last step was decided."""
    _has_room: bool = True

    @property
    def position(self) -> int:
        """The position up to which the client has all events."""
        return self.hub.ring.position if self.state is ReaderState.LIVE else self._position

    def seek(self, position: int) -> None:
        """Set the position that the client claims to have. The reader must be STOPPED."""
        self._position = position

    def start(self) -> NextStep:
        """Leave STOPPED: go live if nothing is missing, else catch up."""
        self.state = ReaderState.CATCHING_UP
        return self.next_step()

    def stop(self) -> None:
        """Go to STOPPED from any state."""
        if self.state is ReaderState.LIVE:
            self._leave_hub()
        elif self.state in {ReaderState.BEHIND, ReaderState.CONFLATED}:
            self.hub.caught_up(self.selection)
        self.state = ReaderState.STOPPED

    def select(self, selection: Selection) -> None:
        """Change which events the client sees from now on, in any state.

        The caller must send a live client a heartbeat: its next message begins after ``position``.
        """
        if selection == self.selection:
            return
        state = self.state
        self.stop()
        self.selection = selection
        if state is ReaderState.LIVE:
            self._go_live()
        elif state is not ReaderState.STOPPED:
            # The hub has kept no newest states for this selection, so make them from the batches.
            self.conflates |= state in {ReaderState.BEHIND, ReaderState.CONFLATED}
            self.state = ReaderState.CATCHING_UP

    def pause(self) -> bool:
        """Record that the socket is full; return whether a live reader now has to catch up."""
        self._has_room = False
        if self.state is not ReaderState.LIVE:
            return False
        self._leave_hub()
        self.hub.fall_behind(self.selection, self._position)
        self.state = ReaderState.BEHIND
        return True

    def resume(self) -> None:
        """Record that the socket has room again."""
        self._has_room = True

    def restarted(self) -> None:
        """Move to the position at which the stream restarted. The caller sends the reset."""
        self._position = self.hub.ring.position

    def reset(self, reason: ResetReason) -> bytes:
        """Skip to the head of the stream; return the ``reset`` message for the client."""
        self._position = self.hub.ring.position
        self.hub.resets[reason] += 1
        return protocol.reset(reason, self._position)

    def heartbeat(self) -> bytes | None:
        """Return a heartbeat for a reader that waits for the log or for its turn, or None.

        A client that receives nothing reconnects, and then all clients wait longer.
        """
        waits = self.state not in {ReaderState.STOPPED, ReaderState.LIVE} and self._has_room
        if waits and self._position <= self.hub.ring.position:
            return protocol.heartbeat(self._position)
        return None

    def next_step(self) -> NextStep:
        """Return the next step of a reader that catches up. If no event is missing, go live."""
        ring = self.hub.ring
        if self._position > ring.position:
            return NextStep.WAIT_FOR_STREAM
        if not self._has_room:
            return NextStep.WAIT_FOR_ROOM
        if self._position == ring.position:
            self._go_live()
            return NextStep.NOTHING
        if self.state in {ReaderState.BEHIND, ReaderState.CONFLATED} and self._is_far_behind():
            return NextStep.SEND_CONFLATED
        self._epoch = self.hub.epoch
        return NextStep.SEND_EVENTS

    def conflated(self) -> bytes:
        """Move to the head; return a message with the newest states, or a reset if too large."""
        rendered = self.hub.conflated(self._position, self.selection)
        if rendered is None:
            return self.reset("slow")
        first, self._position = self._position + 1, self.hub.ring.position
        self.state = ReaderState.CONFLATED
        if not rendered:
            return protocol.heartbeat(self._position)
        return protocol.conflated(first, self._position, rendered)

    def messages(self, batches: list[Batch]) -> Iterator[bytes]:
        """Yield the messages for batches, and move the position with each.

        After an empty message the caller only lets other tasks run. Stops if the stream restarted
        after ``next_step``, because the batches are from before the restart.
        """
        make = conflated_since if self.conflates else messages_since
        for last, message in make(batches, self._position, self.selection):
            if self.hub.epoch != self._epoch:
                return
            self._position = last
            yield message

    def _go_live(self) -> None:
        self.stop()
        self.conflates = False
        self.state = ReaderState.LIVE
        self.hub.join(self.write, self.selection, self.framing, deflates=self.deflates)

    def _leave_hub(self) -> None:
        told = self.hub.leave(self.write, self.selection, self.framing)
        # The client may have joined after its group's last message.
        self._position = max(self._position, told)

    def _is_far_behind(self) -> bool:
        ring = self.hub.ring
        missing = ring.position - self._position
        return missing > self.conflate_after_events or not ring.reaches(self._position)
