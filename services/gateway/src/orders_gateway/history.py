"""Look up events that the ring no longer has: in Redis's stream, else in the log, by the API."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import httpx

from orders_contract.batches import Batch, of_log_entry
from orders_contract.events import open_events, packed
from orders_gateway.errors import HistoryExpiredError, LogUnavailableError, RedisUnavailableError
from orders_gateway.hub import MESSAGE_BYTES
from orders_gateway.ring import trimmed
from orders_service.redis_client import RedisClient, failures_as

PAGE_EVENTS = 1000
CACHE_BYTES = 16 * 1024 * 1024

_REDIS_BATCHES = 20
"""Batches per lookup in Redis: some megabytes at most."""


class History:
    """Looks up events after a position.

    Clients that reconnect together have nearly the same position. Therefore lookups begin at a
    multiple of PAGE_EVENTS, are shared by all clients that wait for them, and are cached. Committed
    events do not change, so only the newest page is ever looked up again.
    """

    def __init__(self, client: RedisClient, api: httpx.AsyncClient) -> None:
        self._client = client
        self._api = api
        self._pages: OrderedDict[tuple[str, int], list[Batch]] = OrderedDict()
        self._running: dict[tuple[str, int], asyncio.Task[list[Batch]]] = {}

    async def after(self, stream: str, position: int) -> list[Batch]:
        """Return one or more batches, the first of which begins at position + 1.

        Raises:
            HistoryExpiredError: the events after the position are no longer kept.
            RedisUnavailableError: Redis, which should have them, does not answer.
            LogUnavailableError: the API, which should have them, does not answer.

        """
        page = (stream, position - position % PAGE_EVENTS)
        found = self._cached(page, position) or self._cached((stream, position), position)
        # If batches are small, a lookup ends before its page does. Later events of the page are
        # then looked up and cached by their own position.
        if not found and len(self._pages.get(page, [])) < _REDIS_BATCHES:
            try:
                found = _after(await self._look_up_once(*page), position)
            except HistoryExpiredError:
                if position == page[1]:
                    raise
        # The beginning of the page may be pruned while the requested events are still kept.
        return found or await self._look_up_once(stream, position)

    def forget(self) -> None:
        """Empty the cache: after a restart of the stream, positions may belong to other events."""
        self._pages.clear()

    def _cached(self, key: tuple[str, int], position: int) -> list[Batch]:
        return _after(self._pages.get(key, []), position)

    async def _look_up_once(self, stream: str, position: int) -> list[Batch]:
        key = (stream, position)
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._look_up(stream, position))
            task.add_done_callback(lambda done: self._finish(key, done))
        # A client that stops waiting must not end the lookup for others.
        return await asyncio.shield(task)

    def _finish(self, key: tuple[str, int], task: asyncio.Task[list[Batch]]) -> None:
        del self._running[key]
        # Retrieve the exception even if every client that waited has gone.
        if task.cancelled() or task.exception() is not None:
            return
        self._pages[key] = task.result()
        self._pages.move_to_end(key)
        while len(self._pages) > 1 and self._bytes() > CACHE_BYTES:
            self._pages.popitem(last=False)

    def _bytes(self) -> int:
        return sum(len(batch.events) for page in self._pages.values() for batch in page)

    async def _look_up(self, stream: str, position: int) -> list[Batch]:
        batches = await self._from_redis(stream, position)
        return batches or await self._from_api(stream, position)

    async def _from_redis(self, stream: str, position: int) -> list[Batch]:
        with failures_as(RedisUnavailableError):
            # The library's types cover both protocol versions and both kinds of replies.
            entries: Any = await self._client.xrange(
                self._client.names.log, min=f"{position + 1}-0", count=_REDIS_BATCHES
            )
        found: list[Batch] = []
        for entry_id, fields in entries:
            batch = of_log_entry(entry_id, fields)
            reached = found[-1].last if found else position
            if batch.stream != stream or batch.first > reached + 1:
                break  # there is a gap in Redis's log before this batch
            found.append(trimmed(batch, reached))
        return found

    async def _from_api(self, stream: str, position: int) -> list[Batch]:
        try:
            response = await self._api.get(
                "/api/events", params={"after": position, "limit": PAGE_EVENTS}
            )
            response.raise_for_status()
            return list(_batches(response.content, stream, position))
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as exc:
            raise LogUnavailableError(str(exc) or type(exc).__name__) from exc


def _batches(page: bytes, stream: str, position: int) -> Iterator[Batch]:
    """Yield a page of the log in batches of bounded size, each event as the API rendered it."""
    header, seam, events = page.partition(b',"events":')
    if not seam or json.loads(header + b"}")["stream"] != stream:
        raise HistoryExpiredError(position)
    texts: list[str] = []
    size, last = 0, position
    for opened in open_events(events):
        if last == position and opened.event["position"] != position + 1:
            break  # the first events after the position were pruned
        if texts and size + len(opened.text) > MESSAGE_BYTES:
            yield Batch(stream, last - len(texts) + 1, last, packed(texts))
            texts, size = [], 0
        texts.append(opened.text)
        size += len(opened.text)
        last = opened.event["position"]
    if not texts:
        raise HistoryExpiredError(position)
    yield Batch(stream, last - len(texts) + 1, last, packed(texts))


def _after(batches: list[Batch], position: int) -> list[Batch]:
    """Return the batches with events after a position; cut the first of them if necessary."""
    rest = [batch for batch in batches if batch.last > position]
    return [trimmed(rest[0], position), *rest[1:]] if rest else []
