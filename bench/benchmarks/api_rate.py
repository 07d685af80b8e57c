"""POST /api/orders for each second of a core's time: ours next to a handler with nothing in it.

Both are one uvicorn process with the same loop and parser, on the same database with our triggers
and a listener at work; 32 kept-alive connections ask again as soon as they are answered. Requests
are divided by the CPU time of the API's process alone, so that the figure does not depend on how
many cores the database and the generator may use beside it.

How it could mislead: the bare handler has no validation, idempotency, errors or health; nobody
would ship it. The answers have the same content. PostgreSQL's own work is in neither figure.
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
from pipeline import health
from processes import free_port, program
from waiting import until

TITLE = "POST /api/orders"

_CONNECTIONS = 32


def run(bench: Bench) -> None:
    """Take turns, after a warm-up of each."""
    ours: list[float] = []
    bare: list[float] = []
    walls: list[float] = []
    loads: list[float] = []
    with stage(gateways=0) as running, _bare(running) as (bare_port, bare_pid):
        api = running.pipeline.api()
        sides = [(bare_port, bare_pid, bare), (api.port, api.process.pid, ours)]
        for port, pid, _ in sides:
            _measure(port, pid, 1)
        for number in range(bench.full(3, 1)):
            for port, pid, samples in sides:
                bench.step(f"round {number + 1}, {'ours' if samples is ours else 'bare'}")
                per_core, per_s, load = _measure(port, pid, bench.full(4, 2))
                samples.append(per_core)
                loads.append(load)
                if samples is ours:
                    walls.append(per_s)
    doubt = "the generator was saturated" if max(loads) > SATURATED else ""
    bench.figure("bare", "requests/s and core", *bare, refused=doubt)
    bench.figure("ours", "requests/s and core", *ours, refused=doubt)
    bench.figure("ours / bare", "", *ratios(ours, bare), at_least=0.7, refused=doubt)
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
