"""CPU time a gateway spends on an event when 10,000 clients have 1,000 different filters.

Ten clients follow each customer's orders. Every event concerns one customer, hence one filter of a
thousand and ten clients of ten thousand. It is compared with a hundredth of the filters and clients
and the same events: each event concerns as many clients, so it should cost the same.

How it could mislead: nine tenths of the cost is writing to ten sockets; the benchmark only shows
that other filters and clients add nothing. A filter by status matches a fifth of all events.
"""

import time

from bench.bench import Bench
from bench.fanning import Fan, fan
from bench.usage import meter

TITLE = "filters: a gateway's CPU time for an event"

_CLIENTS_A_FILTER = 10
_RATE = 50


def run(bench: Bench) -> None:
    """Measure few filters, then many."""
    many = bench.full(1000, 100)
    few = many // 100
    costs = {customers: _costs(bench, customers) for customers in (few, many)}
    doubt = next((why for samples in costs.values() for _, why in samples if why), "")
    for customers, samples in costs.items():
        what = f"{customers:,} filters, {customers * _CLIENTS_A_FILTER:,} clients"
        bench.figure(what, "us/event", *(cost for cost, _ in samples), refused=doubt)
    pairs = zip(costs[many], costs[few], strict=True)
    bench.figure(
        "many / few", "", *(more / less for (more, _), (less, _) in pairs), at_most=2, refused=doubt
    )


def _costs(bench: Bench, customers: int) -> list[tuple[float, str]]:
    with fan() as running:
        clients = customers * _CLIENTS_A_FILTER
        running.feed.customers = customers
        bench.step(f"connecting {clients:,}, {customers:,} filters")
        running.crowd.connect(running.ports, clients, customers=customers, within_s=120)
        bench.step(f"{customers:,} filters")
        return [_cost(running, bench.full(4.0, 1.5)) for _ in range(bench.full(3, 1))]


def _cost(running: Fan, seconds: float) -> tuple[float, str]:
    """Return CPU time per event in microseconds, and why it may be wrong, or ""."""
    running.feed.rate(_RATE)
    time.sleep(1)  # warm-up; there is no condition to wait for
    before, begin = running.crowd.mark(), running.feed.position
    used = meter(*running.pids)
    time.sleep(seconds)  # the measurement itself
    after, cpu_s = running.crowd.state(), used().cpu_s
    events = running.feed.position - begin
    running.feed.rate(0)
    expected = events * _CLIENTS_A_FILTER
    other = "" if 0.8 < after.frames / expected < 1.2 else f"{after.frames} frames for {expected}"
    return cpu_s / events * 1e6, after.doubt(before) or other
