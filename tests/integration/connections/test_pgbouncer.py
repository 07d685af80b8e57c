"""PgBouncer between the processes or writers and PostgreSQL."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import httpx
import pytest

from harness.answers import created, ok
from harness.explanations import check_database_error
from harness.pgbouncer import pgbouncer
from harness.pipeline import Pipeline, health
from harness.redis_log import positions, write
from harness.roles import LISTENER_ROLE
from harness.servers import Database, Postgres
from harness.serving import serve_api
from harness.valkey import Valkey
from harness.waiting import until

ORDER = {"customer_name": "A", "product_name": "B"}


@pytest.fixture
def pool(database: Database) -> Iterator[Database]:
    """Give the address of the database through a pool in transaction mode."""
    with pgbouncer(database, "transaction") as through:
        yield through


def request(client: httpx.Client, number: int) -> httpx.Response:
    """Send one of the usual requests."""
    match number % 5:
        case 0:
            return client.post("/api/orders", json=ORDER)
        case 1:
            return client.get("/api/orders", params={"limit": 5, "status": "pending"})
        case 2:
            return client.put("/api/orders/1", json={"quantity": number})
        case 3:
            key = {"Idempotency-Key": f"k{number}"}
            return client.post("/api/orders", json=ORDER, headers=key)
        case _:
            return client.get("/api/orders/1/events")


def test_api_serves_through_a_pool_in_transaction_mode(
    pool: Database, database: Database, redis_url: Valkey
) -> None:
    """Every request is served, with times in UTC and the API's settings, by whichever server.

    The server's own time zone is another one, and other clients of the pool change theirs.
    """
    with serve_api(pool, redis_url.url) as (process, client):
        first = created(client.post("/api/orders", json=ORDER))
        stop = threading.Event()

        def disturb(setting: str) -> None:
            with pool.connect() as other:
                while not stop.is_set():
                    other.execute(setting.encode(), prepare=False)

        settings = cycle(["SET timezone = 'Asia/Tokyo'", "SET search_path = pg_catalog"])
        with ThreadPoolExecutor() as threads:
            others = [threads.submit(disturb, next(settings)) for _ in range(2)]
            try:
                answers = list(threads.map(lambda number: request(client, number), range(300)))
            finally:
                stop.set()
            for other in others:
                other.result()
        assert {answer.status_code for answer in answers} <= {200, 201}, process.output()
        listed = ok(client.get("/api/orders", params={"limit": 1000}))["orders"]
        assert len(listed) == 1 + 120
        assert {order["created_at"][-6:] for order in listed} == {"+00:00"}
        problem = client.post("/api/orders", json=ORDER | {"quantity": 0})
        assert problem.status_code == 422
        stale = client.put("/api/orders/1", json={"quantity": 2}, headers={"If-Match": '"0"'})
        assert stale.status_code == 412
        assert client.delete(f"/api/orders/{first['id']}").status_code == 204
    with database.connect() as sql:
        (advisory,) = sql.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        ).fetchone() or (None,)
    assert advisory == 0


def test_api_follows_the_tables_through_a_pool(
    pool: Database, database: Database, redis_url: Valkey
) -> None:
    """I10: a column added while the API runs is served; no plan of another client is in the way."""
    with serve_api(pool, redis_url.url) as (_, client):
        created(client.post("/api/orders", json=ORDER))
        with database.connect() as sql:
            sql.execute("ALTER TABLE orders ADD COLUMN store text DEFAULT 'Berlin'")
        until(lambda: "store" in client.get("/api/schema").text, 5)
        assert ok(client.get("/api/orders", params={"store": "Berlin"}))["orders"]


def test_writers_through_a_pool(pool: Database, pipeline: Pipeline) -> None:
    """I1: changes that come through a pool in transaction mode become events, and no lock stays."""
    pipeline.listener().ready()

    def insert(number: int) -> None:
        with pool.connect() as connection:
            connection.prepare_threshold = None
            for _ in range(20):
                connection.execute(
                    "INSERT INTO orders (customer_name, product_name) VALUES (%s, 'p')",
                    [f"w{number}"],
                )

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(insert, range(8)))
    until(lambda: positions(pipeline.valkey) == list(range(1, 161)), 10)
    until(lambda: not silent_writers(pipeline.database), 5, "no writer keeps a lock")
    write(pipeline, 1)
    until(lambda: positions(pipeline.valkey)[-1] == 161, 5)


def silent_writers(database: Database) -> int:
    """Return how many locks say that a writer is silent."""
    with database.connect() as sql:
        row = sql.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_listener_refuses_a_pool_in_transaction_mode(pool: Database, pipeline: Pipeline) -> None:
    """The listener says in one sentence that no notification would come, and ends with status 1."""
    listener = pipeline.listener(**pool.environ(LISTENER_ROLE))
    until(lambda: not listener.process.running, 20, "the listener has ended")
    assert listener.process.wait(0) == 1
    output = listener.process.output()
    assert "Traceback" not in output
    (line,) = [line for line in output.splitlines() if "listener_failed" in line]
    assert "connection pooler in transaction mode" in line
    assert positions(pipeline.valkey) == []
    with pool.connect() as sql:
        locks = sql.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
        assert locks == (0,)


def test_listener_works_through_a_pool_in_session_mode(
    database: Database, pipeline: Pipeline
) -> None:
    """I3: through a pool in session mode notifications come, and sessions have their settings."""
    with pgbouncer(database, "session") as pool:
        listener = pipeline.listener(**pool.environ(LISTENER_ROLE)).ready()
        assert health(listener.port)[1]["role"] == "leader"
        write(pipeline, 3)
        until(lambda: positions(pipeline.valkey) == [1, 2, 3], 5)
        with database.connect() as sql:
            asleep = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            until(lambda: sql.execute(asleep).fetchone() == (2,), 5, "it leads and sleeps")


def test_api_works_through_a_pool_in_session_mode(database: Database, redis_url: Valkey) -> None:
    """The API serves through a pool in session mode, too."""
    with pgbouncer(database, "session") as pool, serve_api(pool, redis_url.url) as (_, client):
        order = created(client.post("/api/orders", json=ORDER))
        assert order["created_at"].endswith("+00:00")


def test_a_pool_that_does_not_reach_its_server(own_postgres: Postgres, redis_url: Valkey) -> None:
    """A pool lets those wait who connect meanwhile; API and listener name it."""
    database = own_postgres.create_database()
    with pgbouncer(database, "session") as pool, Pipeline(database, redis_url) as pipeline:
        own_postgres.stop()
        check_database_error(pipeline, "a connection pool there has no server", pool.environ)
