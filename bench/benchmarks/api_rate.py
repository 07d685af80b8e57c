"""POST /api/orders per second of a core's time: the API beside a handler with only the INSERT.

The bare handler uses the same framework and has no validation, pool, errors or health. Both are one
uvicorn process with the same loop and parser, on the same database with our triggers and a running
listener; 32 kept-alive connections send the next request as soon as one is answered. Requests are
divided by the CPU time of the API's process alone, so the figure does not depend on how many cores
the database and the load generator have.

How it could mislead: the bare handler is not fit for production. Neither figure includes
PostgreSQL's own work.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.bench import ROOT, Bench
from bench.load.control import SATURATED
from bench.stage import Stage, stage
from bench.usage import meter
from bench.writers import ratios
from harness.pipeline import health
from harness.ports import free_port
from harness.processes import program
from harness.waiting import until

TITLE = "POST /api/orders"

_CONNECTIONS = 32


def run(bench: Bench) -> None:
    """Measure in turns, after a warm-up of each."""
    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    walls: list[float] = []
    loads: list[float] = []
    with stage(gateways=0) as running, _bare(running) as bare:
        api = running.pipeline.api()
        sides = dict(zip(rates, (bare, (api.port, api.process.pid)), strict=True))
        for port, pid in sides.values():
            _measure(port, pid, 1)
        for number in range(bench.full(3, 1)):
            for name, (port, pid) in sides.items():
                bench.step(f"round {number + 1}, {name}")
                per_core, per_s, load = _measure(port, pid, bench.full(4, 2))
                rates[name].append(per_core)
                loads.append(load)
                if name == "ours":
                    walls.append(per_s)
    doubt = "the generator was saturated" if max(loads) > SATURATED else ""
    for name, samples in rates.items():
        bench.figure(name, "requests/s and core", *samples, refused=doubt)
    shares = ratios(rates["ours"], rates["bare"])
    bench.figure("ours / bare", "", *shares, at_least=0.7, refused=doubt)
    bench.figure("ours, on this machine", "requests/s", *walls)


def _measure(port: int, pid: int, seconds: int) -> tuple[float, float, float]:
    """Return requests per second of the API's CPU time, per second, and the generator's load."""
    used = meter(pid)
    arguments = [str(port), str(_CONNECTIONS), str(seconds)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.load.posts", *arguments],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    cpu_s, told = used().cpu_s, json.loads(done.stdout)
    if told["refused"]:
        raise AssertionError(f"{told['refused']} requests were refused")
    created = told["created"]
    return created / cpu_s, created / told["seconds"], told["cpu_s"] / told["seconds"]


@contextmanager
def _bare(running: Stage) -> Iterator[tuple[int, int]]:
    port = free_port()
    env = {"API_PORT": str(port), "PYTHONPATH": str(ROOT), **running.database.environ()}
    with program([sys.executable, "-m", "bench.bare_api"], env=env) as process:
        until(lambda: health(port, "/")[0] == 200, 15, "the bare handler is ready")
        yield port, process.pid
