"""``python -m bench.load.crowd``: many clients in one process, told what to do line by line.

One line of JSON on stdin is an order, one on stdout the answer. Between orders it receives: in
C, if it was given the library of ``receive.c``, else all in Python.
"""

import json
import os
import resource
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.load.client import Client, Tally, subscription
from bench.load.dialects import DIALECTS
from bench.load.frames import Heard, Inflater, stamps_of
from bench.load.receiver import Receiver
from bench.usage import usage

_BUFFER_BYTES = 1024 * 1024
_HEAD_BYTES = 4096
_RETRY_S = 0.05
_STDIN = 0


class Crowd:
    """The clients, one epoll, and what it has seen."""

    def __init__(self, library: Path | None) -> None:
        self._epoll = select.epoll()
        self._epoll.register(_STDIN, select.EPOLLIN)
        self._receiver = Receiver(library, self._epoll) if library else None
        self._served: set[Client] = set()
        """Those whose frames are received in C."""
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
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
        """Receive and obey until stdin ends."""
        while not self._over:
            for fd, event, frame in self._ready(_RETRY_S if self._waiting else -1):
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
                time.sleep(self._rest_s)  # whoever sends finds nobody to wake

    def _ready(self, timeout_s: float) -> Iterator[tuple[int, int, bytes]]:
        """Wait; yield descriptors with what happened to them, or with a frame from C."""
        if self._receiver is not None:
            yield from self._receiver.poll(timeout_s)
        else:
            for fd, event in self._epoll.poll(timeout_s, 1024):
                yield fd, event, b""

    # --- orders ---------------------------------------------------------------------------------

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
        """Answer an order to wait once so many events have been counted."""
        if self._awaited is None:
            return
        events = self._tally.events + (self._receiver.counts.events if self._receiver else 0)
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
        """Connect more clients, taking the ports in turn. The first ``timed`` note each frame.

        With ``customers`` each subscribes to one of so many customers' orders, in turn.
        ``dialect`` names how to talk to a server that is not ours.
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
        """From now on (re)connect there."""
        self._ports = ports

    def do_rest(self, *, seconds: float) -> None:
        """From now on let so much time pass between two looks at what has come."""
        self._rest_s = seconds

    def do_mark(self) -> None:
        """Begin to count anew."""
        self._tally = Tally()
        self._arrivals.clear()
        self._stamps.clear()
        self._notes.clear()
        if self._receiver is not None:
            self._receiver.mark()

    def do_state(self) -> dict[str, Any]:
        """Tell what was counted since the mark, and where everybody stands."""
        positions = [client.position for client in self._clients if client not in self._served]
        tally = asdict(self._tally)
        if self._receiver is not None:
            positions += self._receiver.spread()
            for name in ("frames", "events", "bytes", "gaps"):
                tally[name] += getattr(self._receiver.counts, name)
        used = usage(os.getpid())
        return {
            **tally,
            "native": self._receiver is not None,
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
        """Tell for each frame, by its last position: how many got it, first and last arrival."""
        arrivals = {last: [*seen] for last, seen in self._arrivals.items()}
        for last, count, first_at, last_at in self._receiver.arrivals() if self._receiver else ():
            seen = arrivals.setdefault(last, [0, first_at, last_at])
            arrivals[last] = [seen[0] + count, min(seen[1], first_at), max(seen[2], last_at)]
        return [[last, *seen] for last, seen in arrivals.items()]

    def do_notes(self, *, every: int) -> dict[str, Any]:
        """Tell the frames of the timed clients, and when some of the events in them happened."""
        return {
            "notes": [*self._notes, *(self._receiver.notes() if self._receiver else ())],
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
            assert self._receiver is not None
            self._receiver.dismiss(client)
            self._served.discard(client)
        self._epoll.unregister(fd)
        del self._by_fd[fd]
        client.sock.close()
        client.sock = None

    # --- receiving --------------------------------------------------------------------------------

    def _serve(self, client: Client, event: int) -> None:
        sock = client.sock
        assert sock is not None
        try:
            if event & select.EPOLLOUT and not event & (select.EPOLLERR | select.EPOLLHUP):
                self._epoll.modify(sock.fileno(), select.EPOLLIN)
                client.ask(deflate=self._deflate)
                return
            if not client.open:
                self._shake(client, sock)
                return
            size = sock.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if size == 0:
            self._lose(client)
        else:
            self._take(client, self._buffer[:size], time.monotonic())

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
        sock.recv(len(data) - len(rest))  # what follows the head is a frame's
        if answer is None:
            return
        self._under_way -= 1
        if not client.open:
            self._drop(client)
            self._again(client)
            return
        self._agreed += b"permessage-deflate" in head
        self._greeted_at = time.monotonic()
        if self._receiver and not client.dialect and self._receiver.adopt(client):
            self._served.add(client)
        if self._waiting:
            self._connect_some()

    def _take(self, client: Client, data: bytes | memoryview, now: float) -> None:
        was_greeted = client.greeted
        if self._receiver is not None and client in self._served:
            heard = self._receiver.hear(client, bytes(data), self._tally)
        else:
            heard = client.hear(data, self._tally)
        if client.greeted and not was_greeted:
            self._greeted_at = now
        for message in heard:
            self._note(client, message, now)

    def _note(self, client: Client, message: Heard, now: float) -> None:
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
    Crowd(Path(sys.argv[1]) if sys.argv[1:] else None).run()


if __name__ == "__main__":
    main()
