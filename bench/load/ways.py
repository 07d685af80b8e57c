"""``python -m bench.load.ways LOOP PORT``: a server that writes one message to all, in many ways.

Prints a line when it listens. Each line on stdin names a way in which it sends one message; the
answer is the CPU time that took, in seconds, until the kernel had it all.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable

import uvloop
from websockets.asyncio.connection import broadcast
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from bench.feed import event

_ROW = {"operation": "INSERT", "order": json.loads(event(1))["order"]}
_MESSAGE = json.dumps(_ROW, separators=(",", ":"))
_FRAME = Frame(Opcode.TEXT, _MESSAGE.encode()).serialize(mask=False)

Connections = set[ServerConnection]
Send = Callable[[], None]


def _broadcast(connections: Connections) -> Send:
    return lambda: broadcast(connections, _MESSAGE)


def _sessions(connections: Connections) -> Send:
    """Ask each connection whether it is open, as broadcast does."""

    def send() -> None:
        for connection in connections:
            if connection.protocol.state is State.OPEN:
                connection.transport.write(_FRAME)

    return send


def _writes(connections: Connections) -> Send:
    """Touch nothing but the transports."""
    writes = [connection.transport.write for connection in connections]

    def send() -> None:
        for write in writes:
            write(_FRAME)

    return send


def _descriptors(connections: Connections) -> Send:
    """Make the system calls and nothing else."""
    descriptors = [each.transport.get_extra_info("socket").fileno() for each in connections]

    def send() -> None:
        for descriptor in descriptors:
            os.write(descriptor, _FRAME)

    return send


WAYS: dict[str, Callable[[Connections], Send]] = {
    "websockets.broadcast": _broadcast,
    "one frame, each connection asked": _sessions,
    "one frame to the transports": _writes,
    "one frame to the descriptors": _descriptors,
}
LOOPS = {"asyncio": asyncio.run, "uvloop": uvloop.run}


async def _serve(port: int) -> None:
    connections: Connections = set()

    async def stay(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()

    async with serve(stay, "127.0.0.1", port, compression=None, ping_interval=None):
        print("listening", flush=True)
        loop = asyncio.get_running_loop()
        while way := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
            send = WAYS[way](connections)
            began_s = time.process_time()
            send()
            await asyncio.sleep(0)  # the loop writes what it has been given
            print(time.process_time() - began_s, flush=True)


if __name__ == "__main__":
    LOOPS[sys.argv[1]](_serve(int(sys.argv[2])))
