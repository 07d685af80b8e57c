"""One client of a crowd: its socket, its state, its position in the stream."""

import errno
import json
import socket
from dataclasses import dataclass

from bench.load.customers import customer_name
from bench.load.dialects import Dialect
from bench.load.frames import CLOSE, PING, Inflater, Message, masked, parse, pong

LOOPBACK = "127.0.0.1"
_RECEIVE_BUFFER_BYTES = 256 * 1024


@dataclass(slots=True)
class Tally:
    """The counts of all clients together."""

    frames: int = 0
    events: int = 0
    bytes: int = 0
    gaps: int = 0
    resets: int = 0
    lost: int = 0
    refused: int = 0


def subscription(customer: int) -> str:
    """Return the message that subscribes to the orders of one customer."""
    return json.dumps({"type": "subscribe", "filter": {"customer_name": [customer_name(customer)]}})


class Client:
    """Connects, counts, and resumes with its position after a loss."""

    __slots__ = (
        "_head",
        "_subscription",
        "dialect",
        "greeted",
        "inflater",
        "numbered",
        "open",
        "port",
        "position",
        "sock",
        "stream",
        "timed",
        "whole",
    )

    def __init__(
        self,
        *,
        numbered: bool,
        whole: bool,
        timed: bool = False,
        subscription: str = "",
        dialect: Dialect | None = None,
    ) -> None:
        self.numbered = numbered
        """Whether events have positions; those of the baseline have none."""
        self._subscription = subscription
        self.whole = whole
        """Whether Python receives every message as a whole."""
        self.timed = timed
        """Whether the arrival of each message is recorded."""
        self.dialect = dialect
        """The protocol of a server of another kind; None for a gateway."""
        self.inflater = Inflater()
        self._head = b""
        self.sock: socket.socket | None = None
        self.port = 0
        self.open = False
        self.greeted = False
        self.position = 0 if dialect else -1
        self.stream = ""

    def connect(self, port: int, inflater: Inflater) -> int:
        """Begin to connect; return the descriptor of the socket."""
        self.sock = sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if sock.connect_ex((LOOPBACK, port)) not in {0, errno.EINPROGRESS}:
            raise OSError(f"no server on port {port}")
        self.port = port
        self.open = self.greeted = False
        self._head = b""
        self.inflater = inflater
        return sock.fileno()

    def ask(self, *, deflate: bool) -> None:
        """Send the opening handshake, with the position if there is one."""
        resume = f"?after={self.position}&stream={self.stream}" if self.stream else ""
        path = self.dialect.path if self.dialect else f"/ws{resume}"
        offer = (
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
            if deflate
            else ""
        )
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"{offer}Sec-WebSocket-Version: 13\r\n\r\n"
        )
        assert self.sock is not None
        self.sock.send(request.encode())

    def answered(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Take part of the answer; once its head is complete, return the head and what follows."""
        self._head += data
        head, blank, rest = self._head.partition(b"\r\n\r\n")
        if not blank:
            return None
        self.open = head.startswith(b"HTTP/1.1 101")
        greets = not self.dialect.welcome if self.dialect else not self.numbered
        self.greeted = self.open and greets
        return head, rest

    def hear(self, frame: bytes, tally: Tally) -> Message | None:
        """Take one frame and count it; return its message if it holds events."""
        tally.bytes += len(frame)
        message = parse(frame, self.inflater, self.position)
        if message.first:
            self._count(message, tally)
            return message
        self._obey(message, tally)
        return None

    def _count(self, message: Message, tally: Tally) -> None:
        tally.frames += 1
        if not self.numbered:
            tally.events += 1
            self.position += 1
            return
        if message.first > self.position + 1:
            tally.gaps += 1
        tally.events += max(0, message.last - max(self.position, message.first - 1))
        self.position = max(self.position, message.last)

    def _obey(self, message: Message, tally: Tally) -> None:
        if message.opcode == PING and self.sock is not None:
            self.sock.send(pong(message.text))
        elif message.opcode == CLOSE:
            tally.lost += 1
        elif self.dialect is not None:
            self._reply(self.dialect, message.text)
        elif message.text.startswith(b"{"):
            self._take(json.loads(message.text), tally)

    def _reply(self, dialect: Dialect, text: bytes) -> None:
        if dialect.welcome and text.startswith(dialect.welcome):
            self.greeted = True
        elif (reply := dialect.reply(text)) and self.sock is not None:
            self.sock.send(masked(reply))

    def _take(self, message: dict[str, object], tally: Tally) -> None:
        match message:
            case {"type": "hello", "position": int(position), "stream": str(stream)}:
                if not self.stream:
                    self.position = position
                self.stream = stream
                if self._subscription and self.sock is not None:
                    self.sock.send(masked(self._subscription.encode()))
                else:
                    self.greeted = True
            case {"type": "subscribed", "position": int(position)}:
                self.greeted = True
            case {"type": "reset", "position": int(position)}:
                tally.resets += 1
                self.position = position
