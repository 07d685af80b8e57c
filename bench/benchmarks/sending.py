"""What sending alone costs: the least that any server's fan-out over TCP can.

A loop in C gives the same bytes to a thousand connections, which were idle and are read as in
``fan_out``, by a receiver that rests between two looks: as many bytes as a frame has of one event,
of a hundred events compressed, and of a hundred not compressed. By send(), and by io_uring, which
takes a thousand sends in one call. ``fan_out``'s servers also have to know what to send to whom.

How it could mislead: over the loopback a send does much of the receiver's TCP work; what a network
interface would do instead is not seen.
"""

from bench.bench import Bench
from bench.compiler import MISSING
from bench.fanning import REST_S
from bench.load.sending import measure
from bench.writers import ratios

TITLE = "sending: CPU time for one of 1,000 connections"

_SIZES = {"280 bytes": 280, "2,500 bytes": 2500, "27,000 bytes": 27_000}


def run(bench: Bench) -> None:
    """Measure each size."""
    for what, size in _SIZES.items():
        bench.step(what)
        found = [measure(size, REST_S) for _ in range(bench.full(3, 1))]
        sends = [each for each in found if each is not None]
        if not sends:
            bench.figure(what, "us", refused=MISSING)
            continue
        one_by_one = [each.send_us for each in sends]
        queued = [each.queued_us for each in sends if each.queued_us is not None]
        bench.figure(f"{what}: send", "us", *one_by_one)
        refused = "" if queued else "the kernel refuses io_uring"
        bench.figure(f"{what}: io_uring", "us", *queued, refused=refused)
        shares = ratios(queued, one_by_one) if queued else []
        bench.figure(f"{what}: io_uring / send", "", *shares, refused=refused)
