"""CPU time to deliver one event to one of a thousand clients: a gateway and other servers.

A gateway and, as far as they are installed, nchan and Socket.IO take turns in delivering the same
messages: 25 single events a second, then 10 batches of 100. All run on one core, their clients on
the other. CPU time is the kernel's count for the server's processes including system calls; most of
it is the kernel's sending.

How it could mislead: it is the cost at a given rate. Nearer to the limit frames grow and an event
gets cheaper, so a figure is refused if the frames are not of the size asked for. Over the loopback,
sending includes some of the receiver's TCP work. Waking a receiver is part of it too: all clients
therefore rest between two reads. The other servers keep no messages, number none and filter none
here (``bench.rivals`` describes their set-up); a gateway keeps a ring of recent batches. They wrap
the same text differently, by a few bytes a message.
"""

from collections.abc import Mapping
from contextlib import ExitStack

from bench.bench import Bench
from bench.fanning import Cost, Fed, cost, fan, worst
from bench.rivals import nchan, socketio
from bench.rivals.rival import Rival, UnavailableError, running
from bench.writers import ratios

TITLE = "fan-out: CPU time for a delivery"

_CLIENTS = 1000
_RIVALS: tuple[Rival, ...] = (nchan, socketio)
_OURS = "ours"


def run(bench: Bench) -> None:
    """Measure one event per frame, then a hundred."""
    with ExitStack() as open_:
        ours = open_.enter_context(fan())
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
