"""Ways to write one message to a thousand sockets, and the CPU time of each.

The library's ``broadcast``, which makes a frame for each connection; one frame given to all
transports; one frame written to the descriptors, past the event loop; on asyncio's loop and on
uvloop's. The gateway does the fourth. Nothing else happens in the process that writes.

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
from bench.load.ways import WAYS
from processes import free_port

TITLE = "ways to write to 1,000 sockets"

_CLIENTS = 1000
_PAUSE_S = 0.03


def run(bench: Bench) -> None:
    """Measure each way."""
    for way in WAYS:
        bench.step(way)
        samples = [seconds / _CLIENTS * 1e6 for seconds in _measure(way, bench.full(100, 20))]
        bench.figure(way, "us/delivery", *samples)


def _measure(way: str, messages: int) -> list[float]:
    """Return the CPU time of each message, in seconds."""
    port = free_port()
    command = [sys.executable, "-m", "bench.load.ways", way, str(port)]
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
        found = []
        for number in range(1, messages + 1):
            server.stdin.write("\n")
            server.stdin.flush()
            found.append(float(server.stdout.readline()))
            crowd.wait(number * _CLIENTS)
            time.sleep(_PAUSE_S)  # until every buffer is empty again
        server.stdin.close()
        return found[messages // 10 :]
