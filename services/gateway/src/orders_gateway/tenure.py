"""How long a client may stay: until its token ends, with a warning before."""

import asyncio
import time
from collections.abc import Callable

from orders_access.principal import Principal

WARNING_S = 60.0


class Tenure:
    """Timers of one connection: ``warn`` hears how many seconds are left, ``end`` that none are."""

    __slots__ = ("_end", "_timers", "_warn")

    def __init__(self, warn: Callable[[int], None], end: Callable[[], None]) -> None:
        self._warn = warn
        self._end = end
        self._timers: list[asyncio.TimerHandle] = []

    def begin(self, principal: Principal) -> None:
        """Begin anew, with this principal's token."""
        self.stop()
        if principal.expires is None:
            return
        loop = asyncio.get_running_loop()
        left_s = max(0.0, principal.expires - time.time())
        warning_s = max(0.0, left_s - WARNING_S)
        self._timers = [
            loop.call_later(warning_s, self._warn, round(left_s - warning_s)),
            loop.call_later(left_s, self._end),
        ]

    def stop(self) -> None:
        """Forget it: the client has gone."""
        for timer in self._timers:
            timer.cancel()
        self._timers = []
