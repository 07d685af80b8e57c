"""The dashboard on a table of a million orders, and typing into its search while orders change.

It measures: the time until rows are drawn after a jump to another place of the list; memory of the
page after these jumps; CPU time of the longest task while a search is typed and 500 orders per
second change; and at the API the time of pages: by offset, sorted by an indexed and by another
column, of what needs attention; and of a whole sorted export. `search` measures searches.
ORDERS=100000 makes the table smaller.

How it could mislead: everything is in memory, and the browser shares the machine with the system. A
jump includes the 80 ms for which the page waits until the scroll bar rests.
"""

import os
import threading
import time

import httpx
import psycopg
from playwright.sync_api import Browser, Page, sync_playwright

from bench.bench import Bench
from bench.benchmarks.dashboard import CHANGED, changing, heap_mb, open_page
from harness.chromium import FLAGS, TRACED, installed, tasks_ms
from harness.dashboards import until_caught_up
from harness.stacks import EmbeddedStack, temporary_stack

TITLE = "a long list"

_FILL = """
    INSERT INTO orders (customer_name, product_name, quantity, status, created_at)
    SELECT 'Customer ' || substr(md5((n * 7919 %% 20011)::text), 1, 6),
           'Product ' || substr(md5((n * 31 %% 5003)::text), 16, 6), 1 + n * 13 %% 99,
           (ARRAY['pending', 'processing', 'shipped', 'delivered', 'cancelled'])[1 + n %% 5],
           now() - make_interval(mins => (%s - n)::int)
      FROM generate_series(1::bigint, %s) AS n
"""
_JUMP = """
    async (table, share) => {
        const began = performance.now();
        table.scrollTop = share * table.scrollHeight;
        const [top, height] = [table.getBoundingClientRect().top, table.clientHeight];
        const inView = (row) => {
            const middle = row.getBoundingClientRect().top - top;
            return middle > height * 0.3 && middle < height * 0.7;
        };
        do await new Promise(requestAnimationFrame);
        while (table.querySelector('[role="row"][aria-busy="true"]')
               || ![...table.querySelectorAll("[data-order]")].some(inView));
        return performance.now() - began;
    }
"""
_TYPED = "customer a1"
_QUERIES = {
    "by offset": [{"offset": str(each)} for each in (1_000, 250_000, 500_000, 750_000, 999_000)],
    "by offset, sorted by a column with an index": [
        {"sort": "-created_at", "offset": str(each)} for each in (1_000, 500_000, 999_000)
    ],
    "by offset, sorted by a column without": [
        {"sort": "customer_name", "offset": str(each)} for each in (1_000, 500_000)
    ],
    "sorted by a column without an index": [{"sort": "quantity"}, {"sort": "-customer_name"}],
    "what needs attention": [
        {"attention": "late"},
        {"attention": "warn", "sort": "created_at"},
    ],
}


def run(bench: Bench) -> None:
    """Fill the table, then measure the API and the page."""
    executable = installed()
    if executable is None:
        bench.figure("memory", "MB", refused="no Chromium or Chrome here")
        return
    orders = int(os.environ.get("ORDERS") or bench.full(1_000_000, 20_000))
    with temporary_stack() as stack, sync_playwright() as playwright:
        bench.step(f"{orders:,} orders")
        _fill(stack, orders)
        bench.step("pages of the API")
        _pages(bench, stack, orders)
        browser = playwright.chromium.launch(
            executable_path=executable, args=[*FLAGS, "--enable-precise-memory-info"]
        )
        bench.step("jumps")
        _jumps(bench, open_page(browser, stack))
        bench.step("typing")
        _typing(bench, browser, stack, orders)
        browser.close()


def _fill(stack: EmbeddedStack, orders: int) -> None:
    """Make orders without events, because only the table matters here."""
    with psycopg.connect(stack.database, autocommit=True) as sql:
        sql.execute("ALTER TABLE orders DISABLE TRIGGER USER")
        sql.execute(_FILL, [orders, orders])
        sql.execute("ALTER TABLE orders ENABLE TRIGGER USER")
        sql.execute("CREATE INDEX ON orders (created_at, id)")
        sql.execute("VACUUM ANALYZE orders")


def _pages(bench: Bench, stack: EmbeddedStack, orders: int) -> None:
    with httpx.Client(base_url=stack.edge, timeout=60) as client:
        client.get("/api/orders")
        for what, queries in _QUERIES.items():
            taken: list[float] = []
            for query in queries * bench.full(5, 1):
                began = time.monotonic()
                answer = client.get("/api/orders", params=query)
                taken.append(1000 * (time.monotonic() - began))
                assert answer.is_success, answer.text[:300]
            bench.figure(f"a page {what}", "ms", *taken)
            bench.figure(f"95 % {what} below", "ms", sorted(taken)[int(len(taken) * 0.95)])
        began = time.monotonic()
        with client.stream("GET", "/api/export/orders", params={"sort": "customer_name"}) as rows:
            lines = sum(chunk.count(b"\n") for chunk in rows.iter_bytes())
        assert lines == orders + 1
        bench.figure("a sorted export", "s", time.monotonic() - began)


def _jumps(bench: Bench, page: Page) -> None:
    table = page.get_by_role("grid", name="Orders")
    places = [0.5, 0.9, 0.1, 1, 0.3, 0, 0.7, 0.2, 0.95, 0.6]
    took = [float(table.evaluate(_JUMP, place)) for place in places * bench.full(3, 1)]
    bench.figure("from a jump to its rows", "ms", *took)
    bench.figure("memory after the jumps", "MB", heap_mb(page), at_most=150)
    page.context.close()


def _typing(bench: Bench, browser: Browser, stack: EmbeddedStack, orders: int) -> None:
    page = open_page(browser, stack)
    over = threading.Event()
    pause_ms = bench.full(600, 300)  # as a person types, and sees the rows
    with changing(stack, over, orders - CHANGED):
        browser.start_tracing(page=page, categories=TRACED)
        page.get_by_label("Search orders").click()
        for letter in _TYPED:
            page.keyboard.type(letter)
            page.wait_for_timeout(pause_ms)
        tasks = sorted(tasks_ms(browser.stop_tracing()))
        over.set()
    until_caught_up(stack, page)
    bench.figure("longest task while typing, 500 changes/s", "ms", tasks[-1], at_most=100)
    bench.figure("all tasks, per second", "ms", sum(tasks) / (len(_TYPED) * pause_ms / 1000))
    page.context.close()
