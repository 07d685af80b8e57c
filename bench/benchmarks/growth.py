"""How cost grows: with the rate, with the clients, with the gateways.

CPU time per event of listener, gateway and Valkey together, from 10 orders per second to as many as
pgbench can write: it should fall as batches grow. CPU time of a gateway per delivery with 10 to
10,000 clients: from 100 clients on it should be flat. Total CPU time of 1, 2, 4 and 8 gateways that
share 1,000 clients, divided by that of one: it should be flat; and what Valkey sends to each.

How it could mislead: with few clients the fixed cost of a batch is shared by few deliveries, so 10
clients cannot be as cheap as 10,000. The rates are chosen so that nothing is saturated; near the
limit everything gets cheaper per event.
"""

from itertools import pairwise

from bench.bench import Bench
from bench.fanning import Cost, Fan, cost, fan, worst
from bench.pgbench import write
from bench.stage import stage
from bench.usage import meter

TITLE = "growth"


def run(bench: Bench) -> None:
    """Measure how cost grows with the rate, with clients and with gateways."""
    _with_rate(bench)
    _with_clients(bench)
    _with_gateways(bench)


def _with_rate(bench: Bench) -> None:
    points = []
    with stage() as running:
        for asked in (10, 100, 1000, 10_000) if not bench.quick else (10, 1000):
            bench.step(f"{asked:,} orders/s")
            begin = running.until_drained()
            used = meter(*running.pids(), running.valkey.pid)
            seconds = bench.full(5, 2)
            write(running.postgres, running.database, seconds=seconds, clients=16, rate=asked)
            events = running.until_drained() - begin
            points.append((events / seconds, used().cpu_s / events * 1e6))
    for rate, per_event_us in points:
        bench.figure(f"CPU per event at {rate:,.0f} events/s", "us", per_event_us)
    falls = all(later[1] < sooner[1] for sooner, later in pairwise(points))
    bench.figure("CPU per event falls (1: at each step)", "", float(falls), at_least=1)
    bench.series("CPU per event against rate", "ours", points)


def _with_clients(bench: Bench) -> None:
    costs: dict[int, Cost] = {}
    with fan() as running:
        for clients in (10, 100, 1000, 10_000) if not bench.quick else (10, 100):
            more = clients - max(costs, default=0)
            running.crowd.connect(running.ports, more, within_s=120)
            bench.step(f"{clients:,} clients")
            rate = min(100.0, 100_000 / clients)
            costs[clients] = cost(running, rate, 1, bench.full(4.0, 1.5))
    for clients, measured in costs.items():
        what = f"CPU per delivery to {clients:,} clients"
        bench.figure(what, "us", measured.per_delivery_us, refused=measured.doubt)
    points = [(float(n), each.per_delivery_us) for n, each in costs.items()]
    bench.series("CPU per delivery against clients", "ours", points)
    many = [value for clients, value in points if clients >= 100]
    bench.figure(
        "largest / smallest from 100 clients on",
        "",
        max(many) / max(min(many), 1e-9),
        at_most=1.5,
        refused=worst(list(costs.values())),
    )


def _with_gateways(bench: Bench) -> None:
    totals: dict[int, Cost] = {}
    for gateways in (1, 2, 4, 8):
        with fan(gateways) as running:
            bench.step(f"{gateways} gateways")
            running.crowd.connect(running.ports, bench.full(1000, 200))
            begin, sent, used = running.feed.position, _sent(running), meter(running.valkey.pid)
            totals[gateways] = cost(running, 20, 10, bench.full(5.0, 1.5))
            events = running.feed.position - begin
            found = totals[gateways]
            bench.figure(f"CPU per delivery, {gateways} gateways", "us", found.per_delivery_us)
            bench.figure("events a frame", "", found.events / max(1, found.frames))
            per_event = (_sent(running) - sent) / events / gateways
            bench.figure(f"Valkey to each of {gateways} gateways", "bytes/event", per_event)
            per_event = used().cpu_s / events * 1e6
            bench.figure(f"CPU of Valkey, {gateways} gateways", "us/event", per_event)
    doubt = worst(list(totals.values()))
    one = totals[1].per_delivery_us
    for gateways, total in totals.items():
        target = 1.3 if gateways == 4 else None
        share = total.per_delivery_us / one if one else 0.0
        what = f"CPU of {gateways} gateways / of one"
        bench.figure(what, "", share, at_most=target, refused=doubt)


def _sent(running: Fan) -> int:
    """Return the bytes that Valkey has sent; all but the answers to the feed go to gateways."""
    with running.valkey.connect() as client:
        return int(client.info("stats")["total_net_output_bytes"])
