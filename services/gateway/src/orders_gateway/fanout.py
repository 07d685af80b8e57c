"""Write the batches of the source to sockets: one frame for many sockets, without waiting.

A batch is sent at once if no other is being sent. Batches that arrive while frames are being
written are gathered for a while (``pause_s``) and sent as one frame. So the busier the gateway, the
larger its frames and the fewer its writes. At least half of its time stays free for other work.
"""

import asyncio
import time
from collections.abc import Iterable

from orders_contract.batches import Batch, Head, newest_change_s
from orders_contract.messages import ResetReason
from orders_contract.schema import Schema
from orders_gateway import protocol
from orders_gateway.hub import gathered
from orders_gateway.subscriber import Context, Subscriber
from orders_gateway.transport import Write

IDLE_S = 0.001
"""A flush that takes less than this is not followed by a pause."""

GATHER_S = 0.02
MAX_PAUSE_S = 0.1

SCHEMA_SLICE = 50
"""How many clients' filters are parsed again at a time after a change of the schema."""


class Fanout:
    """Receives batches and writes them to all live subscribers, without waiting for any (I6)."""

    def __init__(self, context: Context) -> None:
        self.subscribers: set[Subscriber] = set()
        self._context = context
        self._hub = context.hub
        self._waiters = context.waiters
        self._counts = context.counts
        self._gathering: list[Batch] = []
        self._is_busy = False

    @property
    def head(self) -> Head | None:
        """The end of the last batch received. The ring may be behind it until the next flush."""
        ring = self._hub.ring
        if self._gathering:
            return Head(self._gathering[-1].stream, self._gathering[-1].last)
        return None if ring.stream is None else Head(ring.stream, ring.position)

    def publish(self, batch: Batch) -> None:
        """Send the batch that follows the head, now or together with later ones."""
        self._gathering.append(batch)
        if not self._is_busy:
            self._flush()

    def contradicts(self, batch: Batch) -> bool:
        """Return whether a batch repeats a position with an event that differs from clients'."""
        self._write_gathered()
        return self._hub.ring.contradicts(batch)

    def restart(self, stream: str, position: int, reason: ResetReason) -> None:
        """Restart at a position and tell every client, live or not (I7)."""
        self._write_gathered()
        message = self._hub.restart(stream, position, reason)
        self._hub.resets[reason] += len(self.subscribers)
        for subscriber in self.subscribers:
            subscriber.restarted(message)
        self._waiters.reached(position)

    @property
    def schema_version(self) -> str:
        """The version of the schema that was last sent to clients."""
        return self._context.schema_version

    async def change_schema(self, schema: Schema) -> None:
        """Announce a new schema to every client, live or not, some of them at a time."""
        self._context.schema = schema
        message = protocol.schema_changed(schema.version)
        for number, subscriber in enumerate(tuple(self.subscribers)):
            if number % SCHEMA_SLICE == 0:
                await asyncio.sleep(0)
            subscriber.schema_changed(message)

    def send_heartbeats(self) -> None:
        """Send every client the position up to which it has all events."""
        place = self._place()
        message = self._hub.heartbeat()
        for framing, members in self._hub.live():
            write(members, framing(message, place))
        for subscriber in self.subscribers:
            subscriber.send_heartbeat()

    def _flush(self) -> None:
        self._is_busy = True
        started_s = time.perf_counter()
        changed_s = newest_change_s(self._gathering[-1])
        if not self._write_gathered():
            changed_s = None
        # The event loop calls _flushed after it has handed the bytes to the kernel.
        asyncio.get_running_loop().call_soon(self._flushed, started_s, changed_s)

    def _flushed(self, started_s: float, changed_s: float | None) -> None:
        took_s = time.perf_counter() - started_s
        if changed_s is not None:
            self._counts.delivery_seconds.observe(max(0.0, time.time() - changed_s))
        if took_s < IDLE_S or not self._gathering:
            self._pause_over()
        else:
            asyncio.get_running_loop().call_later(pause_s(took_s), self._pause_over)

    def _pause_over(self) -> None:
        self._is_busy = False
        if self._gathering:
            self._flush()

    def _write_gathered(self) -> bool:
        """Write the gathered batches; return whether any client got a message."""
        batches, self._gathering = self._gathering, []
        counts = self._counts
        messages_before = counts.live_messages
        for batch in gathered(batches):
            deliveries = self._hub.publish(batch)
            place = self._place()
            counts.events += len(batch)
            for each in deliveries:
                frame = each.framing(each.message, place, compressed=each.compressed)
                counts.live_messages += len(each.members)
                counts.live_bytes += len(each.members) * len(frame)
                write(each.members, frame)
        self._waiters.reached(self._hub.ring.position)
        return counts.live_messages > messages_before

    def _place(self) -> str:
        return protocol.place(self._hub.ring.stream, self._hub.ring.position)


def pause_s(took_s: float) -> float:
    """Return how long to gather batches after a flush of this duration.

    The cost of a write hardly depends on its size. A short flush, some milliseconds for a thousand
    clients, is followed by a pause four times as long, up to 20 ms; a longer flush by a pause of
    its own length, up to 100 ms.
    """
    return min(max(took_s, min(4 * took_s, GATHER_S)), MAX_PAUSE_S)


def write(writes: Iterable[Write], frame: bytes) -> None:
    """Write one frame to many sockets.

    Only the socket's own ``write`` is used: with thousands of subscribers, access to any other
    object would miss the processor's cache. A socket whose buffer is full notifies its subscriber,
    which then leaves the hub.
    """
    for each in writes:
        each(frame)
