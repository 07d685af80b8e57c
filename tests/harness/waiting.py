"""Wait for conditions with a deadline.

Deadlines are those of an idle machine. They only end a test that would never end. They do not
measure anything, because other tests and programs use the cores as well.
"""

import os
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

T = TypeVar("T")

_INTERVAL_S = 0.02
BUSY = 5
"""Deadlines are multiplied by this factor, because the machine is not idle."""


def until(condition: Callable[[], T], deadline_s: float = 10.0, what: str = "") -> T:
    """Return the condition's first true value; fail once the deadline has passed."""
    give_up = time.monotonic() + BUSY * deadline_s
    while not (value := condition()):
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {BUSY} x {deadline_s} s: {what or condition}")
        time.sleep(_INTERVAL_S)  # between two checks of a condition
    return value


async def until_async(
    condition: Callable[[], Awaitable[T]], deadline_s: float = 10.0, what: str = ""
) -> T:
    """Return the awaited condition's first true value; fail once the deadline has passed."""
    give_up = time.monotonic() + BUSY * deadline_s
    while not (value := await condition()):
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {BUSY} x {deadline_s} s: {what or condition}")
        await anyio.sleep(_INTERVAL_S)  # between two checks of a condition
    return value


def under_load(seconds: float) -> float:
    """Return a limit of ``seconds``, scaled by the load of the machine's cores."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
