"""One fault at a time: a client that is connected throughout receives all events.

Deadlines are those that the documentation promises, doubled where a loaded machine may need it.
``make prove`` tests random faults, many at once.
"""

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from harness.follower import Follower
from harness.pipeline import Pipeline, Service, health
from harness.servers import Database, Postgres
from harness.valkey import Valkey
from harness.waiting import until

INSERT = b"INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"


def write(database: Database, orders: int) -> None:
    """Commit orders one by one."""
    with database.connect() as sql:
        for _ in range(orders):
            sql.execute(INSERT)


def numbers(follower: Follower) -> list[int]:
    """Return the positions of the events a follower has seen."""
    return [event["position"] for event in follower.events]


@pytest.fixture
def system(own_postgres: Postgres, redis_url: Valkey) -> Iterator[Pipeline]:
    """Offer listeners and gateways around servers of this test's own."""
    with Pipeline(own_postgres.create_database(), redis_url) as started:
        yield started


def _crash(server: Postgres) -> None:
    server.kill()
    server.start()


@pytest.mark.parametrize("break_it", [Postgres.restart, _crash])
def test_postgresql_restarts_under_a_connected_client(
    own_postgres: Postgres, system: Pipeline, break_it: Callable[[Postgres], None]
) -> None:
    """I3: events flow within 5 s after PostgreSQL accepts connections, after restart or crash."""
    gateway = system.gateway()
    system.listener().ready()
    with Follower(gateway.ready().ws_url) as follower:
        write(system.database, 3)
        follower.until(3)
        break_it(own_postgres)
        write(system.database, 3)
        follower.until(6, 10)
    assert numbers(follower) == [1, 2, 3, 4, 5, 6]


def test_redis_paused_for_some_seconds(pipeline: Pipeline) -> None:
    """I3: Redis answers nothing for 3 s; afterwards every event has come, without a reset."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as follower, pipeline.valkey.connect() as client:
        client.execute_command("CLIENT", "PAUSE", "3000", "ALL")
        write(pipeline.database, 5)
        follower.until(5, 10)
    assert numbers(follower) == [1, 2, 3, 4, 5]


def test_redis_stopped_beyond_its_clients_timeouts(pipeline: Pipeline) -> None:
    """I3: Redis is stopped until clients give up their connections; then every event comes."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    with Follower(gateway.ready().ws_url) as follower:
        pipeline.valkey.freeze()
        write(pipeline.database, 5)
        until(lambda: health(gateway.port)[0] == 503, 15)
        pipeline.valkey.thaw()
        follower.until(5, 15)
    assert numbers(follower) == [1, 2, 3, 4, 5]


def test_the_client_of_a_killed_gateway_continues_at_another(pipeline: Pipeline) -> None:
    """I7: after kill -9 of a gateway, its client resumes at another and gets each event once."""
    first, second = pipeline.gateway(), pipeline.gateway()
    pipeline.listener().ready()
    second.ready()
    with Follower(first.ready().ws_url) as follower:
        write(pipeline.database, 5)
        follower.until(5)
        first.process.kill()
        write(pipeline.database, 5)
        assert follower.closing_code() is None
    with Follower(second.ws_url, after=follower.position, stream=follower.hello["stream"]) as after:
        after.until(10, 3)
    assert numbers(follower) + numbers(after) == list(range(1, 11))


def test_every_gateway_restarted_one_by_one_under_load(pipeline: Pipeline) -> None:
    """I7: in a rolling restart, a client that has to reconnect each time misses nothing."""
    gateways = [pipeline.gateway(), pipeline.gateway()]
    pipeline.listener().ready()
    stop = threading.Event()
    writer = threading.Thread(target=_write_until, args=(pipeline.database, stop))
    for gateway in gateways:
        gateway.ready()
    writer.start()
    seen: list[int] = []
    position, stream = 0, None
    for turn in range(4):
        gateway = gateways[turn % 2]
        with Follower(gateway.ready().ws_url, after=position, stream=stream) as follower:
            stream = follower.hello["stream"]
            follower.until(position + 20)
            gateway.process.signal(signal.SIGTERM)
            assert follower.closing_code() == 1012
        seen += numbers(follower)
        position = follower.position
        gateways[turn % 2] = pipeline.gateway()
    stop.set()
    writer.join()
    assert seen == list(range(1, position + 1))


def _write_until(database: Database, stop: threading.Event) -> None:
    with database.connect() as sql:
        while not stop.wait(0.01):
            sql.execute(INSERT)


def test_three_listeners_and_their_leaders_killed_in_turn(pipeline: Pipeline) -> None:
    """I8: the leader is killed five times; each time another one leads and nothing is lost."""
    gateway = pipeline.gateway()
    listeners = [pipeline.listener().ready() for _ in range(3)]
    with Follower(gateway.ready().ws_url) as follower:
        for turn in range(1, 6):
            write(pipeline.database, 10)
            leader = until(lambda: _leader(listeners))
            assert leader is not None
            leader.process.kill()
            listeners.remove(leader)
            listeners.append(pipeline.listener())
            write(pipeline.database, 10)
            follower.until(20 * turn, 6)
    assert numbers(follower) == list(range(1, 101))


def _leader(listeners: list[Service]) -> Service | None:
    leads = (one for one in listeners if health(one.port)[1].get("role") == "leader")
    return next(leads, None)


def test_a_client_older_than_the_pruned_log_is_reset(pipeline: Pipeline) -> None:
    """I7: a client whose position was pruned gets a reset with the reason ``expired``."""
    api = pipeline.api()
    pipeline.listener().ready()
    write(pipeline.database, 10)
    with pipeline.valkey.connect() as client:
        until(lambda: client.hget("orders:head", "position") == b"10")
        client.delete("orders:log")
    with pipeline.database.connect() as sql:
        sql.execute(b"SELECT prune_order_events(2)")
    gateway = pipeline.gateway(API_URL=f"http://127.0.0.1:{api.port}").ready()
    with Follower(gateway.ws_url, after=1) as follower:
        assert follower.next("reset")["reason"] == "expired"


def test_the_disk_is_full(redis_url: Valkey) -> None:
    """A write on a full disk fails without a trace; with room, writes and events go on."""
    folder = Path(tempfile.mkdtemp(prefix="orders-small-"))
    folder.chmod(0o755)
    if os.geteuid() != 0 or _mount(folder) != 0:
        pytest.skip("needs the right to mount a small file system")
    try:
        _fill_and_free(redis_url, folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def _mount(folder: Path) -> int:
    options = ["-t", "tmpfs", "-o", "size=230m,mode=777", "tmpfs", str(folder)]
    return subprocess.run(["mount", *options], check=False, capture_output=True).returncode


def _fill_and_free(valkey: Valkey, folder: Path) -> None:
    server = Postgres(folder=folder)
    try:
        database = server.create_database()
        with Pipeline(database, valkey) as pipeline:
            gateway = pipeline.gateway()
            pipeline.listener().ready()
            with Follower(gateway.ready().ws_url) as follower:
                write(database, 2)
                follower.until(2)
                ballast = _fill(folder)
                with pytest.raises(psycopg.errors.DiskFull):
                    _write_much(database)
                ballast.unlink()
                _write_when_possible(database)
                with database.connect() as sql:
                    orders = sql.execute("SELECT count(*) FROM orders").fetchone()
                assert orders is not None
                follower.until(orders[0], 30)
        assert numbers(follower) == list(range(1, orders[0] + 1))
    finally:
        server.close()


def _write_much(database: Database) -> None:
    with database.connect() as sql:
        sql.execute("ALTER TABLE orders ADD COLUMN note text")
        for _ in range(400):
            sql.execute(
                "INSERT INTO orders (customer_name, product_name, note) SELECT 'c', 'p',"
                " string_agg(md5(random()::text), '') FROM generate_series(1, 3000)"
            )


def _fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    ballast.write_bytes(b"\0" * (free.f_bavail * free.f_frsize - 4_000_000))
    return ballast


def _write_when_possible(database: Database) -> None:
    def written() -> Any:
        try:
            write(database, 1)
        except psycopg.OperationalError:
            return False
        return True

    until(written, 30, "PostgreSQL takes writes again")


def test_too_many_connections(own_postgres: Postgres, redis_url: Valkey) -> None:
    """While PostgreSQL has no free connection the API answers 503, and serves again afterwards."""
    with own_postgres.administrator() as administrator:
        administrator.execute("ALTER SYSTEM SET max_connections = 12")
    own_postgres.restart()
    database = own_postgres.create_database()
    with Pipeline(database, redis_url) as pipeline:
        api = pipeline.api()
        hogs: list[psycopg.Connection[Any]] = []

        def starved() -> bool:
            with own_postgres.administrator() as administrator:
                administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'orders-api'"
                )
            hogs.extend(_hog(database))
            return health(api.port, "/api/orders")[0] == 503

        until(starved, 30)
        for hog in hogs:
            hog.close()
        until(lambda: health(api.port, "/api/orders")[0] == 200, 15)


def _hog(database: Database) -> Iterator[psycopg.Connection[Any]]:
    while True:
        try:
            yield database.connect()
        except psycopg.OperationalError:
            return
