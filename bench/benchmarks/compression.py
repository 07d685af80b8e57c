"""Bytes on the wire for an event, for clients that offer permessage-deflate, and what it costs.

A thousand events a second in batches of ten go to a thousand clients that offer
``permessage-deflate`` without context take-over. The baseline sends each event as a frame of its
own, not compressed; its bytes are counted in the same way, for one event of the same content.

How it could mislead: events of a benchmark resemble each other, so they compress better than life
does; names and products are real, times and numbers differ. The larger the batch, the better it
compresses: at ten events a second there is little to gain.
"""

import json

from bench.bench import Bench
from bench.fanning import fan, repeated, worst
from bench.feed import event

TITLE = "compression"

_CLIENTS = 1000


def run(bench: Bench) -> None:
    """Connect with the offer; measure if it was accepted."""
    baseline_bytes = _baseline_bytes()
    with fan() as running:
        agreed = running.crowd.connect(running.ports, _CLIENTS, deflate=True).agreed
        reason = "" if agreed else "the gateway does not accept permessage-deflate"
        costs = repeated(bench, running, "1,000 events/s", 100, 10)
    bench.figure("baseline", "bytes/event", baseline_bytes)
    sizes = [cost.bytes / cost.events if cost.events else 0.0 for cost in costs]
    reason = reason or worst(costs)
    bench.figure("ours", "bytes/event", *sizes, note=reason)
    shares = [size / baseline_bytes for size in sizes]
    bench.figure("ours / baseline", "", *shares, at_most=0.15, refused=reason)
    per_delivery = [cost.per_delivery_us for cost in costs]
    bench.figure("gateway CPU a delivery", "us", *per_delivery, at_most=0.2, refused=reason)


def _baseline_bytes() -> float:
    """Return the size of the frame in which the baseline sends one event."""
    order = json.loads(event(123_456))["order"]
    del order["version"]
    payload = json.dumps({"operation": "INSERT", "order": order})
    return float(len(payload) + 4)  # the header of a frame of 126 bytes or more
