"""``python -m bench.load.posts PORT CONNECTIONS SECONDS``: POST orders as fast as possible.

Raw sockets and epoll, one request under way on each kept-alive connection. Prints one line of JSON.
"""

import json
import select
import socket
import sys
import time

LOOPBACK = "127.0.0.1"
_BODY = b'{"customer_name":"Alfreds Futterkiste","product_name":"Queso Manchego La Pastora"}'
_REQUEST = (
    b"POST /api/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


class Connection:
    """One connection, and the part of the response that has arrived."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection((LOOPBACK, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer = b""

    def ask(self) -> None:
        """Send a request."""
        self._answer = b""
        self.sock.send(_REQUEST)

    def answered(self) -> bytes | None:
        """Read; return the status code once the response is complete."""
        data = self.sock.recv(65_536)
        if not data:
            raise ConnectionError("closed")
        self._answer += data
        head, blank, body = self._answer.partition(b"\r\n\r\n")
        _, named, length = head.lower().partition(b"content-length: ")
        if not blank or not named or len(body) < int(length.split(b"\r\n")[0]):
            return None
        return head.split(b" ", 2)[1]


def post(port: int, count: int, seconds: float) -> dict[str, float]:
    """Post for some seconds; return the responses created and refused, and the CPU time."""
    connections = {each.sock.fileno(): each for each in [Connection(port) for _ in range(count)]}
    created = refused = 0
    began, began_cpu = time.monotonic(), time.process_time()
    with select.epoll() as epoll:
        for fd, connection in connections.items():
            epoll.register(fd, select.EPOLLIN)
            connection.ask()
        while (now := time.monotonic()) < began + seconds:
            for fd, _ in epoll.poll(began + seconds - now):
                code = connections[fd].answered()
                if code is not None:
                    created += code == b"201"
                    refused += code != b"201"
                    connections[fd].ask()
    took = time.monotonic() - began
    cpu_s = time.process_time() - began_cpu
    return {"created": created, "refused": refused, "seconds": took, "cpu_s": cpu_s}


if __name__ == "__main__":
    print(json.dumps(post(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
