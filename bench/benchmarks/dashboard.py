"""The dashboard in Chromium with the whole system: the cost of loading and following.

It measures: bytes of all files of the first view (scripts, styles, fonts; not the orders) and the
time until its first orders are drawn, with an empty cache; CPU time of the longest task while
an UPDATE of 10,000 rows arrives; dropped frames while 500 orders per second change, each in its own
transaction; memory of the page after garbage collection, before and after the events of an hour at
20 per second.

How it could mislead: Chromium draws without a graphics card here and shares the machine with the
whole system. A frame counts as dropped for each 60th of a second without a requestAnimationFrame
callback; the compositor's own frames are not seen. The events of the hour arrive as fast as
possible, so hourly timers do not run.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import psycopg
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.bench import Bench
from harness.chromium import FLAGS, TRACED, installed, tasks_ms
from harness.dashboards import fill, live, until_caught_up
from harness.stacks import EmbeddedStack, temporary_stack

TITLE = "the dashboard in Chromium"

_FILES_KB = """
    () => performance.getEntriesByType("resource")
        .filter(({ name }) => !new URL(name).pathname.startsWith("/api/"))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0) / 1000
"""
CHANGED = 10_000
"""The number of different orders that are changed, one after another."""
_CHANGES_PER_S = 500
_WRITERS = 8
_AN_HOUR_OF_EVENTS = 72_000
_FRAME_MS = 1000 / 60
_WATCH_FRAMES = """
    () => {
        window.frameTimes = [];
        const note = (now) => { window.frameTimes.push(now); requestAnimationFrame(note); };
        requestAnimationFrame(note);
    }
"""


def run(bench: Bench) -> None:
    """Start system and browser, and measure. Without a browser, record no samples."""
    executable = installed()
    if executable is None:
        bench.figure(
            "files of the first view, compressed", "kB", refused="no Chromium or Chrome here"
        )
        return
    with temporary_stack() as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=[*FLAGS, "--enable-precise-memory-info"]
        )
        fill(stack, CHANGED, "Busy")
        bench.step("loading")
        _loading(bench, browser, stack)
        bench.step("10,000 rows change")
        _bulk(bench, browser, stack)
        bench.step("500 changes a second")
        _frames(bench, browser, stack)
        bench.step("an hour of events")
        _memory(bench, browser, stack)
        browser.close()


def open_page(browser: Browser, stack: EmbeddedStack) -> Page:
    """Open the dashboard; return it when it is live."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(60_000)
    page.goto(stack.edge)
    expect(live(page)).to_be_visible()
    return page


def _loading(bench: Bench, browser: Browser, stack: EmbeddedStack) -> None:
    took: list[float] = []
    loaded_kb: list[float] = []
    for _ in range(bench.full(5, 2)):
        page = browser.new_context().new_page()
        page.goto(stack.edge, wait_until="commit")
        page.wait_for_selector("[data-order]")
        took.append(page.evaluate("() => performance.now()"))
        page.wait_for_load_state("networkidle")
        loaded_kb.append(page.evaluate(_FILES_KB))
        page.context.close()
    bench.figure("files of the first view", "kB", *loaded_kb, at_most=200)
    bench.figure("from the first byte asked to the first orders", "ms", *took, at_most=1000)


def _bulk(bench: Bench, browser: Browser, stack: EmbeddedStack) -> None:
    page = open_page(browser, stack)
    longest: list[float] = []
    for status in ("shipped", "delivered", "pending")[: bench.full(3, 1)]:
        browser.start_tracing(page=page, categories=TRACED)
        stack.psql(f"UPDATE orders SET status = '{status}' WHERE customer_name LIKE 'Busy%'")
        until_caught_up(stack, page)
        longest.append(max(tasks_ms(browser.stop_tracing())))
    bench.figure("longest task, 10,000 rows change", "ms", *longest, at_most=200)
    page.context.close()


def _frames(bench: Bench, browser: Browser, stack: EmbeddedStack) -> None:
    page = open_page(browser, stack)
    over = threading.Event()
    page.evaluate(_WATCH_FRAMES)
    began = time.monotonic()
    with changing(stack, over) as changed:
        page.wait_for_timeout(1000 * bench.full(60, 5))  # the measurement itself
        over.set()
    rate = len(changed) / (time.monotonic() - began)
    until_caught_up(stack, page)
    times: list[float] = page.evaluate("() => window.frameTimes")
    due = (times[-1] - times[0]) / _FRAME_MS
    dropped = sum(max(0, round((b - a) / _FRAME_MS) - 1) for a, b in pairwise(times))
    doubt = "" if rate > 0.95 * _CHANGES_PER_S else f"only {rate:.0f} changes/s could be written"
    bench.figure("frames dropped at 500 changes/s", "%", 100 * dropped / due, refused=doubt)
    page.context.close()


@contextmanager
def changing(stack: EmbeddedStack, over: threading.Event, after: int = 0) -> Iterator[list[int]]:
    """Change 500 orders a second, with ids above ``after``; yield the list of changed ids."""
    changed: list[int] = []
    parts = [(stack.database, over, changed, after)] * _WRITERS
    writers = [threading.Thread(target=_change, args=part) for part in parts]
    for writer in writers:
        writer.start()
    try:
        yield changed
    finally:
        over.set()
        for writer in writers:
            writer.join()


def _change(database: str, over: threading.Event, changed: list[int], after: int) -> None:
    """Change one order after another at this writer's share of the rate until ``over`` is set."""
    with psycopg.connect(database, autocommit=True) as sql:
        due = time.monotonic()
        while not over.wait(max(0.0, due - time.monotonic())):
            order = after + 1 + 7919 * len(changed) % CHANGED
            sql.execute("UPDATE orders SET quantity = quantity %% 99 + 1 WHERE id = %s", [order])
            changed.append(order)
            due += _WRITERS / _CHANGES_PER_S


def _memory(bench: Bench, browser: Browser, stack: EmbeddedStack) -> None:
    page = open_page(browser, stack)
    before = heap_mb(page)
    events = bench.full(_AN_HOUR_OF_EVENTS, 2000)
    for _ in range(events // 1000):
        stack.psql(
            "UPDATE orders SET quantity = quantity % 99 + 1"
            " WHERE id IN (SELECT id FROM orders ORDER BY random() LIMIT 1000)"
        )
    until_caught_up(stack, page)
    after = heap_mb(page)
    bench.figure("memory before", "MB", before)
    bench.figure(f"memory after {events:,} events", "MB", after)
    bench.figure("after / before", "", after / before, at_most=2)
    page.context.close()


def heap_mb(page: Page) -> float:
    """Return the memory of a page after garbage collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    usage: dict[str, Any] = session.send("Runtime.getHeapUsage")
    return float(usage["usedSize"]) / 1e6
