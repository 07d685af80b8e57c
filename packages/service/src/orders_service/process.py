"""A service as a process: settings, logging, event loop, signals and exit status."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog
import uvloop
from pydantic import ValidationError

from orders_service import logs
from orders_service.settings import ServiceSettings, refusals

_GARBAGE_COLLECTION_THRESHOLD = 50_000

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


class UnusableError(Exception):
    """The service cannot work with its setup, and ends. The message is one sentence."""


def run(
    name: str,
    settings_class: type[SettingsT],
    service: Callable[[SettingsT], Coroutine[Any, Any, None]],
) -> int:
    """Run a service to its end and return the exit status.

    The status is 2 for a bad setting, and 1 for an OSError or UnusableError.

    ``name`` is the service's name, such as ``listener``.
    """
    settings = configure(name, settings_class)
    if settings is None:
        return 2
    relax_garbage_collection()
    try:
        uvloop.run(service(settings))
    except (OSError, UnusableError) as exc:
        structlog.get_logger().error(f"{name}_failed", error=str(exc))
        return 1
    return 0


def configure(name: str, settings_class: type[SettingsT]) -> SettingsT | None:
    """Read the settings and configure logging; if a setting is bad, say why, return None."""
    try:
        settings = settings_class()
    except ValidationError as exc:
        for sentence in refusals(exc):
            sys.stderr.write(f"orders-{name}: {sentence}\n")
        return None
    logs.configure(settings.log_level, settings.log_format)
    return settings


def relax_garbage_collection() -> None:
    """Search for reference cycles rarely.

    By default Python searches after 700 new objects that survive, which means after every few
    requests, and very often while many clients connect. These services leave few cycles.
    """
    gc.freeze()
    gc.set_threshold(_GARBAGE_COLLECTION_THRESHOLD)


def stop_requested() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set. Call it from within the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
