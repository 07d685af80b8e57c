"""A client's WebSocket: what the library tells it of frames and buffers, for its session."""

import socket
import time
from collections.abc import Iterable

from websockets.asyncio.server import ServerConnection
from websockets.protocol import Event

from orders_access.limits import TokenBucket
from orders_access.principal import Principal
from orders_gateway.protocol import Resume
from orders_gateway.session import POLICY_VIOLATION, Session


class Socket(ServerConnection):
    """A connection that tells its session how much may be sent: all, nothing now, nothing more."""

    session: Session | None = None
    resume = Resume()
    address = ""
    principal: Principal | None = None
    """Whom the handshake spoke for; None if the first message is to say."""
    frames: TokenBucket | None = None

    def process_event(self, event: Event) -> None:
        """Take a frame; too many, as pings or as pieces of messages, end the connection.

        Messages are counted by the session. The library answers pings by itself, and puts pieces
        together, before there is a message.
        """
        super().process_event(event)
        if self.session is not None:
            self.session.silent_since_s = None
        if self.frames is not None and not self.frames.admit(time.monotonic()):
            self.protocol.fail(POLICY_VIOLATION, "too many frames")
            self.send_data()

    def send_data(self) -> None:
        """Send what the library has to say, of which something may be the last."""
        try:
            super().send_data()
        finally:
            self._look_whether_open()

    def connection_lost(self, exc: Exception | None) -> None:
        """Be told by the transport that it has gone."""
        try:
            super().connection_lost(exc)
        finally:
            self._look_whether_open()

    def _look_whether_open(self) -> None:
        if self.session is not None and not self.session.is_open:
            self.session.depart()

    def pause_writing(self) -> None:
        """Be told by the transport that the buffer is over its limit."""
        super().pause_writing()
        if self.session is not None:
            self.session.pause()

    def resume_writing(self) -> None:
        """Be told by the transport that the buffer has drained."""
        super().resume_writing()
        if self.session is not None:
            self.session.resume()


def bound_unsent(listening: Iterable[socket.socket], size: int) -> None:
    """Bound what the kernel keeps for a client that does not read: else megabytes (I6).

    A connection has it from the socket it was accepted at. A buffer's size (SO_SNDBUF) would bound
    what is on its way, too, and slow down distant clients.
    """
    for each in listening:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, size)
