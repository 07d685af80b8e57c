"""All benchmarks, in the order in which they run."""

import importlib
from typing import cast

from bench.bench import Benchmark

NAMES = (
    "write_speed",
    "write_speed_on_disk",
    "latency",
    "fan_out",
    "sse",
    "growth",
    "filters",
    "sustained",
    "capacity",
    "slow_clients",
    "connections",
    "resume",
    "drain",
    "watched_tables",
    "bulk_update",
    "old_snapshot",
    "long_log",
    "search",
    "export",
    "api_rate",
    "dashboard",
    "long_list",
)


def load(name: str) -> Benchmark:
    """Return the benchmark with a name from ``NAMES``."""
    return cast("Benchmark", importlib.import_module(f"bench.benchmarks.{name}"))


def summary(name: str) -> str:
    """Return the first line of the docstring of a benchmark."""
    return (load(name).__doc__ or "").partition("\n")[0]
