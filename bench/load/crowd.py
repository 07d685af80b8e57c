"""``python -m bench.load.crowd LIBRARY``: many WebSocket clients in one process.

Each line of JSON on stdin is a command, each line on stdout its answer. Between commands the
process receives through ``LIBRARY``, the compiled ``receive.c``.
"""

import json
import os
import resource
import select
import socket
import sys
import time
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.load.client import Client, Tally, subscription
from bench.load.dialects import DIALECTS
from bench.load.frames import Inflater, Message, stamps_of
from bench.load.receiver import Receiver
from bench.usage import usage

_HEAD_BYTES = 4096
_RETRY_S = 0.05
_STDIN = 0


class Crowd:
    """The clients, one epoll, and the counts."""

    def __init__(self, library: Path) -> None:
        self._epoll = select.epoll()
        self._epoll.register(_STDIN, select.EPOLLIN)
        self._receiver = Receiver(library, self._epoll)
        self._served: set[Client] = set()
        """Clients whose handshake is over, so that ``receive.c`` reads their sockets."""
        self._orders = b""
        self._clients: list[Client] = []
        self._by_fd: dict[int, Client] = {}
        self._waiting: deque[Client] = deque()
        self._retry_at = 0.0
        self._under_way = 0
        self._at_once = 256
        self._ports: list[int] = []
        self._next_port = 0
        self._deflate = False
        self._agreed = 0
        self._tally = Tally()
        self._greeted_at = 0.0
        self._inflaters: dict[int, Inflater] = {}
        self._arrivals: dict[int, list[float]] = {}
        self._notes: list[tuple[float, int, int]] = []
        self._stamps: dict[int, bytes] = {}
        self._awaited: int | None = None
        self._rest_s = 0.0
        self._over = False

    def run(self) -> None:
        """Receive and execute commands until stdin ends."""
        while not self._over:
            for fd, event, frame in self._receiver.poll(_RETRY_S if self._waiting else -1):
                if fd == _STDIN:
                    self._read_orders()
                elif (client := self._by_fd.get(fd)) is None:
                    continue
                elif frame:
                    self._take(client, frame, time.monotonic())
                else:
                    self._serve(client, event)
            if self._waiting:
                self._connect_some()
            self._tell_who_waits()
            if self._rest_s:
                time.sleep(self._rest_s)  # so that sending does not wake a receiver

    # --- commands ---------------------------------------------------------------------------------

    def _read_orders(self) -> None:
        data = os.read(_STDIN, 65_536)
        self._over = not data
        *lines, self._orders = (self._orders + data).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if order["do"] == "wait":
                self._awaited = order["events"]
            else:
                self._answer(getattr(self, "do_" + order.pop("do"))(**order))

    def _answer(self, answer: Any) -> None:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    def _tell_who_waits(self) -> None:
        """Answer a pending ``wait`` command once enough events have been counted."""
        if self._awaited is None:
            return
        events = self._tally.events + self._receiver.counts.events
        if events >= self._awaited:
            self._awaited = None
            self._answer(events)

    def do_connect(  # noqa: PLR0913  an order's fields
        self,
        *,
        ports: list[int],
        count: int,
        numbered: bool,
        deflate: bool,
        timed: int,
        at_once: int,
        customers: int,
        dialect: str,
    ) -> None:
        """Connect more clients to the ports in turn. The first ``timed`` record each arrival.

        With ``customers``, each client subscribes to the orders of one of that many customers in
        turn.
        ``dialect`` names the protocol of a server other than our gateway.
        """
        self._ports, self._deflate, self._at_once = ports, deflate, at_once
        for number in range(count):
            reference = number == 0 and timed > 0
            wanted = subscription(number % customers) if customers else ""
            client = Client(
                numbered=numbered,
                whole=reference,
                timed=number < timed,
                subscription=wanted,
                dialect=DIALECTS[dialect] if dialect else None,
            )
            self._clients.append(client)
            self._waiting.append(client)
        self._connect_some()

    def do_ports(self, *, ports: list[int]) -> None:
        """Set the ports to connect to."""
        self._ports = ports

    def do_rest(self, *, seconds: float) -> None:
        """Set the pause between two reads."""
        self._rest_s = seconds

    def do_mark(self) -> None:
        """Reset the counts."""
        self._tally = Tally()
        self._arrivals.clear()
        self._stamps.clear()
        self._notes.clear()
        self._receiver.mark()

    def do_state(self) -> dict[str, Any]:
        """Return the counts since the mark, and the positions."""
        positions = [client.position for client in self._clients if client not in self._served]
        positions += self._receiver.spread()
        tally = asdict(self._tally)
        for name in ("frames", "events", "bytes", "gaps"):
            tally[name] += getattr(self._receiver.counts, name)
        used = usage(os.getpid())
        return {
            **tally,
            "clients": len(self._clients),
            "greeted": sum(client.greeted for client in self._clients),
            "greeted_at": self._greeted_at,
            "agreed": self._agreed,
            "lowest": min(positions, default=0),
            "highest": max(positions, default=0),
            "cpu_s": used.cpu_s,
            "waited_s": used.waited_s,
            "at_s": used.at_s,
        }

    def do_arrivals(self) -> list[list[float]]:
        """Return a list for each frame: last position, receivers, first and last arrival."""
        arrivals = {last: [*seen] for last, seen in self._arrivals.items()}
        for last, count, first_at, last_at in self._receiver.arrivals():
            seen = arrivals.setdefault(last, [0, first_at, last_at])
            arrivals[last] = [seen[0] + count, min(seen[1], first_at), max(seen[2], last_at)]
        return [[last, *seen] for last, seen in arrivals.items()]

    def do_notes(self, *, every: int) -> dict[str, Any]:
        """Return the arrivals at timed clients, and ``changed_at`` of every n-th event."""
        return {
            "notes": [*self._notes, *self._receiver.notes()],
            "stamps": {
                position: stamp.decode()
                for position, stamp in self._stamps.items()
                if position % every == 0
            },
        }

    # --- connecting -------------------------------------------------------------------------------

    def _connect_some(self) -> None:
        if time.monotonic() < self._retry_at:
            return
        while self._waiting and self._under_way < self._at_once:
            client = self._waiting.popleft()
            port = self._ports[self._next_port % len(self._ports)]
            self._next_port += 1
            try:
                fd = client.connect(port, self._inflaters.setdefault(port, Inflater()))
            except OSError:
                self._again(client)
                return
            self._under_way += 1
            self._by_fd[fd] = client
            self._epoll.register(fd, select.EPOLLOUT)

    def _again(self, client: Client) -> None:
        self._tally.refused += 1
        self._waiting.append(client)
        self._retry_at = time.monotonic() + _RETRY_S

    def _drop(self, client: Client) -> None:
        assert client.sock is not None
        fd = client.sock.fileno()
        if client in self._served:
            self._receiver.dismiss(client)
            self._served.discard(client)
        self._epoll.unregister(fd)
        del self._by_fd[fd]
        client.sock.close()
        client.sock = None

    # --- receiving --------------------------------------------------------------------------------

    def _serve(self, client: Client, event: int) -> None:
        """Continue a handshake, or handle the end of a connection."""
        sock = client.sock
        assert sock is not None
        try:
            if client.open:
                self._lose(client)
            elif event & select.EPOLLOUT and not event & (select.EPOLLERR | select.EPOLLHUP):
                self._epoll.modify(sock.fileno(), select.EPOLLIN)
                client.ask(deflate=self._deflate)
            else:
                self._shake(client, sock)
        except BlockingIOError:
            return
        except OSError:
            self._lose(client)

    def _lose(self, client: Client) -> None:
        if client.open:
            self._tally.lost += 1
        else:
            self._under_way -= 1
        client.open = client.greeted = False
        self._drop(client)
        self._again(client)

    def _shake(self, client: Client, sock: socket.socket) -> None:
        data = sock.recv(_HEAD_BYTES, socket.MSG_PEEK)
        if not data:
            self._lose(client)
            return
        answer = client.answered(data)
        head, rest = answer or (b"", b"")
        sock.recv(len(data) - len(rest))  # the rest belongs to a frame
        if answer is None:
            return
        self._under_way -= 1
        if not client.open:
            self._drop(client)
            self._again(client)
            return
        self._agreed += b"permessage-deflate" in head
        self._greeted_at = time.monotonic()
        self._receiver.adopt(client)
        self._served.add(client)
        if self._waiting:
            self._connect_some()

    def _take(self, client: Client, frame: bytes, now: float) -> None:
        was_greeted = client.greeted
        message = self._receiver.hear(client, frame, self._tally)
        if client.greeted and not was_greeted:
            self._greeted_at = now
        if message is not None:
            self._note(client, message, now)

    def _note(self, client: Client, message: Message, now: float) -> None:
        seen = self._arrivals.get(message.last)
        if seen is None:
            self._arrivals[message.last] = [1, now, now]
        else:
            seen[0] += 1
            seen[2] = now
        if client.timed:
            self._notes.append((now, message.first, message.last))
        if client.whole:
            positions = range(message.first, message.last + 1)
            self._stamps.update(zip(positions, stamps_of(message.text), strict=False))


def main() -> None:
    """Serve one benchmark."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    socket.setdefaulttimeout(None)
    Crowd(Path(sys.argv[1])).run()


if __name__ == "__main__":
    main()
