"""Which faults a run has, and how often: several at a time, each for a target of its own."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import psycopg
import redis.asyncio as redis

from prove.chance import Chance
from prove.faults import (
    Fault,
    api_frozen,
    api_killed,
    gateway_connections_cut,
    gateway_cut_off,
    gateway_frozen,
    gateway_half_open,
    gateway_killed,
    gateway_stopped,
    gateways_rolled,
    history_pruned,
    listener_cut_off,
    listener_frozen,
    listener_half_open,
    listener_killed,
    listener_session_stopped,
    listener_stopped,
    listeners_killed,
    messages_lost,
    notify_queue_full,
    odd_settings,
    postgres_crashed,
    postgres_restarted,
    redis_clients_killed,
    redis_failed_over,
    redis_flushed,
    redis_frozen,
    redis_memory_limited,
    redis_paused,
    redis_primary_lost,
    redis_restarted,
    sessions_ended,
    stream_replaced,
)
from prove.system import System

_POSTGRES, _REDIS, _API = "postgres", "redis", "api"
_LISTENERS, _GATEWAYS, _PROXIES = "listeners", "gateways", "proxies"

Faults = Sequence[tuple[float, tuple[Fault, str]]]

FAULTS: Faults = [
    (6, (listener_killed, _LISTENERS)),
    (3, (listeners_killed, _LISTENERS)),
    (2, (listener_stopped, _LISTENERS)),
    (4, (listener_frozen, _LISTENERS)),
    (3, (listener_cut_off, _PROXIES)),
    (2, (listener_half_open, _PROXIES)),
    (2, (gateway_half_open, _PROXIES)),
    (2, (listener_session_stopped, _POSTGRES)),
    (2, (redis_memory_limited, _REDIS)),
    (2, (odd_settings, _POSTGRES)),
    (2, (notify_queue_full, _POSTGRES)),
    (5, (gateway_killed, _GATEWAYS)),
    (3, (gateway_stopped, _GATEWAYS)),
    (1.5, (gateways_rolled, _GATEWAYS)),
    (3, (gateway_frozen, _GATEWAYS)),
    (3, (gateway_cut_off, _PROXIES)),
    (3, (gateway_connections_cut, _PROXIES)),
    (6, (messages_lost, _PROXIES)),
    (2, (api_killed, _API)),
    (2, (api_frozen, _API)),
    (4, (sessions_ended, _POSTGRES)),
    (1.5, (postgres_restarted, _POSTGRES)),
    (1.5, (postgres_crashed, _POSTGRES)),
    (3, (redis_restarted, _REDIS)),
    (3, (redis_flushed, _REDIS)),
    (3, (redis_paused, _REDIS)),
    (2, (redis_frozen, _REDIS)),
    (3, (redis_clients_killed, _REDIS)),
    (1.5, (stream_replaced, _POSTGRES)),
    (2, (history_pruned, _POSTGRES)),
]
"""Weight, fault and target of each kind; two faults never have the same target at one time."""

_NEED_PROXIES = {gateway_half_open, gateway_cut_off, gateway_connections_cut, messages_lost}
GROUP_FAULTS: Faults = [
    *[each for each in FAULTS if each[1][0] not in _NEED_PROXIES],
    (6, (redis_failed_over, _REDIS)),
    (6, (redis_primary_lost, _REDIS)),
]
"""With Redis as one of ``system.GROUPS``."""


class Weather:
    """Causes random faults, several at a time."""

    def __init__(
        self,
        system: System,
        chance: Chance,
        note: Callable[[str], None],
        *,
        faults: Faults,
        mean_pause_s: float,
    ) -> None:
        """``blow`` starts them."""
        self._faults = faults
        self._system = system
        self._chance = chance
        self._note = note
        self._mean_pause_s = mean_pause_s
        self._busy: set[str] = set()
        self._stopping = asyncio.Event()
        self._attempts = 0
        self.brought: Counter[str] = Counter()
        """How often each fault took effect."""

    async def blow(self) -> None:
        """Cause faults until ``calm`` is called; return when the last one has ended."""
        self._stopping.clear()
        async with asyncio.TaskGroup() as tasks:
            while not await self._pause() and self._faults:
                fault, concerned = self._chance.weighted(self._faults)
                if concerned not in self._busy:
                    tasks.create_task(self._bring(fault, concerned))

    def calm(self) -> None:
        """Cause no more faults."""
        self._stopping.set()

    async def _pause(self) -> bool:
        try:
            pause_s = self._chance.pause(self._mean_pause_s)
            await asyncio.wait_for(self._stopping.wait(), pause_s)
        except TimeoutError:
            return False
        return True

    async def _bring(self, fault: Fault, concerned: str) -> None:
        self._busy.add(concerned)
        self._note(f"fault: {fault.__name__}")
        self._attempts += 1
        try:
            if await fault(self._system, self._chance.part(self._attempts)) is False:
                self._note(f"fault: {fault.__name__} found nothing to break")
            else:
                self.brought[fault.__name__] += 1
        except (psycopg.OperationalError, redis.RedisError, LookupError) as exc:
            self._note(f"fault: {fault.__name__} did not reach its target: {exc}")
        finally:
            self._busy.discard(concerned)
            self._note(f"fault: {fault.__name__} is over")
