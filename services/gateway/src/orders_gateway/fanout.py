"""From the source to the sockets: one frame, many writes, no waiting.

A batch goes out at once when nothing else is. Batches that come while frames are being written
gather, for as long again, and then leave as one frame: the busier the gateway, the larger its
frames and the fewer its writes, and half of its time stays free for everything else.
"""

import asyncio
import time
from collections.abc import Iterable

from websockets.protocol import State

from orders_contract.batches import Batch, Head
from orders_contract.messages import ResetReason
from orders_gateway import protocol
from orders_gateway.hub import Delivery, Hub, gathered
from orders_gateway.progress import Progress
from orders_gateway.ring import Ring
from orders_gateway.session import Session
from orders_gateway.window import SharedWindow

IDLE_S = 0.001
"""Writing that took less does not call for a pause."""

MAX_PAUSE_S = 0.1


class Fanout:
    """Takes the stream in and writes it to every live session. Waits for nobody (I6)."""

    def __init__(self, ring: Ring, hub: Hub[Session]) -> None:
        self.sessions: set[Session] = set()
        self.progress = Progress()
        self._ring = ring
        self._hub = hub
        self._window: SharedWindow[Session] = SharedWindow()
        self._gathering: list[Batch] = []
        self._busy = False

    @property
    def head(self) -> Head | None:
        """How far the stream has been taken in; the ring is there as soon as it is written."""
        if self._gathering:
            return Head(self._gathering[-1].stream, self._gathering[-1].last)
        return None if self._ring.stream is None else Head(self._ring.stream, self._ring.position)

    def publish(self, batch: Batch) -> None:
        """Send the batch that follows the head, now or with those that gather."""
        self._gathering.append(batch)
        if not self._busy:
            self._flush()

    def restart(self, stream: str, position: int, reason: ResetReason) -> None:
        """Begin anew at a position, telling everyone, live or not (I7)."""
        self._write_gathered()
        frame = self._hub.restart(stream, position, reason)
        for session in self.sessions:
            session.reset()
        write(tuple(self.sessions), frame)
        self.progress.reached(position)

    def beat(self) -> None:
        """Tell everyone live that nothing is missing."""
        write(self._hub.live(), protocol.heartbeat(self._ring.position))

    def _flush(self) -> None:
        self._busy = True
        started_s = time.perf_counter()
        self._write_gathered()
        # The event loop hands the bytes to the kernel before it calls this.
        asyncio.get_running_loop().call_soon(self._flushed, started_s)

    def _flushed(self, started_s: float) -> None:
        took_s = time.perf_counter() - started_s
        if took_s < IDLE_S or not self._gathering:
            self._rested()
        else:
            asyncio.get_running_loop().call_later(min(took_s, MAX_PAUSE_S), self._rested)

    def _rested(self) -> None:
        self._busy = False
        if self._gathering:
            self._flush()

    def _write_gathered(self) -> None:
        batches, self._gathering = self._gathering, []
        for batch in gathered(batches):
            for delivery in self._hub.publish(batch):
                self._deliver(delivery)
        self.progress.reached(self._ring.position)

    def _deliver(self, delivery: Delivery[Session]) -> None:
        plain: Iterable[Session] = delivery.members
        if delivery.everything:
            packed, following, plain = self._window.pack(delivery.frame, delivery.members)
            write(following, packed, compressed=True)
        write(plain, delivery.frame)


def write(sessions: Iterable[Session], message: bytes, *, compressed: bool = False) -> None:
    """Write one text message to many sockets.

    The frame is made once: without a mask or an extension it is the same for all, and the
    library's ``broadcast`` would make it anew for each. A socket whose buffer is full tells its
    session, which then leaves the hub.
    """
    frame = protocol.text_frame(message, compressed=compressed)
    for session in sessions:
        if session.protocol.state is State.OPEN:
            session.put(frame)
