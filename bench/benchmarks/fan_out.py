"""CPU time to deliver one event to one client, of a thousand: a gateway's, and that of others.

A gateway, and beside it NATS's server, nchan and Socket.IO, as far as they are installed, take
turns in being fed the same messages: 25 single events a second, then 10 batches of 100, which all
of them take with ease. All run on one core, their clients on the other. CPU time is the kernel's
own count for the server's processes, its system calls included: most of it is the kernel's sending.

How it could mislead: it is the cost at a given rate; nearer to the limit frames grow and an event
gets cheaper, so a figure is refused if frames of another size than asked were made. Over the
loopback sending includes some of the receiver's TCP work, which with a real network interface is
the receiver's. The others keep nothing, number nothing and filter nothing here (``bench.rivals``
says how each is set up, as kindly as may be); a gateway keeps a ring of recent batches and sends
only what follows. They wrap the same text differently, by some bytes a message. Over the loopback
waking a receiver is part of sending, so all clients are read in Python, at the same pace, and rest
between two looks.
"""

from collections.abc import Mapping
from contextlib import ExitStack

from bench.bench import Bench
from bench.fanning import Cost, Fed, cost, fan, worst
from bench.rivals import nats, nchan, socketio
from bench.rivals.rival import Rival, UnavailableError, running
from bench.writers import ratios

TITLE = "fan-out: CPU time for a delivery"

_CLIENTS = 1000
_RIVALS: tuple[Rival, ...] = (nats, nchan, socketio)
_OURS = "ours"


def run(bench: Bench) -> None:
    """Measure one event a frame, then a hundred."""
    with ExitStack() as open_:
        ours = open_.enter_context(fan(native=False))
        ours.crowd.connect(ours.ports, _CLIENTS)
        sides: dict[str, Fed] = {_OURS: ours}
        for rival in _RIVALS:
            bench.step(rival.NAME)
            try:
                other = open_.enter_context(running(rival, _CLIENTS))
                sides[other.name] = other
            except UnavailableError as exc:
                bench.figure(rival.NAME, "", refused=str(exc))
        _measure(bench, sides, 25, 1, 2.5)
        _measure(bench, sides, 10, 100, 0.1)


def _measure(
    bench: Bench, sides: Mapping[str, Fed], rate: float, events: int, target: float
) -> None:
    what = f"{_CLIENTS:,} clients, {events} event{'s' if events > 1 else ''} a frame"
    bench.step(what)
    costs: dict[str, list[Cost]] = {name: [] for name in sides}
    for _ in range(bench.full(3, 1)):
        for name, side in sides.items():
            costs[name].append(cost(side, rate, events, bench.full(4, 1.5)))
    own = costs.pop(_OURS)
    samples, doubt = _samples(own), _doubt(own, events)
    bench.figure(what, "us", *samples, at_most=target, refused=doubt)
    for name, others in costs.items():
        theirs, refused = _samples(others), doubt or _doubt(others, events)
        bench.figure(f"{what}: {name}", "us", *theirs, refused=_doubt(others, events))
        bench.figure(f"{what}: ours / {name}", "", *ratios(samples, theirs), refused=refused)


def _samples(costs: list[Cost]) -> list[float]:
    return [each.per_delivery_us for each in costs]


def _doubt(costs: list[Cost], events: int) -> str:
    sent = sum(each.events for each in costs) / max(1, sum(each.frames for each in costs))
    other = "" if 0.8 < sent / events < 1.25 else f"{sent:.1f} events a frame were sent"
    return worst(costs) or other
