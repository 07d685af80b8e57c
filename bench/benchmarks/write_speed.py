"""Orders committed per second by many clients where flushing to disk takes a millisecond.

Three tables with the same columns and indexes, written by pgbench, each insert a transaction:
without any trigger (plain), with ours and a listener at work (ours), and with a trigger that sends
each row in a notification (always notify). A fourth is the lower bound for any outbox: its
trigger only notes an id (least outbox). A library preloaded into PostgreSQL makes each flush take
1 ms, as a good network disk does, so that the figure does not depend on this machine's disk.

Then I5: ours with the listener absent, with a standby, frozen in its sleep, and frozen with a
standby that takes over while the writing goes on.

How it could mislead: pgbench, PostgreSQL and the listener share the machine's cores, so what ours
does besides writing counts against it; with more cores the share would be higher. No session
LISTENs to the always-notifying trigger, which flatters it. Writers notify a listener that freezes
asleep for three more seconds, which pass here while plain is measured.
"""

import signal
from pathlib import Path

from bench.bench import Bench
from bench.compiler import MISSING, library
from bench.stage import DURABLE, Stage, postgres, stage
from bench.writers import Side, always_notify, least_outbox, plain, ratios, report, rounds
from harness.pipeline import Service
from harness.servers import Postgres

TITLE = "write speed, a flush takes 1 ms"

_SLOW_FSYNC = Path(__file__).parents[1] / "slow_fsync.c"
_TARGETS = (0.80, 20.0)
_CLIENTS = (1, 4, 16, 64, 128)


def run(bench: Bench) -> None:
    """Measure all sides, the points of the chart, and ours in each state of the listener."""
    slow = library(_SLOW_FSYNC)
    if slow is None:
        bench.figure("ours / plain", "", at_least=_TARGETS[0], refused=MISSING)
        bench.figure("ours / always notify", "", at_least=_TARGETS[1], refused=MISSING)
        return
    with postgres(DURABLE, {"LD_PRELOAD": str(slow)}) as server:
        _compare(bench, server)


def _compare(bench: Bench, server: Postgres) -> None:
    with stage(server=server, gateways=0) as running:
        ours = Side("ours", server, running.database)
        sides = [plain(server), ours, always_notify(server)]
        all_sides = [*sides, least_outbox(server)]
        found = rounds(bench, all_sides, seconds=bench.full(4, 2), repeats=bench.full(3, 1))
        report(bench, found, _TARGETS)
        _against_clients(bench, sides)
        _states(bench, running, sides[0], ours)


def _against_clients(bench: Bench, sides: list[Side]) -> None:
    points: dict[str, list[tuple[float, float]]] = {side.name: [] for side in sides}
    for clients in _CLIENTS if not bench.quick else ():
        for side in sides:
            bench.step(f"{clients} clients, {side.name}")
            points[side.name].append((clients, side.speed(2, clients)))
    for name, line in points.items():
        bench.series("write speed", name, line)


def _states(bench: Bench, running: Stage, reference: Side, ours: Side) -> None:
    """Measure ours in each state of the listener; measure plain just before each."""

    def measure(state: str) -> None:
        seconds = bench.full(5, 2)
        bench.step(f"listener {state}")
        undisturbed = reference.speed(seconds)
        share = ratios([ours.speed(seconds)], [undisturbed])
        bench.figure(f"listener {state}: ours / plain", "", *share, at_least=_TARGETS[0])

    leader = running.listener
    assert leader is not None
    standby = running.pipeline.listener().ready()
    measure("with a standby")
    _freeze_asleep(running, leader)
    measure("frozen, a standby takes over")
    leader.process.kill()
    standby.process.stop()
    measure("absent")
    alone = running.pipeline.listener().ready()
    _freeze_asleep(running, alone)
    measure("frozen, alone")
    alone.process.kill()


def _freeze_asleep(running: Stage, listener: Service) -> None:
    """Stop a listener that has nothing to do."""
    running.until_drained()
    listener.ready().process.signal(signal.SIGSTOP)
