"""One client's connection: its messages, its token, and sending the events it missed.

This is the asyncio shell around ``reader``, which decides. While a subscriber is *live*, the hub's
frames are written to its socket as they come. Otherwise one task sends the missing events as fast
as the socket takes them, so at most the socket's write buffer and one message are held for it.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import assert_never

import structlog

from orders_access.errors import InvalidTokenError
from orders_access.limits import TokenBucket
from orders_access.principal import Principal
from orders_contract.backoff import Backoff
from orders_contract.batches import Batch
from orders_contract.matching import FilterError, Scope, Selection
from orders_contract.messages import Auth, ClientMessage, Filters, Ping, Subscribe
from orders_contract.schema import Schema
from orders_gateway import protocol
from orders_gateway.door import UNCHECKED, Door
from orders_gateway.errors import (
    HistoryExpiredError,
    LogUnavailableError,
    ProtocolError,
    RedisUnavailableError,
)
from orders_gateway.history import History
from orders_gateway.hub import Hub
from orders_gateway.metrics import Counts
from orders_gateway.protocol import StreamRequest
from orders_gateway.reader import NextStep, Reader, ReaderState
from orders_gateway.settings import Settings
from orders_gateway.transport import CloseCode, Transport, Write
from orders_gateway.waiting import PositionWaiters, Turns

AHEAD_GRACE_S = 3.0
"""A snapshot may be some milliseconds ahead of this gateway. After 3 s its position is invalid."""

HISTORY_ATTEMPTS = 8
"""Attempts to read the history, about 15 s; then the client is sent to another gateway."""

EXPIRY_WARNING_S = 60.0

logger = structlog.get_logger()


@dataclass(slots=True)
class Context:
    """What all subscribers of a gateway share."""

    settings: Settings
    hub: Hub[Write]
    history: History
    waiters: PositionWaiters
    turns: Turns
    door: Door
    counts: Counts = field(default_factory=Counts)
    schema: Schema | None = None
    """The watched tables; None until they have been read from Redis."""

    @property
    def schema_version(self) -> str:
        """The schema's version; empty while there is no schema."""
        return "" if self.schema is None else self.schema.version


@dataclass(slots=True, eq=False)
class Subscriber:
    """Serves one client over any transport."""

    transport: Transport
    context: Context
    principal: Principal
    wanted: Filters | None = None
    """The filters that the client asked for; None: everything."""
    ping_unanswered_since_s: float | None = None
    """Time of the oldest unanswered ping, or None (see ``upkeep``)."""
    opened_at_s: float = field(default_factory=time.monotonic)
    _reader: Reader = field(init=False)
    _bucket: TokenBucket = field(init=False)
    _catching_up: asyncio.Task[None] | None = None
    _timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def __post_init__(self) -> None:
        transport, settings = self.transport, self.context.settings
        self._reader = Reader(
            self.context.hub,
            transport.write,
            transport.framing,
            transport.deflates,
            settings.conflate_after_events,
        )
        self._bucket = TokenBucket(
            settings.messages_per_second, settings.messages_burst, time.monotonic()
        )

    @property
    def is_live(self) -> bool:
        """Whether the client has everything and gets new events as they come."""
        return self._reader.state is ReaderState.LIVE

    @property
    def is_conflated(self) -> bool:
        """Whether the last message held newest states, and the client is not live again."""
        return self._reader.state is ReaderState.CONFLATED

    async def run(self, asked: StreamRequest) -> None:
        """Greet the client, then serve it until the connection ends."""
        try:
            self._greet(asked)
            async for text in self.transport.messages():
                if not self._bucket.admit(time.monotonic()):
                    await self.transport.close(CloseCode.POLICY_VIOLATION, "too many messages")
                    break
                await self._handle(text)
                await self.transport.drain()
        finally:
            self._cancel_timers()
            self.closing()

    def _greet(self, asked: StreamRequest) -> None:
        context, settings = self.context, self.context.settings
        ring = context.hub.ring
        is_foreign = asked.after is not None and asked.stream not in {None, ring.stream or ""}
        position = ring.position if asked.after is None or is_foreign else asked.after
        self._reader.seek(position)
        self._reader.conflates = asked.conflate
        # A client that is cut off before the reset must come back with its former place.
        place = "" if is_foreign else protocol.place(ring.stream, position)
        hello = protocol.hello(
            settings.gateway_id,
            ring.stream or "",
            position,
            context.schema_version,
            settings.heartbeat_interval_s,
        )
        self._send(hello, place)
        if not context.door.is_open:
            self._send(protocol.authenticated(self.principal), place)
        self._schedule_expiry()
        if is_foreign:
            self._send(self._reader.reset("unknown_stream"))
        self.wanted = asked.wanted
        self._reader.select(self._selection(asked.wanted))
        if asked.wanted is not None:
            self._send(protocol.subscribed(asked.wanted, self._reader.position))
        self._start()

    async def _handle(self, text: str | bytes) -> None:
        """Act on one message of the client, or answer that it is not valid."""
        try:
            await self._obey(protocol.parse_message(text))
        except ProtocolError as exc:
            self._send(protocol.error(exc.code, exc.message))

    async def _obey(self, message: ClientMessage) -> None:
        match message:
            case Auth():
                await self._renew(message)
            case Subscribe():
                self._subscribe(message)
            case Ping():
                self._send(protocol.pong(self._reader.position))
            case _:
                assert_never(message)

    def _subscribe(self, message: Subscribe) -> None:
        """Send the events that match the client's filters, from now or from a position on."""
        selection = self._selection(message.wanted)
        self.wanted = message.wanted
        after = self._reader.position if message.after is None else message.after
        self._stop()
        self._reader.seek(after)
        self._reader.select(selection)
        self._send(protocol.subscribed(message.wanted, after))
        self._start()

    def _selection(self, wanted: Filters | None) -> Selection:
        """Return the selection that combines the client's filters and its token's scope.

        Raises:
            ProtocolError: a table or column does not exist, or a condition does not fit.

        """
        schema, rows = self.context.schema, self.principal.rows
        try:
            return Selection.parse(wanted, schema, None if rows is None else Scope(rows, schema))
        except FilterError as exc:
            raise protocol.invalid_message(str(exc)) from exc

    def schema_changed(self, message: bytes) -> None:
        """Announce a new schema, and apply filters and scope to it.

        Filters that the new schema does not allow stay as they are and match what they can, until
        the client has read the schema and subscribes again. The scope always follows the schema.
        """
        if self.wanted is not None or self.principal.rows is not None:
            try:
                selection = self._selection(self.wanted)
            except ProtocolError:
                tables, scope = self._reader.selection.tables, self._selection(None).scope
                selection = Selection(tables, scope)
            self._reader.select(selection)
            if self._reader.state is ReaderState.LIVE:
                self._send(protocol.heartbeat(self._reader.position))
        self._send(message)

    def _start(self) -> None:
        if self.transport.is_open and self._reader.start() is not NextStep.NOTHING:
            self._begin_catching_up()

    # --- the token -------------------------------------------------------------------------------

    async def _renew(self, message: Auth) -> None:
        """Continue with another token of the same subject and scope."""
        try:
            credential = protocol.credential_of(message)
            principal = await self.context.door.identify(credential, self.principal.subject)
            self._check_same(principal)
        except (InvalidTokenError, *UNCHECKED) as exc:
            self._send(protocol.unauthorized(str(exc)))
            return
        self.principal = principal
        self._schedule_expiry()
        self._send(protocol.authenticated(principal))

    def _check_same(self, principal: Principal) -> None:
        if principal.subject != self.principal.subject:
            raise InvalidTokenError("the token belongs to another subject")
        if principal.rows != self.principal.rows:
            raise InvalidTokenError("the token has another scope: reconnect to use it")

    def send_away(self) -> None:
        """Close the connection; the client reconnects to another gateway (I7)."""
        self.transport.close(CloseCode.SERVICE_RESTART, "go on at another gateway")

    def close_if_revoked(self) -> None:
        """Close the connection if its token was revoked."""
        if self.context.door.is_revoked(self.principal):
            self._refuse("the token was revoked")

    def _schedule_expiry(self) -> None:
        """Warn before the token expires, and close the connection when it does."""
        self._cancel_timers()
        if self.principal.expires is None:
            return
        loop = asyncio.get_running_loop()
        left_s = max(0.0, self.principal.expires - time.time())
        warning_s = max(0.0, left_s - EXPIRY_WARNING_S)
        warning = protocol.expiring(round(left_s - warning_s))
        self._timers = [
            loop.call_later(warning_s, self._send, warning),
            loop.call_later(left_s, self._expire),
        ]

    def _expire(self) -> None:
        self._refuse("the token has expired")

    def _refuse(self, reason: str) -> None:
        self.transport.close(CloseCode.UNAUTHORIZED, self.principal.ending(reason))

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    # --- called by the transport, the fan-out and periodic tasks ---------------------------------

    def heard(self) -> None:
        """Record that the client sent a frame. Any frame counts as an answer to a ping."""
        self.ping_unanswered_since_s = None

    def pause(self) -> None:
        """Leave the hub, because the socket is full, and catch up as fast as it takes bytes."""
        if self._reader.pause():
            self._begin_catching_up()

    def resume(self) -> None:
        """Record that the socket has room again."""
        self._reader.resume()

    def closing(self) -> None:
        """Send nothing more: the connection is closing or gone."""
        self._stop()

    def ping(self) -> None:
        """Send a ping without waiting."""
        if self.transport.is_open:
            self.transport.ping()
        if not self.transport.answers_pings:
            self.ping_unanswered_since_s = None

    def abort(self) -> None:
        """End the connection at once."""
        self.transport.abort()

    def send_heartbeat(self) -> None:
        """Send a heartbeat to a client that waits while it catches up."""
        if (message := self._reader.heartbeat()) is not None:
            self._send(message)

    def restarted(self, message: bytes) -> None:
        """Tell the client that the stream restarted, and continue from the new position."""
        self._reader.restarted()
        self._send(message)

    # --- catching up -----------------------------------------------------------------------------

    def _stop(self) -> None:
        """Leave the hub, or stop catching up."""
        if self._catching_up is not None:
            self._catching_up.cancel()
            self._catching_up = None
        self._reader.stop()

    def _begin_catching_up(self) -> None:
        self._catching_up = asyncio.create_task(self._catch_up())
        self._catching_up.add_done_callback(self._caught_up)

    def _caught_up(self, task: asyncio.Task[None]) -> None:
        """Disconnect a client whose task failed, so that it reconnects."""
        if not task.cancelled() and (exc := task.exception()) is not None:
            logger.error("catching_up_failed", exc_info=exc)
            self.transport.abort()

    async def _catch_up(self) -> None:
        """Send the missing events; ``_stop`` cancels this."""
        turns, counts = self.context.turns, self.context.counts
        await turns.take()
        while (step := self._reader.next_step()) is not NextStep.NOTHING:
            match step:
                case NextStep.WAIT_FOR_STREAM:
                    # The client claims this position, or history was ahead of this gateway's ring.
                    position = self._reader.position
                    if not await self.context.waiters.wait(position, AHEAD_GRACE_S):
                        self._send(self._reader.reset("ahead"))
                case NextStep.WAIT_FOR_ROOM:
                    await self.transport.drain()
                case NextStep.SEND_CONFLATED:
                    self._send(self._reader.conflated())
                case NextStep.SEND_EVENTS:
                    batches = self.context.hub.ring.since(self._reader.position)
                    for message in self._reader.messages(batches or await self._older()):
                        if message:
                            self._send(message)
                            counts.catch_up_messages += 1
                            counts.catch_up_bytes += len(message)
                            await self.transport.drain()
                        await turns.take()
                    continue
                case _:
                    assert_never(step)
            await turns.take()

    async def _older(self) -> list[Batch]:
        """Return events after the position that are no longer in the ring."""
        backoff = Backoff(first_s=0.2)
        while True:
            stream = self.context.hub.ring.stream or ""
            try:
                return await self.context.history.after(stream, self._reader.position)
            except HistoryExpiredError:
                self._send(self._reader.reset("expired"))
                return []
            except (RedisUnavailableError, LogUnavailableError):
                if backoff.attempts == HISTORY_ATTEMPTS:
                    self.transport.close(CloseCode.TRY_AGAIN_LATER, "history is unavailable")
                    self._stop()  # closing is not awaited, because it cancels this task
                    return []
            await asyncio.sleep(backoff.next_delay_s())

    def _send(self, message: bytes, place: str | None = None) -> None:
        """Write a message at once, so that the position is that of the last written event.

        ``place`` is the client's place once it has read the message, by default the reader's; empty
        if the message does not change it.
        """
        if self.transport.is_open:
            if place is None:
                place = protocol.place(self.context.hub.ring.stream, self._reader.position)
            self.transport.write(self.transport.framing(message, place))
