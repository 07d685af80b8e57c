"""A TCP proxy for tests, which can cut, freeze or abandon connections, and lose messages."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress

from harness.processes import LOOPBACK

_CHUNK = 65_536

_UPGRADE = re.compile(rb"(?im)^(upgrade|connection):.*\r\n")

Filter = Callable[[bytes], bytes]
"""Takes bytes as they arrive; returns the bytes to forward."""


class Proxy:
    """Forwards connections to a port."""

    def __init__(self, target: int) -> None:
        """``open`` starts it."""
        self._target = target
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._abandoned: list[asyncio.Event] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        """Accept connections."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut all connections and accept no more."""
        for flowing in (self._flowing, *self._abandoned):
            flowing.set()
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def cut(self) -> None:
        """End all connections with a reset."""
        for writer in self._writers:
            writer.transport.abort()

    def freeze(self) -> None:
        """Stop forwarding, also for new connections; both sides stay connected."""
        self._flowing.clear()

    def abandon(self) -> int:
        """Never forward for the present connections again; new connections work.

        The present connections stay half open for good. Return their number.
        """
        self._flowing.clear()
        self._abandoned.append(self._flowing)
        self._flowing = asyncio.Event()
        self._flowing.set()
        return len(self._carrying)

    def thaw(self) -> None:
        """Forward again for frozen connections."""
        self._flowing.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with suppress(OSError):
                there, back = await asyncio.open_connection(LOOPBACK, self._target)
                self._writers.add(back)
                await self._both(reader, writer, there, back)
                self._writers.discard(back)
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _both(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        back: asyncio.StreamWriter,
    ) -> None:
        flowing = self._flowing
        pumps = [
            asyncio.create_task(self._pump(reader, back, flowing, self._outbound())),
            asyncio.create_task(self._pump(there, writer, flowing, self._inbound())),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            back.transport.abort()

    def _inbound(self) -> Filter | None:
        """Return the filter for inbound bytes of a new connection, if any."""
        return None

    def _outbound(self) -> Filter | None:
        """Return the filter for outbound bytes of a new connection, if any."""
        return None

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        flowing: asyncio.Event,
        passed: Filter | None,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await flowing.wait()
                writer.write(data if passed is None else passed(data))
                await writer.drain()
            await flowing.wait()  # a frozen connection does not forward its end either


class PlainHttpProxy(Proxy):
    """A proxy that removes the header ``Upgrade`` from requests, so WebSockets are blocked."""

    def __init__(self, target: int) -> None:
        """Remove the header, until ``upgrades`` is set."""
        super().__init__(target)
        self.upgrades = False

    def _outbound(self) -> Filter:
        return lambda data: data if self.upgrades else _UPGRADE.sub(b"", data)


class RedisProxy(Proxy):
    """A proxy to Redis that can lose pub/sub messages, as if there were no subscriber."""

    def __init__(self, target: int) -> None:
        """Lose nothing yet."""
        super().__init__(target)
        self.to_lose = 0
        """How many of the next messages will not arrive."""
        self.lost = 0

    def _inbound(self) -> Filter:
        return Replies(self).filter


class Replies:
    """Splits a byte stream into replies and drops those that are to be lost."""

    def __init__(self, proxy: RedisProxy) -> None:
        """Start at the beginning of a connection."""
        self._proxy = proxy
        self._buffer = b""

    def filter(self, data: bytes) -> bytes:
        """Take bytes; return the complete replies that are not dropped."""
        self._buffer += data
        kept = []
        at = 0
        while (end := end_of_reply(self._buffer, at)) is not None:
            reply = self._buffer[at:end]
            if self._proxy.to_lose and b"$7\r\nmessage\r\n" in reply[:32]:
                self._proxy.to_lose -= 1
                self._proxy.lost += 1
            else:
                kept.append(reply)
            at = end
        self._buffer = self._buffer[at:]
        return b"".join(kept)


def end_of_reply(buffer: bytes, at: int) -> int | None:
    """Return the end of the reply that begins here; None if it is incomplete."""
    line = buffer.find(b"\r\n", at)
    if line < 0:
        return None
    kind, end = buffer[at : at + 1], line + 2
    if kind in b"$=!":
        size = int(buffer[at + 1 : line])
        end += 0 if size < 0 else size + 2
        return end if end <= len(buffer) else None
    if kind not in b"*>~%":
        return end
    inside: int | None = end
    for _ in range(int(buffer[at + 1 : line]) * (2 if kind == b"%" else 1)):
        inside = end_of_reply(buffer, inside) if inside is not None else None
    return inside
