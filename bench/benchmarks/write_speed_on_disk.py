"""Orders committed per second by 64 clients on this machine's own disk.

The same four sides as ``write_speed``, with real flushes to the disk that holds temporary files.

How it could mislead: it says as much about the disk as about triggers. On a disk that flushes in
microseconds the processor is the limit, and what a trigger costs weighs most; on a slow one all
that matters is how many commits share a flush. Disks of rented machines are slower at some hours
than at others: the sides take turns, but look at the spread.
"""

from bench.bench import Bench
from bench.stage import postgres, stage
from bench.writers import Side, always_notify, least_outbox, plain, report, rounds

TITLE = "write speed, this machine's disk"

_TARGETS = (0.70, 2.0)


def run(bench: Bench) -> None:
    """Measure the four sides in turns, in several rounds."""
    with postgres(on_disk=True) as server, stage(server=server, gateways=0) as running:
        ours = Side("ours", server, running.database)
        sides = [plain(server), ours, always_notify(server), least_outbox(server)]
        found = rounds(bench, sides, seconds=bench.full(4, 2), repeats=bench.full(3, 1))
        report(bench, found, _TARGETS)
