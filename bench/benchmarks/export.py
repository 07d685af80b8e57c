"""An export of a million orders: time, CPU time, memory, and what a list takes meanwhile.

Orders are written past the triggers. One client reads `GET /api/export/orders` with all columns to
its end; then the same sorted by a column without an index. Another client reads a page of 100
orders again and again meanwhile. Memory is the API's resident memory at its highest. ROWS=10000 in
the environment makes the table smaller.

How it could mislead: rows are small (120 bytes as CSV) and in the kernel's cache; client and server
share the machine, and the client keeps up.
"""

import os
import threading
import time

import httpx
import psutil

from bench.bench import Bench
from bench.stage import Stage, postgres, stage
from bench.usage import meter

TITLE = "an export of a million orders"

_FILL = """
SET session_replication_role = replica;
INSERT INTO orders (customer_name, product_name, quantity, status)
SELECT 'Futterkiste ' || n % 10000, 'Queso Manchego', n % 100 + 1, 'shipped'
  FROM generate_series(1, {rows}) AS n
"""
MB = 1e6


def run(bench: Bench) -> None:
    """Fill the table, then measure both exports."""
    rows = int(os.environ.get("ROWS") or bench.full(1_000_000, 20_000))
    with postgres() as server, stage(listener=False, gateways=0, server=server) as one:
        bench.step(f"{rows:,} orders")
        with one.postgres.administrator(one.database.name) as sql:
            sql.execute(_FILL.format(rows=rows).encode())
            sql.execute("VACUUM ANALYZE orders")
        for query in ("", "?sort=customer_name"):
            _export(bench, one, rows, query)


def _export(bench: Bench, one: Stage, rows: int, query: str) -> None:
    api = one.pipeline.api()
    process = psutil.Process(api.process.pid)
    address, what = f"http://127.0.0.1:{api.port}", f"{rows:,} orders{query}"
    before = highest = process.memory_info().rss
    ended = threading.Event()
    lists: list[float] = []
    reader = threading.Thread(target=_read_lists, args=(address, ended, lists))
    bench.step(what)
    used = meter(api.process.pid, *one.family())
    began_s = time.monotonic()
    size = lines = 0
    reader.start()
    with httpx.stream("GET", f"{address}/api/export/orders{query}", timeout=60) as answer:
        answer.raise_for_status()
        for piece in answer.iter_raw():
            size, lines = size + len(piece), lines + piece.count(b"\n")
            highest = max(highest, process.memory_info().rss)
    seconds = time.monotonic() - began_s
    cpu_s = used().cpu_s
    ended.set()
    reader.join()
    assert lines == rows + 1, f"{lines} lines"
    bench.figure(what, "s", seconds)
    bench.figure(f"{what}: size", "MB", size / MB)
    bench.figure(f"{what}: CPU time of API and PostgreSQL, lists included", "s", cpu_s)
    bench.figure(f"{what}: memory of the API, more than before", "MB", (highest - before) / MB)
    bench.figure(f"{what}: a page of 100 orders meanwhile", "ms", *lists)


def _read_lists(address: str, ended: threading.Event, taken_ms: list[float]) -> None:
    with httpx.Client(base_url=address, timeout=30) as client:
        while not ended.is_set() or not taken_ms:
            began_s = time.monotonic()
            client.get("/api/orders").raise_for_status()
            taken_ms.append((time.monotonic() - began_s) * 1000)
            ended.wait(0.05)
