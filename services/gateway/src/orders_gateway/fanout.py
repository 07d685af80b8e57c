"""From the source to the sockets: one frame, many writes, no waiting.

A batch goes out at once when nothing else is. Batches that come while frames are being written
gather, for a while longer (``pause_s``), and then leave as one frame: the busier the gateway, the
larger its frames and the fewer its writes, and at least half of its time stays free for everything
else.
"""

import asyncio
import time
from collections.abc import Iterable

from orders_contract.batches import Batch, Head
from orders_contract.messages import ResetReason
from orders_gateway import protocol
from orders_gateway.hub import Hub, gathered
from orders_gateway.progress import Progress
from orders_gateway.ring import Ring
from orders_gateway.session import Put, Session

IDLE_S = 0.001
"""Writing that took less does not call for a pause."""

GATHER_S = 0.02
MAX_PAUSE_S = 0.1


class Fanout:
    """Takes the stream in and writes it to every live session. Waits for nobody (I6)."""

    def __init__(self, ring: Ring, hub: Hub[Put]) -> None:
        self.sessions: set[Session] = set()
        self.progress = Progress()
        self._ring = ring
        self._hub = hub
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
        write([session.put for session in self.sessions if session.is_open], frame)
        self.progress.reached(position)

    def beat(self) -> None:
        """Tell everyone up to where nothing is missing."""
        write(self._hub.live(), protocol.heartbeat(self._ring.position))
        for session in self.sessions:
            session.beat()

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
            asyncio.get_running_loop().call_later(pause_s(took_s), self._rested)

    def _rested(self) -> None:
        self._busy = False
        if self._gathering:
            self._flush()

    def _write_gathered(self) -> None:
        batches, self._gathering = self._gathering, []
        for batch in gathered(batches):
            for delivery in self._hub.publish(batch):
                write(delivery.members, delivery.frame, compressed=delivery.compressed)
        self.progress.reached(self._ring.position)


def pause_s(took_s: float) -> float:
    """Return for how long to gather after writing took so long.

    What a write costs hardly depends on its size. So a short flush, some milliseconds to a thousand
    clients, is followed by four times as long, up to 20 ms; a longer one by as long again.
    """
    return min(max(took_s, min(4 * took_s, GATHER_S)), MAX_PAUSE_S)


def write(puts: Iterable[Put], message: bytes, *, compressed: bool = False) -> None:
    """Write one text message to many sockets.

    The frame is made once: without a mask or an extension it is the same for all, and the
    library's ``broadcast`` would make it anew for each. Nothing but the socket's own ``write`` is
    touched: with thousands of sessions whatever else is looked at has to come from memory. A socket
    whose buffer is full tells its session, which then leaves the hub.
    """
    frame = protocol.text_frame(message, compressed=compressed)
    for put in puts:
        put(frame)
