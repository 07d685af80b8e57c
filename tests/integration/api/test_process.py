"""``python -m orders_api`` as a process: starting, ending, outages."""

import signal
import socket
import threading
import time
from typing import Any

import httpx
import psutil
import pytest

from harness.answers import created, ok, problem
from harness.attacks import Entrance
from harness.forked import forked
from harness.ports import free_port
from harness.processes import Process, service
from harness.servers import Database, Postgres
from harness.serving import Serve
from harness.valkey import Valkey
from harness.waiting import until

ORDER = {"customer_name": "A", "product_name": "B"}


def test_serves_and_ends(serve: Serve, database: Database, redis_url: Valkey) -> None:
    """It serves HTTP, logs no line per request, and ends with 0 soon after SIGTERM."""
    with serve(database, redis_url.url) as (process, client):
        created(client.post("/api/orders", json=ORDER))
        assert len(ok(client.get("/api/orders"))["orders"]) == 1
        problem(client.get("/api/nothing"), 404)
        assert process.stop() == 0
        lines = process.output().splitlines()
        assert [line.split("]")[1].split()[0] for line in lines] == ["api_started", "api_stopping"]
        assert database.password not in process.output()


@pytest.mark.parametrize("line", ["POST /api/orders", "PATCH /api/orders", "GET /api/orders"])
def test_a_client_that_leaves_within_its_body_is_no_failure(
    serve: Serve, database: Database, redis_url: Valkey, line: str
) -> None:
    """I6: the log of the API stays as short, whatever a client leaves unfinished."""
    with serve(database, redis_url.url) as (process, client):
        entrance = Entrance.at(str(client.base_url))
        headers = ("Content-Type: application/json", "Content-Length: 90")
        with entrance.dial() as leaving:
            leaving.sendall(entrance.request(line, *headers) + b"{")
        ok(client.get("/api/orders"))
        assert process.stop() == 0
        assert len(process.output().splitlines()) == 2, "only that it started and stopped"


def test_several_workers_share_a_port(serve: Serve, database: Database, redis_url: Valkey) -> None:
    """With API_WORKERS several processes serve; one that dies is replaced; all end with SIGTERM."""
    with serve(database, redis_url.url, API_WORKERS="2") as (process, client):
        until(lambda: process.output().count("api_started") == 2, what="both have started")
        workers = [
            child
            for child in psutil.Process(process.pid).children()
            if "resource_tracker" not in " ".join(child.cmdline())
        ]
        assert len(workers) == 2
        created(client.post("/api/orders", json=ORDER))
        workers[0].kill()
        until(lambda: process.output().count("api_started") == 3, 30, "a third takes its place")
        assert len(ok(httpx.get(f"{client.base_url}/api/orders"))["orders"]) == 1
        # One set of counters, whichever process answers, with those of the killed one.
        counted = 'orders_api_request_seconds_count{method="POST",status="201"} 1.0'
        assert all(counted in httpx.get(f"{client.base_url}/metrics").text for _ in range(8))
        assert process.stop() == 0
    assert not any(worker.is_running() for worker in workers)


def test_finishes_what_it_serves(serve: Serve, database: Database, redis_url: Valkey) -> None:
    """A request under way when SIGTERM comes is answered before the process ends."""
    answers: list[httpx.Response] = []
    with serve(database, redis_url.url) as (process, client):
        created(client.post("/api/orders", json=ORDER))
        with database.connect(autocommit=False) as blocker:
            blocker.execute("SELECT FROM orders FOR UPDATE")
            request = threading.Thread(
                target=lambda: answers.append(client.put("/api/orders/1", json={"quantity": 2}))
            )
            request.start()
            until(lambda: _waiting(database), what="the request waits for the row")
            process.signal(signal.SIGTERM)
            until(lambda: "api_stopping" in process.output() or not _accepts(client))
        request.join()
        assert ok(answers[0])["quantity"] == 2
        assert process.wait() == 0


def test_large_bodies_over_http(serve: Serve, database: Database, redis_url: Valkey) -> None:
    """A body over 64 kB is refused, announced or not, and the next request is served."""
    with serve(database, redis_url.url) as (_, client):
        problem(client.post("/api/orders", content=b"x" * 70_000), 413)
        problem(client.post("/api/orders", content=(b"x" * 1000 for _ in range(80))), 413)
        ok(client.get("/api/orders"))


def test_documentation(serve: Serve, database: Database, redis_url: Valkey) -> None:
    """The documentation page, and all it loads, comes from the API itself."""
    with serve(database, redis_url.url) as (_, client):
        page = client.get("/api/docs")
        assert page.status_code == 200
        assert "https://" not in page.text
        assert "http://" not in page.text
        assert "<script>" not in page.text
        assert client.get("/api/docs/start.js").status_code == 200
        for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
            assert f"/api/docs/static/{name}" in page.text
            assert client.get(f"/api/docs/static/{name}").status_code == 200
        problem(client.get("/api/docs/static/nothing"), 404)
        schema = ok(client.get("/api/openapi.json"))
        # Every path is in the table of tests/integration/access/test_api.py.
        promised = _promises(schema)
        assert promised["/api/orders"] == {"get", "post", "patch", "delete"}
        assert promised["/api/orders/{order_id}"] == {"get", "put", "patch", "delete"}
        assert promised["/api/tables/{table}"] == {"get", "post", "patch", "delete"}
        assert promised["/api/tables/{table}/{key}"] == {"get", "put", "patch", "delete"}
        for path in ("schema", "events", "health", "orders/{order_id}/events"):
            assert promised[f"/api/{path}"] == {"get"}
        refused = schema["paths"]["/api/orders"]["post"]["responses"]["422"]["content"]
        assert list(refused) == ["application/problem+json"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", ""),
        ("DB_PORT", "seventy"),
        ("DB_PORT", "70000"),
        ("API_PORT", "0"),
        ("REDIS_URL", "http://localhost"),
        ("LOG_LEVEL", "chatty"),
        ("LOG_FORMAT", "xml"),
        ("DB_POOL_CONNECTIONS", "0"),
    ],
)
def test_bad_setting(name: str, value: str) -> None:
    """A bad setting is named, without its traceback, and the exit status is 2."""
    with forked("orders_api", {"DB_PASSWORD": "secret", name: value}) as process:
        assert process.wait() == 2
        assert name in process.output()
        assert "Traceback" not in process.output()


def test_port_in_use(database: Database) -> None:
    """A port that is in use is named as the reason, and the exit status is not 0."""
    port = free_port()
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", port))
        somebody.listen()
        with service("orders_api", {**database.environ(), "API_PORT": str(port)}) as process:
            assert process.wait() != 0
            assert "address already in use" in process.output()


def test_outage(serve: Serve, own_postgres: Postgres, redis_url: Valkey) -> None:
    """Without its database the API answers 503 within seconds, and 200 soon after it is back."""
    database = own_postgres.create_database()
    with serve(database, redis_url.url) as (process, client):
        created(client.post("/api/orders", json=ORDER))
        own_postgres.kill()
        for method, path in (
            ("GET", "/api/orders"),
            ("POST", "/api/orders"),
            ("PUT", "/api/orders/1"),
        ):
            started = time.monotonic()
            response = client.request(method, path, json=ORDER if method != "GET" else None)
            problem(response, 503)
            assert int(response.headers["retry-after"]) > 0
            assert time.monotonic() - started < 10  # on a busy machine
        health = client.get("/api/health")
        assert (health.status_code, health.json()["status"]) == (503, "down")
        until(lambda: _told(process, "database_away") == ["reads", "writes"])
        own_postgres.start()
        until(lambda: client.get("/api/orders/1").status_code == 200, 10)
        assert ok(client.get("/api/orders/1"))["version"] == 1
        assert len(ok(client.get("/api/orders"))["orders"]) == 1
        until(lambda: _told(process, "database_back") == ["reads", "writes"])


def test_restart_goes_unnoticed(serve: Serve, own_postgres: Postgres, redis_url: Valkey) -> None:
    """A restart of the database between two requests fails neither, even with a full pool."""
    database = own_postgres.create_database()
    with serve(database, redis_url.url) as (_, client):
        created(client.post("/api/orders", json=ORDER))
        _at_once(client, 10)
        own_postgres.restart()
        assert _at_once(client, 10) == {200}


def test_database_hangs(serve: Serve, own_postgres: Postgres, redis_url: Valkey) -> None:
    """While the database hangs, health answers 503 within seconds, until it wakes."""
    database = own_postgres.create_database()
    with serve(database, redis_url.url) as (_, client):
        ok(client.get("/api/health"))
        own_postgres.freeze()
        try:
            for _ in range(3):
                started = time.monotonic()
                assert client.get("/api/health").status_code == 503
                assert time.monotonic() - started < 10  # on a busy machine
        finally:
            own_postgres.thaw()
        until(lambda: client.get("/api/health").status_code == 200, 20)


def test_starts_without_database(serve: Serve, own_postgres: Postgres, redis_url: Valkey) -> None:
    """Started before its database, it says that health is down, and serves once it is there."""
    database = own_postgres.create_database()
    own_postgres.stop()
    with serve(database, redis_url.url) as (process, client):
        assert client.get("/api/health").status_code == 503
        own_postgres.start()
        until(lambda: client.get("/api/orders").status_code == 200, 10)
        assert process.stop() == 0


def test_ends_without_database(serve: Serve, own_postgres: Postgres, redis_url: Valkey) -> None:
    """SIGTERM ends it within seconds also while the database is away."""
    database = own_postgres.create_database()
    own_postgres.stop()
    with serve(database, redis_url.url) as (process, _):
        assert process.stop(within_s=8) == 0


def test_bug_is_a_problem(serve: Serve, database: Database, redis_url: Valkey) -> None:
    """A failure of the API itself is a 500 problem for the client and a traceback in the log."""
    with serve(database, redis_url.url) as (process, client):
        with database.connect() as connection:
            connection.execute("DROP TABLE order_stream CASCADE")
        problem(client.get("/api/orders"), 500)
        until(lambda: "UndefinedTable" in process.output())
        assert "Traceback" in process.output()


def _promises(schema: dict[str, Any]) -> dict[str, set[str]]:
    return {path: set(operations) for path, operations in schema["paths"].items()}


def _at_once(client: httpx.Client, number: int) -> set[int]:
    """Make requests side by side and return their statuses."""
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: statuses.append(client.get("/api/orders?search=x").status_code)
        )
        for _ in range(number)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == number
    return set(statuses)


def _told(process: Process, event: str) -> list[str]:
    """Return the connections that an event was logged for, once each time."""
    lines = [line for line in process.output().splitlines() if event in line]
    return sorted(name for line in lines for name in ("reads", "writes") if name in line)


def _waiting(database: Database) -> bool:
    with database.connect() as connection:
        return bool(
            connection.execute(
                "SELECT FROM pg_stat_activity WHERE application_name = 'orders-api'"
                " AND datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchall()
        )


def _accepts(client: httpx.Client) -> bool:
    try:
        with socket.create_connection((client.base_url.host, client.base_url.port or 0), 1):
            return True
    except OSError:
        return False
