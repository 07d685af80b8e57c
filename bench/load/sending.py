"""``python -m bench.load.sending LIBRARY BYTES REST_US``: what ``send.c`` measures, as JSON."""

import ctypes
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.bench import ROOT
from bench.compiler import library

SOURCE = Path(__file__).with_name("send.c")


@dataclass(frozen=True)
class Sends:
    """CPU time in us of giving bytes to one of a thousand sockets."""

    send_us: float
    queued_us: float | None
    """By io_uring; None where the kernel refuses it."""


def measure(size: int, rest_s: float) -> Sends | None:
    """Send so many bytes, in a process of its own; None without a compiler."""
    built = library(SOURCE)
    if built is None:
        return None
    told = subprocess.run(
        [sys.executable, "-m", "bench.load.sending", built, str(size), str(round(rest_s * 1e6))],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "tests")},
        check=True,
        capture_output=True,
        timeout=60,
    )
    send_us, queued_us = json.loads(told.stdout)
    return Sends(send_us, queued_us if queued_us >= 0 else None)


def main() -> None:
    """Measure, and say what was found."""
    path, size, rest_us = sys.argv[1:]
    us = (ctypes.c_double * 2)()
    if ctypes.CDLL(path).send_cost(int(size), int(rest_us), us) != 0:
        raise SystemExit("not everything could be sent")
    sys.stdout.write(json.dumps(list(us)))


if __name__ == "__main__":
    main()
