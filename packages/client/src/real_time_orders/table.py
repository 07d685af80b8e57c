"""A live table: its current rows, and writes to them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

import httpx

from orders_contract.schema import ORDERS
from real_time_orders import bulk, writes
from real_time_orders.bulk import Outcome
from real_time_orders.client import OrdersClient
from real_time_orders.errors import (
    TEMPORARY,
    ClientError,
    ConflictError,
    RefusedError,
    SnapshotError,
    WriteError,
)
from real_time_orders.items import Event, Phase, Place, Reset, Row, Snapshot, State
from real_time_orders.snapshots import Selection, api_follows, fetch_snapshot, load
from real_time_orders.view import Edit, View

_FINAL = range(400, 500)
_INCOMPLETE_AT_ONCE = 100


class Status(StrEnum):
    """How current the rows of a table are."""

    IDLE = "idle"
    """No rows were requested yet."""
    LOADING = "loading"
    """There are no rows yet."""
    LIVE = "live"
    """Every change arrives as it happens."""
    CATCHING_UP = "catching up"
    """Connected; the rows are being replaced, after a reset or a change of the schema."""
    STALE = "stale"
    """Not connected. The rows are as they were at ``since``."""
    FAILED = "failed"
    """The server refuses the address, the filter or the token."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class TableState:
    """The status, the time since when it holds, and the reason."""

    status: Status
    since: datetime
    reason: str = ""


class LiveTable:
    """The current rows of a table that match a filter, in order.

    Made by ``Live.table``. It connects when rows are first requested: by ``subscribe``, by
    iterating, or by ``loaded``. Iterating yields the rows now and after every change; a reader that
    is slower than the changes gets only the newest rows.
    """

    def __init__(
        self, view: View, api: httpx.AsyncClient, connect: Callable[..., OrdersClient]
    ) -> None:
        """``connect`` makes the client of a stream, given its options."""
        self._view = view
        self._api = api
        self._connect = connect
        self._state = TableState(Status.IDLE, datetime.now(UTC))
        self._callbacks: list[Callable[[], object]] = []
        self._change = 0
        """The number of changes of rows or state so far."""
        self._changed = asyncio.Event()
        self._is_telling = False
        self._client: OrdersClient | None = None
        self._following: asyncio.Task[None] | None = None

    @property
    def rows(self) -> list[Row]:
        """The rows in order. The list is replaced, never changed."""
        return self._view.shown

    @property
    def state(self) -> TableState:
        """How current the rows are."""
        return self._state

    @property
    def place(self) -> Place | None:
        """The place up to which the rows include all events; None while there are no rows."""
        return self._view.place if self._client is None else self._client.place

    # --- reading ---------------------------------------------------------------------------------

    def subscribe(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call a function after every change of rows or state; return a function that ends this."""
        self._callbacks.append(callback)
        self._start()
        return lambda: self._callbacks.remove(callback)

    async def loaded(self) -> Self:
        """Wait until there are rows.

        Raises:
            ClientError: the server refuses the address, the filter or the token.

        """
        self._start()
        while self._view.place is None:
            await self._wait(self._change)
        return self

    async def __aiter__(self) -> AsyncGenerator[list[Row]]:
        """Yield the rows now and after every change; raises as ``loaded``."""
        await self.loaded()
        while True:
            change = self._change
            yield self.rows
            await self._wait(change)

    async def _wait(self, change: int) -> None:
        """Wait until there is a later change."""
        while self._change == change:
            if self._following is not None and self._following.done():
                if not self._following.cancelled():
                    self._following.result()
                raise ClientError("the table is closed")
            await self._changed.wait()

    # --- writing ---------------------------------------------------------------------------------

    async def insert(self, values: Mapping[str, Any]) -> Row:
        """Create a row and return it. If the answer is lost, the row is still created only once.

        An order may have lists of child rows by table name. All rows are written in one
        transaction.

        Raises:
            WriteError: the API rejects the row, or does not answer.

        """
        return await writes.insert(self._api, self._view.table, values)

    async def update(
        self, key: Hashable, values: Mapping[str, Any], *, read: Row | None = None
    ) -> Row:
        """Change columns of a row and return it. A key of several columns is a tuple.

        ``rows`` show the new values at once. The change is based on the row in this table, or on
        ``read``. If the row has changed since, nothing is written.

        Raises:
            ConflictError: the row has changed since it was read.
            WriteError: the API rejects the change, or does not answer.

        """
        return await self._write(Edit(key, values), read)

    async def delete(self, key: Hashable, *, read: Row | None = None) -> None:
        """Delete a row; raises as ``update``, also if the row changed since ``read``."""
        await self._write(Edit(key, None), read)

    def update_many(
        self,
        rows: Iterable[Hashable | Row],
        values: Mapping[str, Any],
        *,
        at_once: int = bulk.AT_ONCE,
    ) -> AsyncGenerator[Outcome]:
        """Change columns of many rows; yield the outcome of each, in the order of ``rows``.

        Each row succeeds or fails by itself. The outcome of a rejected row has an ``error``: a
        ``ConflictError`` if the row has changed since it was read or shown here. ``rows`` holds
        keys, or rows as they were read. A request has at most ``at_once`` rows, 1 to 1,000. A
        request is sent only when the caller has taken all outcomes of the requests before it.

        Raises:
            WriteError: the table is not watched, or the API does not describe it.
            ValueError: a key has other columns than the table's.

        """
        return self._write_many(rows, values, at_once)

    def delete_many(
        self, rows: Iterable[Hashable | Row], *, at_once: int = bulk.AT_ONCE
    ) -> AsyncGenerator[Outcome]:
        """Remove many rows, otherwise as ``update_many``."""
        return self._write_many(rows, None, at_once)

    async def _write_many(
        self, rows: Iterable[Hashable | Row], values: Mapping[str, Any] | None, at_once: int
    ) -> AsyncGenerator[Outcome]:
        columns = self._view.key or await bulk.key_columns(self._api, self._view.table)
        wanted = [bulk.wanted(each, columns, self._view.known) for each in rows]
        lost: WriteError | None = None
        for part, body in bulk.parts(wanted, values, at_once):
            if lost is None:
                outcomes = await self._write_part(part, body, values)
                lost = bulk.no_answer(outcomes)
            else:  # each further request would wait as long
                outcomes = [Outcome(row.key, error=lost) for row in part]
            for outcome in outcomes:
                yield outcome

    async def _write_part(
        self, part: Sequence[bulk.Wanted], body: Row, values: Mapping[str, Any] | None
    ) -> list[Outcome]:
        edits = [Edit(row.key, values) for row in part]
        accepted: dict[Hashable, Row] = {}
        for edit in edits:
            self._view.begin(edit)
        self._tell()
        try:
            outcomes = await bulk.write(self._api, self._view.table, part, body, values)
            for outcome in outcomes:
                if isinstance(outcome.error, ConflictError):
                    self._view.answered(outcome.key, dict(outcome.error.theirs))
                elif outcome.error is None and values is not None:
                    known = self._view.known(outcome.key) or {}
                    accepted[outcome.key] = {**known, **values, "version": outcome.version}
        finally:
            for edit in edits:
                self._view.end(edit, accepted.get(edit.key))
            self._tell()
        return outcomes

    async def _write(self, edit: Edit, read: Row | None) -> Row:
        known = self._view.known(edit.key) if read is None else read
        accepted: Row | None = None
        self._view.begin(edit)
        self._tell()
        try:
            accepted = await writes.change(
                self._api, self._view.table, edit.key, edit.changes, known
            )
        except ConflictError as exc:
            self._view.answered(edit.key, dict(exc.theirs))
            raise
        finally:
            self._view.end(edit, accepted)
            self._tell()
        return accepted

    # --- following -------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._following is None:
            self._set(Status.LOADING)
            self._following = asyncio.create_task(self._follow())
            self._following.add_done_callback(self._ended)

    async def close(self) -> None:
        """Stop following; the rows stay as they are."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError, ClientError):
                await self._following

    def _ended(self, task: asyncio.Task[None]) -> None:
        failed = None if task.cancelled() else task.exception()
        self._set(Status.CLOSED if failed is None else Status.FAILED, str(failed or ""))

    async def _follow(self) -> None:
        view = self._view
        client = self._connect(tables=view.tables, conflate=True, on_state=self._hear)
        async with client:
            self._client = client
            await load(client, view, self._fetch, self._trouble)
            self._tell()
            async for items in client.batches():
                for item in items:
                    if not isinstance(item, Event):
                        reason = f"reset: {item.reason}" if isinstance(item, Reset) else "schema"
                        self._set(Status.CATCHING_UP, reason)
                        await api_follows(self._api, item)
                        await self._reload(client, reason)
                        break
                    view.apply(item)
                if view.is_short:
                    await self._reload(client, "")
                await self._complete()
                if items:
                    view.trim()
                    self._tell()

    async def _reload(self, client: OrdersClient, reason: str) -> None:
        if reason:
            self._set(Status.CATCHING_UP, reason)
        await load(client, self._view, self._fetch, self._trouble)
        if client.is_live:
            self._set(Status.LIVE)

    async def _complete(self) -> None:
        """Fetch the children of rows that came without them.

        The events that follow may repeat changes of these children, as after any snapshot.
        """
        view = self._view
        while view.incomplete:
            keys = list(view.incomplete)[:_INCOMPLETE_AT_ONCE]
            try:
                found = await fetch_snapshot(
                    self._api, {ORDERS: {"order_id": keys}}, Selection(include=view.include)
                )
            except SnapshotError as exc:
                self._trouble(exc, 1.0)
                await asyncio.sleep(1.0)
                continue
            view.adopt(found)
            view.incomplete.difference_update(keys)

    async def _fetch(self) -> Snapshot:
        view = self._view
        selection = Selection(view.sort, view.wanted, view.include)
        return await fetch_snapshot(self._api, view.tables, selection)

    def _trouble(self, exc: SnapshotError, retry_in_s: float) -> None:
        """Fail if the first snapshot is refused. If a later one fails, show the reason."""
        is_final = exc.status in _FINAL and exc.status not in TEMPORARY
        if is_final and self._view.place is None:
            raise RefusedError(f"status {exc.status}", str(exc)) from exc
        self._set(self._state.status, f"{exc}; again in {retry_in_s:.1f} s")

    def _hear(self, state: State) -> None:
        """Set the status by a change of the connection's state."""
        if state.phase is Phase.LIVE:
            self._set(Status.LIVE)
        elif state.phase is Phase.WAITING:
            self._set(Status.STALE, state.reason)

    def _set(self, status: Status, reason: str = "") -> None:
        is_same = status is self._state.status
        since = self._state.since if is_same else datetime.now(UTC)
        self._state = TableState(status, since, reason)
        self._tell()

    def _tell(self) -> None:
        """Wake waiting callers once for all changes of this iteration of the event loop."""
        if not self._is_telling:
            self._is_telling = True
            asyncio.get_running_loop().call_soon(self._tell_now)

    def _tell_now(self) -> None:
        self._is_telling = False
        self._change += 1
        self._changed.set()
        self._changed.clear()
        for callback in self._callbacks:  # one that fails must not stop the others
            asyncio.get_running_loop().call_soon(callback)
