"""Wait until the stream reaches a position, or for a turn among many tasks."""

import asyncio
import heapq


class PositionWaiters:
    """Wakes tasks that wait for a position when the stream reaches it."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0  # makes entries of equal position comparable
        self._cancelled = 0

    def __len__(self) -> int:
        """Return how many entries are held, those of cancelled waits included."""
        return len(self._waiting)

    def reached(self, position: int) -> None:
        """Wake every task that waits for this position or an earlier one."""
        while self._waiting and self._waiting[0][0] <= position:
            future = heapq.heappop(self._waiting)[2]
            if future.done():
                self._cancelled -= 1
            else:
                future.set_result(None)

    async def wait(self, position: int, timeout_s: float) -> bool:
        """Wait for a position; return whether it was reached in time."""
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
                self._prune()
        return True

    def _prune(self) -> None:
        """Drop cancelled entries when they are the majority. Their positions may never come."""
        self._cancelled += 1
        if self._cancelled * 2 > len(self._waiting):
            self._waiting = [entry for entry in self._waiting if not entry[2].done()]
            heapq.heapify(self._waiting)
            self._cancelled = 0


class Turns:
    """Grants one turn per iteration of the event loop.

    Clients that fell behind together wake up together, and up to half a megabyte is rendered and
    written for each. If all of them did that in one iteration, live clients would wait (I6).
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a turn, first come, first served. A turn lasts until the caller's next await."""
        async with self._lock:
            await asyncio.sleep(0)
