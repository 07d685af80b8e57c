"""What a frame costs the load generator itself, in C and in Python.

A crowd of a thousand receives the same frames in the same way, first read by ``receive.c``, then by
``frames.py``: 25 frames a second of one event, 10 of a hundred, 10 of a hundred compressed. CPU
time is the generator's own, the kernel's receiving included, by the frames that it counted; beside
it the gateway's for the same frames.

What C still takes is nearly all the kernel's: who empties a socket acknowledges at once, and over
the loopback the acknowledgement's whole way, to the sender's TCP, is the reader's work. To put it
off (``TCP_QUICKACK``) was tried and gained nothing.

How it could mislead: at these rates frames come one by one; near the limit a client reads many at
once, and each is cheaper.
"""

from bench.bench import Bench
from bench.fanning import Cost, fan, repeated, worst
from bench.writers import ratios

TITLE = "the load generator"

_CLIENTS = 1000
_KINDS = (
    ("1 event a frame", 25, 1, False),
    ("100 events a frame", 10, 100, False),
    ("100 events a frame, compressed", 10, 100, True),
)


def run(bench: Bench) -> None:
    """Measure each kind of frame on both sides."""
    for what, rate, events, deflate in _KINDS:
        found: dict[str, list[Cost]] = {}
        for side in ("C", "Python"):
            with fan(native=side == "C") as running:
                running.crowd.connect(running.ports, _CLIENTS, deflate=deflate)
                found[side] = repeated(bench, running, f"{what}, {side}", rate, events, seconds=3)
        for side, costs in found.items():
            _report(bench, f"{what}, {side}", costs)
        generator = {side: [cost.generator_us for cost in costs] for side, costs in found.items()}
        doubt = worst([*found["C"], *found["Python"]])
        shares = ratios(generator["Python"], generator["C"])
        bench.figure(f"{what}: Python / C", "", *shares, refused=doubt)


def _report(bench: Bench, what: str, costs: list[Cost]) -> None:
    doubt = worst(costs)
    bench.figure(what, "us/frame", *(cost.generator_us for cost in costs), refused=doubt)
    gateway = [cost.cpu_s / cost.frames * 1e6 if cost.frames else 0.0 for cost in costs]
    bench.figure(f"{what}: gateway", "us/frame", *gateway, refused=doubt)
