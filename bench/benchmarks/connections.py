"""Idle connections: how long 10,000 take to be accepted, and the memory a gateway needs for each.

The generator opens 10,000 WebSockets to one gateway, 512 handshakes at a time, and the clock stops
when the last client has its ``hello``. Memory is the gateway's own (USS) with 10,000 clients, minus
that without clients, divided by 10,000.

How it could mislead: the kernel's socket buffers, a few kB per idle connection, are not in the
figure. Clients that offer compression, use filters or fall behind need more. Accepting uses one
core: a gateway that also delivers takes longer.
"""

import resource

import psutil

from bench.bench import Bench
from bench.fanning import fan
from bench.load.control import State

TITLE = "connections: 10,000 on one gateway"

_SPARE_FILES = 100


def run(bench: Bench) -> None:
    """Open all connections, on a new gateway for each repeat."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = bench.full(10_000, 1000)
    if files < count + _SPARE_FILES:
        reason = f"this system lets a process open {files:,} files"
        bench.figure("accepted in", "s", at_most=5, refused=reason)
        return
    samples = [_open(bench, count) for _ in range(bench.full(3, 1))]
    doubt = next((why for _, _, why in samples if why), "")
    seconds, memory_kb = [each[0] for each in samples], [each[1] for each in samples]
    bench.figure(f"{count:,} accepted in", "s", *seconds, at_most=5, refused=doubt)
    bench.figure("memory a connection", "kB", *memory_kb, at_most=15)


def _open(bench: Bench, count: int) -> tuple[float, float, str]:
    with fan() as running:
        warm = running.crowd.connect(running.ports, 50)
        before = running.crowd.mark()
        empty = _memory(running.pids)
        bench.step(f"connecting {count:,}")
        after = running.crowd.connect(running.ports, count, at_once=512, within_s=120)
        grown = (_memory(running.pids) - empty) / count / 1000
        return after.greeted_at - before.at_s, grown, _doubt(before, after, warm)


def _doubt(before: State, after: State, warm: State) -> str:
    if after.clients != after.greeted or warm.greeted != warm.clients:
        return "not all were greeted"
    return after.doubt(before)


def _memory(pids: list[int]) -> int:
    return sum(int(psutil.Process(pid).memory_full_info().uss) for pid in pids)
