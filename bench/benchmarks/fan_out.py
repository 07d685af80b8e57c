"""CPU time a gateway spends to deliver one event to one client, of a thousand.

Batches are published to Valkey by hand, at a rate the gateway takes with ease: 25 single events a
second, then 10 batches of 100. CPU time is the kernel's own count for the gateway's process, its
system calls included: most of it is the kernel's sending.

How it could mislead: it is the cost at a given rate; nearer to the limit frames grow and an event
gets cheaper, so a figure is refused if the gateway made frames of another size than asked. Over the
loopback sending includes some of the receiver's TCP work, which with a real network interface is
the receiver's. Gateway and generator have a core each, so that neither disturbs the other's caches.
"""

from bench.bench import Bench
from bench.fanning import Cost, Fan, fan, repeated, worst

TITLE = "fan-out: a gateway's CPU time for a delivery"

_CLIENTS = 1000


def run(bench: Bench) -> None:
    """Measure one event a frame, then a hundred."""
    with fan() as running:
        running.crowd.connect(running.ports, _CLIENTS)
        _measure(bench, running, 25, 1, 2.5)
        _measure(bench, running, 10, 100, 0.1)


def _measure(bench: Bench, running: Fan, rate: float, events: int, target: float) -> None:
    what = f"{_CLIENTS:,} clients, {events} event{'s' if events > 1 else ''} a frame"
    costs: list[Cost] = repeated(bench, running, what, rate, events)
    sent = sum(each.events for each in costs) / max(1, sum(each.frames for each in costs))
    other = "" if 0.8 < sent / events < 1.25 else f"{sent:.1f} events a frame were sent"
    bench.figure(
        what,
        "us",
        *(each.per_delivery_us for each in costs),
        at_most=target,
        refused=worst(costs) or other,
    )
