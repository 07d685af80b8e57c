"""Periodic tasks of a gateway: heartbeats, pings, revoked tokens, memory, presence, balance."""

import asyncio
import json
import math
import time
from collections.abc import Callable, Collection
from contextlib import suppress

import httpx
import structlog
from redis.exceptions import RedisError

from orders_access.errors import RevocationsUnavailableError
from orders_access.revocations import REDIS_TIMEOUT_S
from orders_contract.names import PRESENCE_TTL_S
from orders_gateway import balance
from orders_gateway.capacity import ClientCapacity, ProcessMemory
from orders_gateway.door import Door
from orders_gateway.fanout import Fanout
from orders_gateway.metrics import Counts
from orders_gateway.settings import Settings
from orders_gateway.subscriber import Subscriber
from orders_service.redis_client import RedisClient

PING_SLICES = 20
"""Clients are pinged in this many slices per interval, so that not all are pinged at once."""

REVOCATIONS_INTERVAL_S = 0.5
MEMORY_INTERVAL_S = 1.0
PRESENCE_INTERVAL_S = 1.0

logger = structlog.get_logger()


async def send_heartbeats(fanout: Fanout, is_fresh: Callable[[], bool], interval_s: float) -> None:
    """Send heartbeats while the stream is known to be complete."""
    while True:
        await asyncio.sleep(interval_s)
        if is_fresh():
            fanout.send_heartbeats()


async def ping(peers: Collection[Subscriber], interval_s: float, timeout_s: float) -> None:
    """Ping every client once per interval and disconnect those that do not answer in time.

    There is one task for all, because a task per connection would cost 2 kB and a timer each.
    """
    while True:
        everyone = list(peers)
        for number in range(PING_SLICES):
            await asyncio.sleep(interval_s / PING_SLICES)
            ping_once(everyone[number::PING_SLICES], time.monotonic(), timeout_s)


def ping_once(peers: Collection[Subscriber], now_s: float, timeout_s: float) -> None:
    """Ping each client, or disconnect it if an earlier ping is unanswered for too long."""
    for peer in peers:
        unanswered_since_s = peer.ping_unanswered_since_s
        if unanswered_since_s is not None and now_s - unanswered_since_s >= timeout_s:
            peer.abort()
        else:
            if unanswered_since_s is None:
                peer.ping_unanswered_since_s = now_s
            peer.ping()


async def enforce_revocations(
    door: Door, fanout: Fanout, client: RedisClient, api: httpx.AsyncClient
) -> None:
    """Close connections whose tokens were revoked. Does nothing in open mode."""
    while not door.is_open:
        changed = door.keys_changed()
        try:
            changed |= await door.revocations.refresh(client)
        except RevocationsUnavailableError:  # the source reports the loss
            # If the API does not answer either, the known revocations stay in force.
            with suppress(httpx.HTTPError, ValueError, LookupError):
                changed |= door.revocations.replace(await _revoked(api))
        if changed:
            for subscriber in tuple(fanout.subscribers):
                subscriber.close_if_revoked()
        await asyncio.sleep(REVOCATIONS_INTERVAL_S)


async def _revoked(api: httpx.AsyncClient) -> dict[str, float]:
    """Return the revocations that the API reads from PostgreSQL, as times by name."""
    answer = await api.get("/api/revocations", timeout=REDIS_TIMEOUT_S)
    answer.raise_for_status()
    return {str(name): float(time_s) for name, time_s in answer.json()["revoked"].items()}


async def watch_memory(capacity: ClientCapacity, fanout: Fanout) -> None:
    """Measure the process's memory; above the limit, return freed memory to the system."""
    memory = ProcessMemory()
    while True:
        connections, was_full = len(fanout.subscribers), capacity.is_memory_full
        capacity.memory_mb = memory.resident_mb(connections)
        if capacity.is_memory_full:
            memory.release(connections)
            capacity.memory_mb = memory.resident_mb(connections)
        if capacity.is_memory_full != was_full:
            change = "memory_free" if was_full else "memory_full"
            logger.warning(change, memory_mb=capacity.memory_mb, connections=connections)
        await asyncio.sleep(MEMORY_INTERVAL_S)


async def report_presence(
    client: RedisClient, gateway_id: str, status: Callable[[], dict[str, object]]
) -> None:
    """Keep this gateway's status in Redis, for the API's health page and the other gateways."""
    while True:
        with suppress(RedisError, OSError):  # the source reports the loss
            await client.set(
                f"{client.names.gateways}{gateway_id}", json.dumps(status()), ex=PRESENCE_TTL_S
            )
            await client.sadd(client.names.known_gateways, gateway_id)
        await asyncio.sleep(PRESENCE_INTERVAL_S)


async def even_out(client: RedisClient, fanout: Fanout, settings: Settings, counts: Counts) -> None:
    """Send clients to gateways that have many fewer, some at a time (see ``balance``)."""
    interval_s, after_s = settings.balance_interval_s, settings.balance_after_s
    most = math.ceil(settings.balance_clients_per_s * interval_s)
    is_shedding = False
    while most:
        await asyncio.sleep(interval_s)  # clients that were sent away reconnect meanwhile
        try:
            others = await _others(client, settings.gateway_id)
        except (RedisError, OSError, ValueError, LookupError):
            continue  # the source reports the loss
        mine = len(fanout.subscribers)
        number = balance.how_many_to_shed(mine, others, most=most, is_shedding=is_shedding)
        if is_shedding is not (number > 0):
            is_shedding = number > 0
            change = "balance_begun" if is_shedding else "balance_over"
            logger.info(change, connections=mine, others=others)
        for leaving in balance.movable(
            tuple(fanout.subscribers), number, time.monotonic(), after_s
        ):
            leaving.send_away()
            counts.shed += 1
            await asyncio.sleep(interval_s / 2 / number)


async def _others(client: RedisClient, gateway_id: str) -> list[int]:
    """Return the number of clients of each other gateway that admits clients."""
    known = await client.smembers(client.names.known_gateways)
    names = (each if isinstance(each, str) else each.decode() for each in known)
    ids = [each for each in names if each != gateway_id]
    if not ids:
        return []
    states = await client.mget([f"{client.names.gateways}{each}" for each in ids])
    if gone := [each for each, state in zip(ids, states, strict=True) if state is None]:
        await client.srem(client.names.known_gateways, *gone)
    present = [json.loads(state) for state in states if state is not None]
    return [each["connections"] for each in present if each.get("serving") and not each["full"]]
