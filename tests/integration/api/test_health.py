"""GET /api/health: what it finds in the database and in Redis."""

import json
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from harness.answers import created, ok
from harness.roles import API_ROLE
from harness.servers import Database
from harness.serving import Serve
from harness.valkey import Valkey
from harness.waiting import until
from orders_api import queries
from orders_api.growth import Storage
from orders_api.models import Health
from orders_contract.names import GATEWAY_KEY_PREFIX, HEAD_KEY, LISTENER_KEY

pytestmark = pytest.mark.anyio

ORDER = {"customer_name": "A", "product_name": "B"}


def stream_of(database: Database) -> str:
    with database.connect() as connection:
        row = connection.execute("SELECT id::text FROM order_stream").fetchone()
    assert row is not None
    return str(row[0])


def everybody_lives(redis_url: Valkey, database: Database, published: int) -> None:
    """Write to Redis what a listener and two gateways write."""
    with redis_url.connect() as client:
        client.hset(HEAD_KEY, mapping={"stream": stream_of(database), "position": published})
        client.set(LISTENER_KEY, json.dumps({"position": published, "listener": "l"}))
        for gateway, connections, full in (("a", 3, None), ("b", 4, "memory")):
            word = {"gateway": gateway, "position": published, "connections": connections}
            word |= {"memory_mb": 80, "full": full, "refused": 1}
            client.set(GATEWAY_KEY_PREFIX + gateway, json.dumps(word))


def take(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("SELECT first FROM take_order_events()")


async def health(api: httpx.AsyncClient, status: str) -> dict[str, Any]:
    """Return the checks of a system that must be in that state."""
    body = ok(await api.get("/api/health"))
    Health.model_validate(body)
    assert body["status"] == status, body
    checks: dict[str, Any] = body["checks"]
    return checks


async def test_all_is_well(api: httpx.AsyncClient, database: Database, redis_url: Valkey) -> None:
    """With all parts present and nothing waiting, the answer is ok."""
    created(await api.post("/api/orders", json=ORDER))
    take(database)
    everybody_lives(redis_url, database, published=1)
    checks = await health(api, "ok")
    assert checks["listener"] == {"status": "ok", "lag_events": 0, "lag_seconds": 0.0}
    gateways = {"status": "ok", "count": 2, "connections": 7, "memory_mb": 160, "full": 1}
    assert checks["gateways"] == gateways
    assert checks["limits"]["connections"] == 2


@pytest.mark.parametrize("absent", [LISTENER_KEY, GATEWAY_KEY_PREFIX])
async def test_missing_services_degrade_the_system(
    api: httpx.AsyncClient, database: Database, redis_url: Valkey, absent: str
) -> None:
    """Without a listener, or without any gateway, the system is degraded."""
    everybody_lives(redis_url, database, published=0)
    await health(api, "ok")
    with redis_url.connect() as client:
        for key in client.scan_iter(f"{absent}*"):
            client.delete(key)
    await health(api, "degraded")


async def test_lag(api: httpx.AsyncClient, database: Database, redis_url: Valkey) -> None:
    """Changes without a position and events that Redis does not have are counted as lag."""
    everybody_lives(redis_url, database, published=1)
    for _ in range(3):
        created(await api.post("/api/orders", json=ORDER))
    take(database)  # log: 1 to 3, of which 2 and 3 are not published
    for _ in range(2):
        created(await api.post("/api/orders", json=ORDER))
    checks = await health(api, "ok")
    assert checks["listener"]["lag_events"] == 4
    assert 0 < checks["listener"]["lag_seconds"] < 5


@pytest.mark.parametrize("waits_in", ["outbox", "log"])
async def test_old_lag(
    api: httpx.AsyncClient, database: Database, redis_url: Valkey, waits_in: str
) -> None:
    """A change that has waited for more than five seconds degrades the system."""
    everybody_lives(redis_url, database, published=0)
    created(await api.post("/api/orders", json=ORDER))
    with database.connect() as connection:
        connection.execute("UPDATE order_outbox SET changed_at = now() - interval '7 s'")
    if waits_in == "log":
        take(database)
    checks = await health(api, "degraded")
    assert checks["listener"]["status"] == "degraded"
    assert checks["listener"]["lag_events"] == 1
    assert 7 <= checks["listener"]["lag_seconds"] < 20


async def test_published_of_another_stream(
    api: httpx.AsyncClient, database: Database, redis_url: Valkey
) -> None:
    """A position of another stream in Redis does not count."""
    created(await api.post("/api/orders", json=ORDER))
    take(database)
    everybody_lives(redis_url, database, published=5)
    with redis_url.connect() as client:
        client.hset(HEAD_KEY, "stream", "00000000-0000-0000-0000-000000000000")
    assert (await health(api, "ok"))["listener"]["lag_events"] == 1


def test_an_old_transaction(serve: Serve, database: Database, redis_url: Valkey) -> None:
    """Whatever holds back vacuum for too long is named: here a writer that does nothing."""
    everybody_lives(redis_url, database, published=0)
    own = replace(database, user=API_ROLE)  # of other roles PostgreSQL shows no times
    with (
        serve(database, redis_url.url, TRANSACTION_WARN_S="1") as (_, client),
        own.connect(autocommit=False) as writer,
    ):
        writer.execute("INSERT INTO revoked_tokens VALUES ('x', now(), now())")
        pid = writer.info.backend_pid

        def storage() -> Any:
            return client.get("/api/health").json()["checks"]["storage"]

        says = f"the session with pid {pid}, idle in transaction, has had a transaction open for"
        until(lambda: (storage()["reason"] or "").startswith(says))
        assert storage()["status"] == "degraded"
        writer.rollback()
        assert storage() == {"status": "ok", "reason": None}


def test_a_transaction_of_another_role(database: Database) -> None:
    """An ordinary role sees how many transactions came later, and names the oldest session."""
    own = replace(database, user=API_ROLE)
    with database.connect(autocommit=False) as writer, own.connect() as sql:
        writer.execute("INSERT INTO orders (customer_name, product_name) VALUES ('Ann', 'Laptop')")
        with database.connect() as others:
            others.execute("SELECT pg_current_xact_id()")
        values = {"transaction_s": 60, "hidden_after": 0}
        row = sql.execute(queries.STORAGE.encode(), values).fetchone()
        assert row is not None
        assert Storage(*row) == Storage(
            row[0], row[1], "session", str(writer.info.backend_pid), None, row[5]
        )
        assert row[5] >= 1
        row = sql.execute(queries.STORAGE.encode(), {**values, "hidden_after": 10**6}).fetchone()
        assert row is not None
        assert row[2:] == ("", "", None, 0)


async def test_endless_backlog_is_not_counted_out(
    api: httpx.AsyncClient, database: Database, redis_url: Valkey
) -> None:
    """Counting what waits in the outbox stops at 10,001."""
    everybody_lives(redis_url, database, published=0)
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO orders (customer_name, product_name)"
            " SELECT 'A', 'B' FROM generate_series(1, 10500)"
        )
    assert (await health(api, "ok"))["listener"]["lag_events"] == 10_001


async def test_redis_away(api: httpx.AsyncClient, redis_url: Valkey) -> None:
    """Without Redis the system is degraded, orders are served, and Redis is found when back."""
    redis_url.stop()
    checks = await health(api, "degraded")
    assert checks["redis"]["status"] == "down"
    assert checks["gateways"].pop("status") == "unknown"
    assert set(checks["gateways"].values()) == {None}
    assert checks["listener"]["lag_events"] is None
    created(await api.post("/api/orders", json=ORDER))
    redis_url.start()
    assert (await health(api, "degraded"))["redis"]["status"] == "ok"


async def test_redis_hangs(api: httpx.AsyncClient, redis_url: Valkey) -> None:
    """A Redis that hangs delays the answer of health by about a second."""
    await health(api, "degraded")
    redis_url.freeze()
    started = time.monotonic()
    assert (await health(api, "degraded"))["redis"]["status"] == "down"
    assert time.monotonic() - started < 10  # on a busy machine
    redis_url.thaw()
    assert (await health(api, "degraded"))["redis"]["status"] == "ok"


async def test_garbage_in_redis(api: httpx.AsyncClient, redis_url: Valkey) -> None:
    """Unexpected values in Redis degrade the system and cause no error."""
    with redis_url.connect() as client:
        client.set(GATEWAY_KEY_PREFIX + "x", "no JSON")
        client.lpush(GATEWAY_KEY_PREFIX + "y", "a list")
        client.set(HEAD_KEY, "no hash")
    await health(api, "degraded")
