"""One after the other for clients that catch up, and everything else in between."""

import asyncio


class Turns:
    """Gives turns, one in each round of the event loop.

    Clients that fell behind together wake together. Each has up to half a megabyte put together and
    written for it; were that done for all in one round, those who keep up would wait for it (I6).
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def mine(self) -> None:
        """Wait for a turn, first come, first served. It lasts until the caller waits again."""
        async with self._lock:
            await asyncio.sleep(0)
