"""``python -m bench.load.readers PORT PATH COUNT REST_S``: clients that read and note positions.

They read ``/ws`` and ``/sse`` in the same way: raw bytes, in which only the newest position is
searched. Prints ``ready`` once all have their first message, and a line of JSON for each line on
stdin.
"""

import json
import re
import resource
import select
import socket
import sys
import time

LOOPBACK = "127.0.0.1"
_BUFFER_BYTES = 256 * 1024
_TAIL_BYTES = 32
_LAST = re.compile(rb'"last":(\d+),')
_UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


class Readers:
    """The clients and their positions."""

    def __init__(self, port: int, path: str, count: int) -> None:
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._tails: dict[int, bytes] = {}
        self._positions: dict[int, int] = {}
        upgrade = _UPGRADE if path == "/ws" else ""
        request = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\n{upgrade}\r\n".encode()
        for _ in range(count):
            sock = socket.create_connection((LOOPBACK, port))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            sock.sendall(request)
            greeting = b""
            while b'"hello"' not in greeting:
                greeting += sock.recv(4096)
            sock.setblocking(False)
            self._sockets[sock.fileno()] = sock
            self._tails[sock.fileno()] = b""
            self._positions[sock.fileno()] = 0
            self._epoll.register(sock, select.EPOLLIN)

    def run(self, rest_s: float) -> None:
        """Read until stdin ends."""
        self._epoll.register(sys.stdin, select.EPOLLIN)
        print("ready", flush=True)
        while True:
            for fd, _ in self._epoll.poll():
                if fd != sys.stdin.fileno():
                    self._read(fd)
                elif not sys.stdin.readline():
                    return
                else:
                    positions = self._positions.values()
                    cpu_s = time.process_time()
                    print(json.dumps([min(positions), max(positions), cpu_s]), flush=True)
            time.sleep(rest_s)  # so that sending does not wake a receiver

    def _read(self, fd: int) -> None:
        data = self._sockets[fd].recv(_BUFFER_BYTES)
        if not data:
            raise ConnectionError("closed by the server")
        seen = self._tails[fd] + data
        self._tails[fd] = seen[-_TAIL_BYTES:]
        if found := _LAST.findall(seen):
            self._positions[fd] = int(found[-1])


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    Readers(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])).run(float(sys.argv[4]))
