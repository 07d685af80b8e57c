"""One client's connection: what it said, how far it has got, whether it keeps up."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from orders_access.credentials import Credential
from orders_access.errors import InvalidTokenError, KeysUnavailableError
from orders_access.limits import TokenBucket
from orders_access.principal import Principal
from orders_contract.backoff import Backoff
from orders_contract.batches import Batch
from orders_contract.messages import Auth, ClientMessage, ResetReason, Subscribe
from orders_gateway import protocol
from orders_gateway.door import Door
from orders_gateway.errors import (
    HistoryExpiredError,
    LogUnavailableError,
    ProtocolError,
    RedisUnavailableError,
)
from orders_gateway.filters import Predicate
from orders_gateway.history import History
from orders_gateway.hub import Hub, frames_since
from orders_gateway.limits import Limits
from orders_gateway.progress import Progress
from orders_gateway.tenure import Tenure
from orders_gateway.turns import Turns

AHEAD_GRACE_S = 3.0
"""A snapshot may be some milliseconds ahead of this gateway. Longer, and it is of another time."""

HISTORY_ATTEMPTS = 8
"""Some 15 s of trying; then the client is sent to another gateway."""

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
UNAUTHORIZED = 4001

Put = Callable[[bytes], None]
"""Hands bytes to one socket. The hub knows a session by it."""

logger = structlog.get_logger()


class Session:
    """A client, and while it is live a member of the hub.

    Either *live*: the hub's frames are written to its socket as they come. Or *catching up*, by
    one task that reads from ring and history at the socket's own pace, so that nothing piles up
    for it: at most the socket's write buffer and one frame. One that was live and fell far behind
    gets the newest state of each order instead of every event (conflation).
    """

    __slots__ = (
        "_aside",
        "_behind",
        "_bucket",
        "_catching_up",
        "_connection",
        "_door",
        "_history",
        "_hub",
        "_limits",
        "_position",
        "_predicate",
        "_principal",
        "_progress",
        "_tenure",
        "_turns",
        "_writable",
        "conflated",
        "live",
        "put",
        "silent_since_s",
    )

    def __init__(  # noqa: PLR0913, PLR0917  all that a session has to do with
        self,
        connection: ServerConnection,
        hub: Hub[Put],
        history: History,
        progress: Progress,
        turns: Turns,
        limits: Limits,
        door: Door,
        principal: Principal,
    ) -> None:
        self._connection = connection
        self.put: Put = connection.transport.write
        self._hub = hub
        self._history = history
        self._progress = progress
        self._turns = turns
        self._limits = limits
        self._bucket = TokenBucket(
            limits.messages_per_second, limits.messages_burst, time.monotonic()
        )
        self._door = door
        self._principal = principal
        self._tenure = Tenure(self._warn, lambda: self._send_away("the token has expired"))
        self._aside: asyncio.Task[None] | None = None
        """What is being said besides the stream; kept, or it might be collected."""
        self._predicate = Predicate.of(None, principal.customers)
        self._position = 0
        self._catching_up: asyncio.Task[None] | None = None
        self._writable: asyncio.Event | None = None
        self._behind = False
        self.live = False
        self.silent_since_s: float | None = None
        """As a peer that is pinged (see keepalive)."""
        self.conflated = False
        """Whether what it saw last was conflated, and it is not live again."""

    @property
    def connection(self) -> ServerConnection:
        """The socket, for the hub's frames."""
        return self._connection

    @property
    def is_open(self) -> bool:
        """Whether neither side has begun to close."""
        return self._connection.protocol.state is State.OPEN

    @property
    def position(self) -> int:
        """Nothing up to here is missing at the client."""
        return self._hub.ring.position if self.live else self._position

    async def run(self, resume: protocol.Resume, gateway: str, heartbeat_s: float) -> None:
        """Greet, then serve the client until it goes."""
        try:
            await self._greet(resume, gateway, heartbeat_s)
            async for text in self._connection:
                if not self._bucket.admit(time.monotonic()):
                    await self._connection.close(POLICY_VIOLATION, "too many messages")
                    break
                await self._hear(text)
        except ConnectionClosed:
            pass  # in whatever way it went, it may come back with its position
        finally:
            self._tenure.stop()
            self._stop()

    async def _greet(self, resume: protocol.Resume, gateway: str, heartbeat_s: float) -> None:
        stream = self._hub.ring.stream or ""
        self._position = self._hub.ring.position
        foreign = resume.after is not None and resume.stream not in {None, stream}
        if resume.after is not None and not foreign:
            self._position = resume.after
        self._write(protocol.hello(gateway, stream, self._position, heartbeat_s))
        if not self._door.is_open:
            await self._send(protocol.authenticated(self._principal))
        self._tenure.begin(self._principal)
        if foreign:
            self._reset("unknown_stream")
        self._go_on()

    async def _hear(self, text: str | bytes) -> None:
        try:
            message = protocol.parse_message(text)
        except ProtocolError as exc:
            await self._send(protocol.error(exc.code, exc.message))
            return
        await self._obey(message)

    async def _obey(self, message: ClientMessage) -> None:
        match message:
            case Auth():
                await self._renew(message)
            case Subscribe():
                await self._subscribe(message)
            case _:
                await self._send(protocol.pong(self.position))

    async def _subscribe(self, message: Subscribe) -> None:
        self._stop()
        if message.after is not None:
            self._position = message.after
        self._predicate = Predicate.of(protocol.wanted(message), self._principal.customers)
        await self._send(protocol.subscribed(message.wanted, self._position))
        self._go_on()

    async def _renew(self, message: Auth) -> None:
        """Go on under another token: the same person's, of the same scope."""
        try:
            principal = await self._door.identify(credential_of(message))
            self._check_same(principal)
        except (InvalidTokenError, KeysUnavailableError, RedisUnavailableError) as exc:
            await self._send(protocol.unauthorized(str(exc)))
            return
        self._principal = principal
        self._tenure.begin(principal)
        await self._send(protocol.authenticated(principal))

    def _check_same(self, principal: Principal) -> None:
        if principal.subject != self._principal.subject:
            raise InvalidTokenError("the token is somebody else's")
        if principal.rows != self._principal.rows:
            raise InvalidTokenError("the token is for other rows: connect with it")

    def look_at_token(self) -> None:
        """Go, if the token was revoked."""
        if self._door.revocations.covers(self._principal):
            self._send_away("the token was revoked")

    def _warn(self, seconds: int) -> None:
        self._aside = asyncio.create_task(self._mention(protocol.expiring(seconds)))

    def _send_away(self, reason: str) -> None:
        """Close; from this moment on nothing more is sent."""
        self._aside = asyncio.create_task(self._connection.close(UNAUTHORIZED, reason))

    async def _mention(self, frame: bytes) -> None:
        with suppress(ConnectionClosed):
            await self._send(frame)

    def send_ping(self) -> None:
        """Send a ping without waiting for anything."""
        if self.is_open:
            self.put(protocol.PING_FRAME)

    def beat(self) -> None:
        """Tell a client that is catching up that it is not forgotten.

        It may have to wait: for the log, or for its turn among many. One that hears nothing gives
        up, comes back, and makes the wait longer for all.
        """
        waits = self._catching_up is not None and self._writable is None
        if waits and self._position <= self._hub.ring.position:
            self._write(protocol.heartbeat(self._position))

    def cut_off(self) -> None:
        """End the connection without a word."""
        self._connection.transport.abort()

    def reset(self) -> None:
        """Take note that the stream began anew and that the client is being told so."""
        self._position = self._hub.ring.position

    def depart(self) -> None:
        """Take note that the connection is closing or gone: nothing may follow a closing frame."""
        if self.live:
            self._stop()

    def pause(self) -> None:
        """Take note that the socket's write buffer is full: no more frames of the hub's."""
        self._writable = asyncio.Event()
        if self.live:
            self._stop()
            self._behind = True
            self._hub.fall_behind(self.put)
            self._start_catching_up()

    def resume(self) -> None:
        """Take note that the socket can take more."""
        if self._writable is not None:
            self._writable.set()
            self._writable = None

    def _stop(self) -> None:
        """Be neither live nor catching up."""
        self._position = self.position
        if self.live:
            self.live = False
            self._hub.leave(self.put, self._predicate)
        elif self._catching_up is not None:
            self._catching_up.cancel()
        self._catching_up = None
        self._come_up()

    def _come_up(self) -> None:
        if self._behind:
            self._behind = self.conflated = False
            self._hub.come_up(self.put)

    def _go_on(self) -> None:
        """Go live, now if nothing is missing, else after catching up."""
        if self._complete():
            self._go_live()
        else:
            self._start_catching_up()

    def _complete(self) -> bool:
        return self._position == self._hub.ring.position and self._writable is None

    def _go_live(self) -> None:
        self._catching_up = None
        self._come_up()
        if self.is_open:
            self.live = True
            deflates = bool(self._connection.protocol.extensions)
            self._hub.join(self.put, self._predicate, deflates=deflates)

    def _start_catching_up(self) -> None:
        self._catching_up = asyncio.create_task(self._catch_up())
        self._catching_up.add_done_callback(self._caught_up)

    def _caught_up(self, task: asyncio.Task[None]) -> None:
        """See to it that a client whose task failed is not left without a word."""
        if not task.cancelled() and (exc := task.exception()) is not None:
            logger.error("catching_up_failed", exc_info=exc)
            self._connection.transport.abort()

    async def _catch_up(self) -> None:
        """Send what is missing; ``run`` ends this when the connection has gone."""
        while not self._complete():
            if self._position > self._hub.ring.position:
                # By its own word, or because history was further than this gateway's ring.
                await self._wait_for_the_stream()
            elif self._writable is not None:
                await self._writable.wait()
            else:
                await self._send_next()
        self._go_live()

    async def _wait_for_the_stream(self) -> None:
        """Wait for a stream that is behind the client's snapshot; reset if it does not come."""
        if not await self._progress.wait(self._position, AHEAD_GRACE_S):
            self._reset("ahead")

    async def _send_next(self) -> None:
        """Send some of what is missing, moving on with each frame."""
        await self._turns.mine()
        if self._behind and self._far_behind():
            self._send_conflated()
            return
        epoch = self._hub.epoch
        batches = self._hub.ring.since(self._position)
        if batches is None:
            batches = await self._older()
        for last, frame in frames_since(batches, self._position, self._predicate):
            if self._hub.epoch != epoch:
                return  # told to begin anew while waiting: these events are of the past
            self._position = last
            self._write(frame)
            if self._writable is not None:
                await self._writable.wait()
            await self._turns.mine()

    def _far_behind(self) -> bool:
        ring = self._hub.ring
        missing = ring.position - self._position
        return missing > self._limits.conflate_after_events or not ring.reaches(self._position)

    def _send_conflated(self) -> None:
        """Send the newest state of each order that changed; a reset if that is too much, too."""
        rendered = self._hub.conflated(self._position, self._predicate)
        if rendered is None:
            self._reset("slow")
            return
        first, self._position = self._position + 1, self._hub.ring.position
        self.conflated = True
        self._write(
            protocol.conflated(first, self._position, rendered)
            if rendered
            else protocol.heartbeat(self._position)
        )

    async def _older(self) -> list[Batch]:
        """Return what comes after the position and is no longer in the ring."""
        backoff = Backoff(first_s=0.2)
        while True:
            try:
                return await self._history.after(self._hub.ring.stream or "", self._position)
            except HistoryExpiredError:
                self._reset("expired")
                return []
            except (RedisUnavailableError, LogUnavailableError):
                if backoff.attempts == HISTORY_ATTEMPTS:
                    await self._connection.close(TRY_AGAIN_LATER, "history is out of reach")
                    return []
            await asyncio.sleep(backoff.next_delay_s())

    def _reset(self, reason: ResetReason) -> None:
        self._position = self._hub.ring.position
        self._write(protocol.reset(reason, self._position))

    def _write(self, message: bytes) -> None:
        """Write at once, so that what was written and the position never differ."""
        if self.is_open:
            self.put(protocol.text_frame(message, compressed=False))

    async def _send(self, message: bytes) -> None:
        """Write, and wait until there is room for more."""
        await self._connection.send(message, text=True)


def credential_of(message: Auth) -> Credential:
    """Return what a message shows."""
    if message.token is not None:
        return Credential(message.token)
    return Credential(message.ticket or "", is_ticket=True)
