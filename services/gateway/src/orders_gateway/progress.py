"""Waiting until the stream has reached a position."""

import asyncio
import heapq


class Progress:
    """Wakes those who wait for a position once it is reached."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0  # makes entries comparable when positions are equal
        self._given_up = 0

    def reached(self, position: int) -> None:
        """Wake everyone who waits for this position or an earlier one."""
        while self._waiting and self._waiting[0][0] <= position:
            future = heapq.heappop(self._waiting)[2]
            if future.done():
                self._given_up -= 1
            else:
                future.set_result(None)

    async def wait(self, position: int, timeout_s: float) -> bool:
        """Wait for a position; False if it was not reached in time."""
        future = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._waiting, (position, self._count, future))
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            return False
        finally:
            if future.cancelled():
                self._forget()
        return True

    def _forget(self) -> None:
        """Drop those who gave up, once they are the greater part: positions may never come."""
        self._given_up += 1
        if self._given_up * 2 > len(self._waiting):
            self._waiting = [entry for entry in self._waiting if not entry[2].done()]
            heapq.heapify(self._waiting)
            self._given_up = 0
