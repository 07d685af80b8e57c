"""Limits on the reads of each subject: a few at once, charged by the time they take."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from orders_access.limits import Buckets
from orders_api.errors import TooManyRequestsError

AT_ONCE = 4
"""Number of requests of one subject that run at once; further requests wait."""
WAIT_S = 5.0
"""How long a request waits before it is refused."""
FREE_S = 0.1
"""Reads up to this long cost nothing extra. Ordinary reads take less, also under load."""
REQUEST_S = 0.02
"""Each further period of this length is charged as another request."""


@dataclass(slots=True)
class _Turns:
    """The requests of one subject, in progress or waiting."""

    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    requests: int = 0


class Reads:
    """Limits the reads of each subject, because a read may take seconds in the database."""

    def __init__(self, limits: Buckets) -> None:
        self._limits = limits
        self._turns: dict[str, _Turns] = {}

    @asynccontextmanager
    async def turn(self, subject: str) -> AsyncIterator[Callable[[], None]]:
        """Wait for the subject's turn; yield a function to call once the answer is ready.

        Raises:
            TooManyRequestsError: the subject's earlier requests take too long.

        """
        turns = self._turns.setdefault(subject, _Turns())
        turns.requests += 1
        try:
            await self._wait(turns)
            began_s = time.monotonic()

            def charge() -> None:
                now_s = time.monotonic()
                spent_s = max(0.0, now_s - began_s - FREE_S)
                self._limits.charge(subject, spent_s / REQUEST_S, now_s)

            try:
                yield charge
            finally:
                turns.free.release()
        finally:
            turns.requests -= 1
            if turns.requests == 0:
                del self._turns[subject]

    async def _wait(self, turns: _Turns) -> None:
        try:
            async with asyncio.timeout(WAIT_S):
                await turns.free.acquire()
        except TimeoutError:
            self._limits.refused += 1
            raise TooManyRequestsError(WAIT_S) from None
