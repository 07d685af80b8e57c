"""``python -m bench.load.ways WAY PORT``: a server that writes one message to all, in one way.

Prints a line when it listens. Each line on stdin has it send one message; the answer is the CPU
time it took, in seconds, until the kernel had it all.
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

from bench.feed import event

_ROW = {"operation": "INSERT", "order": json.loads(event(1))["order"]}
_MESSAGE = json.dumps(_ROW, separators=(",", ":"))
_FRAME = Frame(Opcode.TEXT, _MESSAGE.encode()).serialize(mask=False)

Connections = set[ServerConnection]


def _broadcast(connections: Connections) -> None:
    broadcast(connections, _MESSAGE)


def _write(connections: Connections) -> None:
    for connection in connections:
        connection.transport.write(_FRAME)


def _send(connections: Connections) -> None:
    for connection in connections:
        os.write(connection.transport.get_extra_info("socket").fileno(), _FRAME)


WAYS: dict[str, tuple[Callable[[Connections], None], bool]] = {
    "websockets.broadcast, asyncio": (_broadcast, False),
    "websockets.broadcast, uvloop": (_broadcast, True),
    "one frame to the transports, asyncio": (_write, False),
    "one frame to the transports, uvloop": (_write, True),
    "one frame to the descriptors, uvloop": (_send, True),
}


async def _serve(send: Callable[[Connections], None], port: int) -> None:
    connections: Connections = set()

    async def stay(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()

    async with serve(stay, "127.0.0.1", port, compression=None, ping_interval=None):
        print("listening", flush=True)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            began_s = time.process_time()
            send(connections)
            await asyncio.sleep(0)  # the loop writes what it has been given
            print(time.process_time() - began_s, flush=True)


if __name__ == "__main__":
    send, fast = WAYS[sys.argv[1]]
    run = uvloop.run if fast else asyncio.run
    run(_serve(send, int(sys.argv[2])))
