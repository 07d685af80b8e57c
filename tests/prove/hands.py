"""Threads for blocking calls; they live as long as the process.

A program that tests start ends with the *thread* that started it (``processes``), and those of
``asyncio.to_thread`` end with their event loop, while a PostgreSQL may serve several.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_HANDS = ThreadPoolExecutor(max_workers=12, thread_name_prefix="prove")


async def by_hand(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking call on a thread and return its result."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_HANDS, partial(work, *args, **kwargs))
