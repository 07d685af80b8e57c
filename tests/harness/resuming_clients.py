"""Many WebSocket clients that reconnect and check every message (I7)."""

import asyncio
import json
import random
import threading
from collections import Counter
from typing import Any, Self

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from harness.waiting import until

_AT_ONCE = 40
"""How many clients connect at the same time. More would be limited by the test's machine."""


class ResumingClient:
    """A client that reconnects with its position until it is cancelled."""

    def __init__(self, url: str) -> None:
        """Wait for the block to begin."""
        self._url = url
        self.gateway: str | None = None
        """The gateway that the client is connected to now."""
        self.connections = 0
        self.stream: str | None = None
        self.start = self.position = -1
        self.heard: dict[int, int] = {}
        """A digest of each event, by position."""
        self.resets: list[str] = []
        self.faults: list[str] = []

    async def follow(self, gate: asyncio.Semaphore) -> None:
        """Follow the stream until cancelled."""
        while True:
            try:
                await self._connection(gate)
            except (OSError, WebSocketException):
                pass  # connections may be lost or refused for a while
            finally:
                self.gateway = None
            await asyncio.sleep(random.uniform(0.05, 0.4))

    async def _connection(self, gate: asyncio.Semaphore) -> None:
        resume = "" if self.stream is None else f"?after={self.position}&stream={self.stream}"
        async with gate:
            socket = await connect(
                self._url + resume,
                compression=None,
                max_size=None,
                open_timeout=20,
                close_timeout=1,
                ping_interval=None,
            )
        async with socket:
            async for text in socket:
                self._take(json.loads(text))

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "hello":
                self._greet(message)
            case "events":
                self._add(message)
            case "heartbeat" if message["position"] > self.position:
                self.faults.append(f"at {self.position} a heartbeat of {message['position']}")
            case "reset":
                self.resets.append(message["reason"])
                self.position = message["position"]

    def _greet(self, hello: dict[str, Any]) -> None:
        self.gateway = hello["gateway"]
        self.connections += 1
        if self.stream is None:
            self.start = self.position = hello["position"]
        self.stream = hello["stream"]

    def _add(self, frame: dict[str, Any]) -> None:
        if frame["first"] > self.position + 1:
            self.faults.append(f"a gap: {frame['first']} after {self.position}")
        for event in frame["events"]:
            if event["position"] > self.position:
                self.heard[event["position"]] = hash(json.dumps(event, sort_keys=True))
        self.position = max(self.position, frame["last"])


class ResumingClients:
    """Clients that follow the stream on their own thread until the block ends."""

    def __init__(self, url: str, size: int) -> None:
        """Wait for the block to begin."""
        self.members = [ResumingClient(url) for _ in range(size)]
        self._url = url
        self._stop = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._following: list[asyncio.Task[None]] = []

    async def _run(self) -> None:
        self._following = [asyncio.create_task(each.follow(self._gate)) for each in self.members]
        await self._stop.wait()
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)

    def join(self, size: int) -> list[ResumingClient]:
        """Add clients; return them once they are connected."""
        arriving = [ResumingClient(self._url) for _ in range(size)]

        def follow() -> None:
            self._following += [
                self._loop.create_task(each.follow(self._gate)) for each in arriving
            ]

        self._loop.call_soon_threadsafe(follow)
        self.members += arriving
        self.until_connected()
        return arriving

    def until_connected(self, deadline_s: float = 60.0) -> None:
        """Wait until every member is connected."""
        until(lambda: all(each.gateway for each in self.members), deadline_s, "all are connected")

    def until(self, position: int, deadline_s: float = 60.0) -> None:
        """Wait until every member has all events up to a position."""

        def there() -> bool:
            return all(each.position >= position for each in self.members)

        until(there, deadline_s, f"all have {position}")

    def spread(self) -> Counter[str]:
        """Return how many clients are connected to each gateway."""
        return Counter(each.gateway for each in self.members if each.gateway)

    def check(self) -> None:
        """Check that each client got every event since its start once, in order and unchanged."""
        known: dict[int, int] = {}
        for each in self.members:
            assert not each.faults, each.faults
            assert not each.resets, f"reset: {each.resets}"
            due = range(each.start + 1, each.position + 1)
            assert list(each.heard) == list(due), f"of {due} only {list(each.heard)}"
            for position, digest in each.heard.items():
                assert known.setdefault(position, digest) == digest, f"two versions of {position}"

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.until_connected()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()
