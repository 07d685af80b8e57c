"""Random faults; each ends by itself, and says whether it took effect."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM
from typing import LiteralString

import psycopg
import redis.asyncio as redis
from psycopg.rows import TupleRow

from harness.proxy import Proxy
from harness.redis_groups import Group
from harness.valkey import Valkey
from prove.chance import Chance
from prove.hands import by_hand
from prove.system import Member, System

Fault = Callable[[System, Chance], Awaitable[bool | None]]
"""Returns False if it did not come about: nothing was there to break."""


async def _ended(member: Member, chance: Chance, *, kill: bool) -> None:
    await by_hand(member.end, SIGKILL if kill else SIGTERM)
    await asyncio.sleep(chance.seconds(0, 1.5))
    await by_hand(member.start)


async def _frozen(member: Member, chance: Chance) -> None:
    member.signal(SIGSTOP)
    await asyncio.sleep(chance.seconds(0.3, 6))
    member.signal(SIGCONT)


async def _proxy_dead(proxy: Proxy, chance: Chance) -> None:
    """Freeze all connections for a while; then cut or continue them."""
    proxy.freeze()
    await asyncio.sleep(chance.seconds(0.3, 5))
    if chance.happens(0.5):
        proxy.cut()
    proxy.thaw()


async def listener_killed(system: System, chance: Chance) -> None:
    """Kill -9 a listener, leader or not."""
    await _ended(chance.one(system.listeners), chance, kill=True)


async def listeners_killed(system: System, chance: Chance) -> None:
    """Kill -9 both."""
    await asyncio.gather(*[_ended(each, chance, kill=True) for each in system.listeners])


async def listener_stopped(system: System, chance: Chance) -> None:
    """SIGTERM a listener."""
    await _ended(chance.one(system.listeners), chance, kill=False)


async def listener_frozen(system: System, chance: Chance) -> None:
    """SIGSTOP a listener, and continue it later."""
    await _frozen(chance.one(system.listeners), chance)


async def listener_cut_off(system: System, chance: Chance) -> None:
    """Freeze the connections of a listener to PostgreSQL."""
    await _proxy_dead(chance.one(system.listener_proxies), chance)


async def listener_half_open(system: System, chance: Chance) -> bool:
    """Leave a listener's present connections half open: only the listener can notice."""
    return chance.one(system.listener_proxies).abandon() > 0


async def listener_session_stopped(system: System, chance: Chance) -> bool:
    """SIGSTOP the PostgreSQL process of a listener's session, and continue it later."""
    with system.postgres.administrator() as sql:
        found = sql.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s"
            " AND application_name = 'orders-listener'",
            [system.database.name],
        ).fetchall()
    if not found:
        return False
    pid = chance.one([row[0] for row in found])
    try:
        os.kill(pid, SIGSTOP)
    except ProcessLookupError:
        return False
    await asyncio.sleep(chance.seconds(0.3, 6))
    with suppress(ProcessLookupError):
        os.kill(pid, SIGCONT)
    return True


async def gateway_half_open(system: System, chance: Chance) -> bool:
    """Leave a gateway's present connections to Redis half open."""
    return chance.one(system.gateway_proxies).abandon() > 0


async def odd_settings(system: System, chance: Chance) -> bool:
    """Give role or database odd settings and end all sessions, so that new ones have them."""
    settings = dict(chance.some(_ODD_SETTINGS, 4))
    database = system.database.name
    target = chance.one([f"ROLE orders IN DATABASE {database}", f"DATABASE {database}"])
    with system.postgres.administrator() as sql:
        try:
            for name, value in settings.items():
                sql.execute(f"ALTER {target} SET {name} TO {value}".encode())
            _end_sessions(system, of_all=True)
            with system.database.connect() as fresh:
                given = {
                    row[0]
                    for row in fresh.execute(
                        "SELECT name FROM pg_settings WHERE source IN ('user', 'database',"
                        " 'database user')"
                    )
                }
            await asyncio.sleep(chance.seconds(0.5, 4))
        finally:
            sql.execute(f"ALTER {target} RESET ALL".encode())
    return given >= settings.keys()


async def notify_queue_full(system: System, chance: Chance) -> bool:
    """Keep PostgreSQL's queue of notifications full: LISTEN, and stay idle in a transaction.

    It is half full for as long as transactions are open that may have notified before.
    """
    with system.database.connect() as hoarder, system.database.connect() as filler:
        hoarder.execute("LISTEN proof")
        hoarder.execute("BEGIN")
        hoarder.execute("SELECT 'hoards'")
        while _usage(filler) <= 0.6:
            filler.execute(_NOTIFY_MUCH)
        filled = filler.execute("SELECT clock_timestamp()").fetchone()
        for _ in range(120):
            if not filler.execute(_OLDER_TRANSACTIONS, filled).fetchall():
                break
            await asyncio.sleep(0.1)
        else:
            return False
        with suppress(psycopg.errors.ProgramLimitExceeded):
            while _usage(filler) < 1:
                filler.execute(_NOTIFY_MUCH)
        await asyncio.sleep(chance.seconds(0.5, 4))
        return _usage(filler) > 0.9


_NOTIFY_MUCH: LiteralString = (
    "SELECT pg_notify('proof', repeat('x', 7000) || n) FROM generate_series(1, 3) AS n"
)
_OLDER_TRANSACTIONS: LiteralString = (
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND xact_start < %s"
    " AND pid <> pg_backend_pid() AND query <> $$SELECT 'hoards'$$"
)


def _usage(sql: psycopg.Connection[TupleRow]) -> float:
    row = sql.execute("SELECT pg_notification_queue_usage()").fetchone()
    assert row is not None
    return float(row[0])


async def gateway_killed(system: System, chance: Chance) -> None:
    """Kill -9 a gateway with its clients."""
    await _ended(chance.one(system.gateways), chance, kill=True)


async def gateway_stopped(system: System, chance: Chance) -> None:
    """SIGTERM a gateway: it closes its connections."""
    await _ended(chance.one(system.gateways), chance, kill=False)


async def gateways_rolled(system: System, chance: Chance) -> None:
    """SIGTERM one gateway after another; each is restarted before the next ends."""
    for gateway in system.gateways:
        await _ended(gateway, chance, kill=False)
        await asyncio.sleep(chance.seconds(0, 1.5))


async def gateway_frozen(system: System, chance: Chance) -> None:
    """SIGSTOP a gateway."""
    await _frozen(chance.one(system.gateways), chance)


async def gateway_cut_off(system: System, chance: Chance) -> None:
    """Freeze the connections of a gateway to Redis."""
    await _proxy_dead(chance.one(system.gateway_proxies), chance)


async def gateway_connections_cut(system: System, _: Chance) -> None:
    """Reset every connection between the gateways and Redis."""
    for proxy in system.gateway_proxies:
        proxy.cut()


async def messages_lost(system: System, chance: Chance) -> None:
    """Lose some pub/sub messages between Redis and a gateway."""
    chance.one(system.gateway_proxies).to_lose += chance.between(1, 3)


async def api_killed(system: System, chance: Chance) -> None:
    """Kill -9 the API."""
    await _ended(system.api, chance, kill=True)


async def api_frozen(system: System, chance: Chance) -> None:
    """SIGSTOP the API."""
    await _frozen(system.api, chance)


async def sessions_ended(system: System, chance: Chance) -> None:
    """Terminate the sessions of the listeners, or all sessions."""
    _end_sessions(system, of_all=chance.happens(0.5))


def _end_sessions(system: System, *, of_all: bool) -> None:
    with system.postgres.administrator() as sql:
        sql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            " AND (%s OR starts_with(application_name, 'orders-listener'))",
            [system.database.name, of_all],
        )


async def postgres_restarted(system: System, _: Chance) -> None:
    """Restart PostgreSQL cleanly."""
    await by_hand(system.postgres.restart)


async def postgres_crashed(system: System, _: Chance) -> None:
    """Kill -9 all of PostgreSQL; it recovers from its log."""

    def crash() -> None:
        system.postgres.kill()
        system.postgres.start()

    await by_hand(crash)


async def _redis(system: System, *command: str) -> None:
    valkey = await by_hand(lambda: system.valkey)
    client = redis.Redis.from_url(valkey.url)
    try:
        await client.execute_command(*command)  # type: ignore[no-untyped-call]
    finally:
        await client.aclose()


async def redis_restarted(system: System, chance: Chance) -> None:
    """Restart Redis, empty."""
    valkey = system.valkey
    await by_hand(valkey.stop)
    await asyncio.sleep(chance.seconds(0, 1))
    await by_hand(valkey.start)


async def redis_flushed(system: System, _: Chance) -> None:
    """FLUSHALL."""
    await _redis(system, "FLUSHALL")


async def redis_paused(system: System, chance: Chance) -> None:
    """CLIENT PAUSE: Redis answers late."""
    await _redis(system, "CLIENT", "PAUSE", str(int(1000 * chance.seconds(0.1, 5))))


async def redis_frozen(system: System, chance: Chance) -> None:
    """SIGSTOP Redis."""
    valkey = system.valkey
    valkey.freeze()
    await asyncio.sleep(chance.seconds(0.2, 4))
    valkey.thaw()


async def redis_failed_over(system: System, _: Chance) -> bool:
    """Have a replica take over although the primary is well."""
    group = _group(system)
    before = await by_hand(group.leader)
    await by_hand(group.fail_over)
    return await _is_replaced(group, before)


async def redis_primary_lost(system: System, chance: Chance) -> bool:
    """Kill -9 the server that takes writes, perhaps while its replica lags; start it later."""
    group = _group(system)
    before = await by_hand(group.leader)
    if chance.happens(0.5):
        with group.without_replication():
            await asyncio.sleep(chance.seconds(0.5, 2))
            await by_hand(before.stop)
    else:
        await by_hand(before.stop)
    is_replaced = await _is_replaced(group, before)
    await by_hand(before.start)
    return is_replaced


def _group(system: System) -> Group:
    assert system.group is not None, "only one Redis"
    return system.group


async def _is_replaced(group: Group, before: Valkey) -> bool:
    try:
        await by_hand(lambda: group.wait_for_another(before))
    except AssertionError:
        return False
    return True


async def redis_memory_limited(system: System, chance: Chance) -> bool:
    """Give Redis hardly more memory than it uses, or less, for a while."""
    valkey = await by_hand(lambda: system.valkey)
    client = redis.Redis.from_url(valkey.url)
    try:
        used, before = await _memory(client)
        await client.config_set("maxmemory-policy", chance.one(_POLICIES))
        await client.config_set("maxmemory", used + chance.between(-200_000, 200_000))
        await asyncio.sleep(chance.seconds(1, 6))
        _, after = await _memory(client)
        await client.config_set("maxmemory", 0)
    finally:
        await client.aclose()
    return after > before


async def _memory(client: "redis.Redis") -> tuple[int, int]:
    """Return the bytes that Redis uses, and how often it had none left for a command."""
    used = (await client.info("memory"))["used_memory"]
    evicted = (await client.info("stats"))["evicted_keys"]
    errors = await client.info("errorstats")
    return used, evicted + errors.get("errorstat_OOM", {"count": 0})["count"]


async def redis_clients_killed(system: System, chance: Chance) -> None:
    """CLIENT KILL: the subscribers, or all other clients."""
    await _redis(system, "CLIENT", "KILL", "TYPE", chance.one(["pubsub", "normal"]))


async def stream_replaced(system: System, _: Chance) -> None:
    """Give the stream another id."""
    async with await psycopg.AsyncConnection.connect(system.database.url) as sql:
        await sql.execute("UPDATE order_stream SET id = gen_random_uuid()")


async def history_pruned(system: System, chance: Chance) -> None:
    """Prune all but the newest events in Redis and in the log, so that older positions expire."""
    keep = chance.between(50, 500)
    async with await psycopg.AsyncConnection.connect(system.database.url) as sql:
        # Nothing may be appended between reading and pruning, or the proof would miss an event.
        await sql.execute("SELECT pg_advisory_xact_lock(order_lock('take'))")
        await sql.execute(
            "SELECT prune_order_events(greatest(%s, max(position) - %s)) FROM order_events",
            [keep, system.replayed],
        )
        cursor = await sql.execute("SELECT min(position) FROM order_events")
        row = await cursor.fetchone()
    if row is not None and row[0] is not None:
        await _redis(system, "XTRIM", system.names.log, "MINID", f"{row[0]}-0")


_POLICIES = ("noeviction", "allkeys-lru", "allkeys-random", "volatile-lru", "volatile-ttl")
_ODD_SETTINGS = (
    ("TimeZone", "'Asia/Kolkata'"),
    ("DateStyle", "'SQL, DMY'"),
    ("IntervalStyle", "'iso_8601'"),
    ("bytea_output", "'escape'"),
    ("extra_float_digits", "-15"),
    ("standard_conforming_strings", "off"),
    ("search_path", "pg_catalog, public"),
    ("synchronous_commit", "off"),
    ("default_transaction_isolation", "'repeatable read'"),
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_deferrable", "on"),
    ("default_transaction_read_only", "on"),
    ("statement_timeout", "'300ms'"),
    ("lock_timeout", "'50ms'"),
    ("idle_session_timeout", "'300ms'"),
    ("idle_in_transaction_session_timeout", "'300ms'"),
    ("row_security", "off"),
)
"""Settings that a role or a database may have; the services' sessions must not depend on them."""
