"""POST /api/orders per second of a core's time: the API beside a handler with only the INSERT.

The bare handler uses the same framework and has no validation, pool, errors or health. Both are one
uvicorn process with the same loop and parser, on the same database with our triggers and a running
listener; 32 kept-alive connections send the next request as soon as one is answered. Requests are
divided by the CPU time of the API's process alone, so the figure does not depend on how many cores
the database and the load generator have.

Then one client changes 1,000 orders: each by a request of its own, six at a time, and in requests
about 100 and 1,000 rows (ADR 39).

How it could mislead: the bare handler is not fit for production. The rates do not include
PostgreSQL's own work. The client of the changes shares the machine's cores.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from bench.bench import ROOT, Bench
from bench.load.control import SATURATED
from bench.stage import Stage, stage
from bench.usage import family, meter
from bench.writers import ratios
from harness.pipeline import health
from harness.ports import free_port
from harness.processes import program
from harness.waiting import until

TITLE = "POST /api/orders"

_CONNECTIONS = 32
_FILL = """
    INSERT INTO orders (customer_name, product_name) SELECT 'A', 'B' FROM generate_series(1, 1000)
"""


def run(bench: Bench) -> None:
    """Measure in turns, after a warm-up of each."""
    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    walls: list[float] = []
    changes: dict[int, list[tuple[float, ...]]] = {1: [], 100: [], 1000: []}
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
        for number in range(bench.full(5, 1)):
            bench.step(f"round {number + 1}, 1,000 changes")
            for size in (1, 100, 1000):
                changes[size].append(_change(running, *sides["ours"], size))
    doubt = "the generator was saturated" if max(loads) > SATURATED else ""
    for name, samples in rates.items():
        bench.figure(name, "requests/s and core", *samples, refused=doubt)
    shares = ratios(rates["ours"], rates["bare"])
    bench.figure("ours / bare", "", *shares, at_least=0.7, refused=doubt)
    bench.figure("ours, on this machine", "requests/s", *walls)
    for size, rounds in changes.items():
        what = ("until done", "CPU of the API", "CPU of PostgreSQL")
        for name, taken in zip(what, zip(*rounds, strict=True), strict=True):
            bench.figure(f"1,000 changes, {size:,} a request: {name}", "s", *taken)


def _change(running: Stage, port: int, pid: int, size: int) -> tuple[float, ...]:
    """Change 1,000 orders; return seconds until done, of the API's CPU and of PostgreSQL's."""
    running.sql("TRUNCATE orders RESTART IDENTITY", _FILL)
    running.until_drained()
    wanted = {"status": "processing"}
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
        ThreadPoolExecutor(6 if size == 1 else 1) as threads,
    ):

        def change(first: int) -> None:
            if size == 1:
                client.patch(f"/api/orders/{first}", json=wanted).raise_for_status()
                return
            rows = [{"key": {"id": first + each}, "version": 1} for each in range(size)]
            answer = client.patch("/api/orders", json={"rows": rows, "set": wanted})
            assert answer.json()["succeeded"] == size, answer.text[:300]

        client.get("/api/orders", params={"limit": 1}).raise_for_status()
        api, database = meter(pid), meter(*family(running.postgres.pid))
        list(threads.map(change, range(1, 1001, size)))
        return api().at_s, api().cpu_s, database().cpu_s


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
