"""Ways to write one message to a thousand sockets, and the CPU time of each.

The library's ``broadcast``, which makes a frame for each connection; one frame, each connection
being asked whether it is open; one frame given to all transports, nothing else being touched, as
the gateway does; one frame written to the descriptors, past the event loop: the system calls alone.
All take turns on the same sockets, on asyncio's loop and on uvloop's; nothing else happens in the
process that writes. Figures stand beside those of the system calls alone, in the same round.

How it could mislead: most of it is the kernel's sending, which is the same for all. Writing to the
descriptors has no buffer for a client that is slow. Messages are far enough apart that every
buffer is empty, which is the kindest case for all.
"""

import os
import subprocess
import sys
import time

from bench.bench import ROOT, Bench
from bench.load.control import Crowd
from bench.load.ways import LOOPS, WAYS
from bench.writers import ratios
from harness.processes import free_port

TITLE = "ways to write to 1,000 sockets"

_CLIENTS = 1000
_PAUSE_S = 0.03
_LEAST = "one frame to the descriptors"


def run(bench: Bench) -> None:
    """Measure all ways in turn, on each loop."""
    for loop in LOOPS:
        bench.step(loop)
        found = _measure(loop, bench.full(100, 20))
        for way, samples in found.items():
            bench.figure(f"{loop}: {way}", "us/delivery", *samples)
        for way, samples in found.items():
            shares = ratios(samples, found[_LEAST])
            bench.figure(f"{loop}: {way} / {_LEAST.removeprefix('one frame ')}", "", *shares)


def _measure(loop: str, rounds: int) -> dict[str, list[float]]:
    """Return the CPU time of each delivery, in microseconds, by way."""
    port = free_port()
    command = [sys.executable, "-m", "bench.load.ways", loop, str(port)]
    with (
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "tests")},
        ) as server,
        Crowd(core=1) as crowd,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stdout.readline(), "it listens"
        crowd.connect([port], _CLIENTS, numbered=False)
        crowd.mark()
        found: dict[str, list[float]] = {way: [] for way in WAYS}
        sent = 0
        for _ in range(rounds):
            for way, samples in found.items():
                server.stdin.write(f"{way}\n")
                server.stdin.flush()
                samples.append(float(server.stdout.readline()) / _CLIENTS * 1e6)
                sent += _CLIENTS
                crowd.wait(sent)
                time.sleep(_PAUSE_S)  # until every buffer is empty again
        server.stdin.close()
        return {way: samples[rounds // 10 :] for way, samples in found.items()}
