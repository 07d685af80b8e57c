"""Expensive reads and answers that nobody reads: others are served, memory is bounded."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psutil
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from harness.answers import created, ok
from harness.servers import Database
from harness.serving import Serve
from harness.signing import ASKING, bearer, token
from harness.valkey import Valkey
from harness.waiting import until

ORDER = {"customer_name": "Ann", "product_name": "Lamp"}
MB = 1024 * 1024


@contextmanager
def slow_log(database: Database) -> Iterator[Connection[TupleRow]]:
    """Lock the log: what reads events waits until the block ends, what reads one order does not."""
    with database.connect(autocommit=False) as connection:
        connection.execute("LOCK TABLE order_events IN ACCESS EXCLUSIVE MODE")
        yield connection
        connection.rollback()


def waiting(database: Database) -> int:
    """Return how many sessions of the API wait for a lock."""
    with database.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'orders-api' AND wait_event_type = 'Lock'"
        ).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def requests(
    client: httpx.Client, number: int, path: str, **headers: str
) -> Iterator[Counter[int]]:
    """Make requests side by side; count their statuses, all of them once the block has ended."""
    statuses: Counter[int] = Counter()
    threads = [
        threading.Thread(
            target=lambda: statuses.update([client.get(path, headers=headers).status_code])
        )
        for _ in range(number)
    ]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        for thread in threads:
            thread.join()
    assert statuses.total() == number


def test_writes_have_their_own_connections(
    serve: Serve, database: Database, redis_url: Valkey
) -> None:
    """I5: while reads hold every connection that they may have, an order is created and changed."""
    with (
        serve(database, redis_url.url, DB_POOL_CONNECTIONS="3") as (_, client),
        slow_log(database) as lock,
        requests(client, 12, "/api/events"),
    ):
        until(lambda: waiting(database) == 3, 10, "reads hold their connections")
        order = created(client.post("/api/orders", json=ORDER))
        ok(client.patch(f"/api/orders/{order['id']}", json={"quantity": 2}))
        lock.rollback()


def test_reads_of_one_subject_leave_room(
    serve: Serve, database: Database, redis_url: Valkey
) -> None:
    """I6: one subject occupies a few connections, whatever it asks; another one reads beside it."""
    greedy, other = bearer(token(subject="greedy")), bearer(token(subject="other"))
    with serve(database, redis_url.url, **ASKING, DB_POOL_CONNECTIONS="6") as (_, client):
        until(lambda: client.get("/api/orders", headers=other).status_code == 200, 10)
        with database.connect() as sql:
            sql.execute("INSERT INTO orders (customer_name, product_name) VALUES ('A', 'B')")
        with slow_log(database) as lock, requests(client, 30, "/api/events", **greedy) as seen:
            until(lambda: waiting(database) == 4, 10, "the subject has what it may have")
            for _ in range(3):
                ok(client.get("/api/orders/1", headers=other))
                assert waiting(database) == 4
            lock.rollback()
        assert set(seen) <= {200, 429}


def test_reads_are_charged_by_their_time(
    serve: Serve, database: Database, redis_url: Valkey
) -> None:
    """Reads that took seconds cost a subject, and no other, as much as many short ones."""
    greedy, other = bearer(token(subject="greedy")), bearer(token(subject="other"))
    limits = {"REQUESTS_PER_SECOND": "0.1", "REQUESTS_BURST": "100"}
    with serve(database, redis_url.url, **ASKING, **limits) as (_, client):
        until(lambda: client.get("/api/me", headers=other).status_code == 200, 10)
        ok(client.get("/api/me", headers=greedy))
        with slow_log(database) as lock, requests(client, 4, "/api/events", **greedy) as seen:
            until(lambda: waiting(database) == 4, 10)
            lock.execute("SELECT pg_sleep(1)")
            lock.rollback()
        assert seen == {200: 4}
        refused = client.get("/api/me", headers=greedy)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 10
        assert client.get("/api/me", headers=other).status_code == 200


def unread(client: httpx.Client, path: str) -> socket.socket:
    """Ask for something and do not read the answer."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asking.connect((client.base_url.host, client.base_url.port or 0))
    asking.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return asking


def ended(asking: socket.socket) -> bool:
    """Tell whether the server has aborted a connection, without reading from it."""
    try:
        asking.send(b"x")
    except OSError:
        return True
    return False


@pytest.mark.parametrize("path", ["/api/events?limit=10000", "/api/orders?limit=1000"])
def test_unread_answers(serve: Serve, database: Database, redis_url: Valkey, path: str) -> None:
    """I6: forty-five clients that do not read cost a bounded amount of memory, and then end."""
    with database.connect() as sql:
        sql.execute("ALTER TABLE orders ADD COLUMN note text")
        sql.execute(
            "INSERT INTO orders (customer_name, product_name, note)"
            " SELECT 'C', 'P', repeat('x', 8000) FROM generate_series(1, 700)"
        )
        while sql.execute("SELECT 1 FROM take_order_events(1000)").fetchone():
            pass
    with serve(database, redis_url.url) as (process, client):
        length = len(client.get(path).content)
        assert length > 4 * MB
        before = psutil.Process(process.pid).memory_info().rss
        sockets = []
        for _ in range(45):
            sockets.append(unread(client, path))
            ok(client.get("/api/orders/1"))
        peak = psutil.Process(process.pid).memory_info().rss
        assert peak - before < 200 * MB, f"{(peak - before) // MB} MB more"
        assert len(client.get(path).content) == length
        until(lambda: all(map(ended, sockets)), 40, "clients that do not read are left")
        for each in sockets:
            each.close()


def test_a_slow_client_gets_all(serve: Serve, database: Database, redis_url: Valkey) -> None:
    """A client that reads slowly, but reads, gets its whole answer."""
    with database.connect() as sql:
        sql.execute("ALTER TABLE orders ADD COLUMN note text")
        sql.execute(
            "INSERT INTO orders (customer_name, product_name, note)"
            " SELECT 'C', 'P', repeat('x', 20000) FROM generate_series(1, 100)"
        )
    with serve(database, redis_url.url) as (_, client):
        whole = client.get("/api/orders").content
        with client.stream("GET", "/api/orders") as answer:
            assert b"".join(answer.iter_raw(chunk_size=1000)) == whole
            assert answer.headers["content-length"] == str(len(whole))
