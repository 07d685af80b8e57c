"""I7: a promoted standby that lacks transactions is another stream; one that has them is the same.

The clients are those of packages/client. What they hold in the end is compared with the database
that survived. `make prove-failover` does the same at random, with Patroni, etcd and HAProxy.
"""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from harness.follower import Follower
from harness.forked import forked
from harness.pipeline import Pipeline, health
from harness.ports import free_port
from harness.processes import LOOPBACK
from harness.readers import Reader, Rows
from harness.restarted import ALL, Restarted
from harness.roles import LISTENER_ROLE
from harness.servers import OLDEST_POSTGRES, Database, Postgres, Standby
from harness.valkey import Valkey
from harness.waiting import until, until_async

pytestmark = pytest.mark.anyio

INSERT = (
    "INSERT INTO orders (customer_name, product_name)"
    " SELECT %s, 'Laptop' FROM generate_series(1, %s)"
)
SHIP = "UPDATE orders SET status = 'shipped', customer_name = %s WHERE id <= 2"


@dataclass(frozen=True)
class Pair(Database):
    """A database on two servers, of which one takes writes."""

    ports: tuple[int, int]

    def environ(self, user: str | None = None) -> dict[str, str]:
        """Return the settings of a service that finds the primary by itself."""
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in self.ports)
        address = f"{user or self.user}:{self.password}@{hosts}/{self.name}"
        return {"DATABASE_URL": f"postgresql://{address}?target_session_attrs=read-write"}


class Cluster:
    """A primary and its standby; after a fail-over the old primary comes back as the standby."""

    def __init__(self) -> None:
        """Start both."""
        self.primary: Postgres = Postgres()
        self.standby = Standby(self.primary, free_port())
        self._lost: Postgres | None = None

    def create_database(self) -> Pair:
        """Create a database on both servers."""
        made = self.primary.create_database()
        self.standby.catch_up()
        ports = (self.primary.port, self.standby.port)
        return Pair(made.host, made.port, made.name, made.user, made.password, ports)

    def fail_over(self) -> None:
        """Lose the primary and promote the standby."""
        self.primary.kill()
        self.split()

    def split(self) -> None:
        """Promote the standby while the primary lives on."""
        self._lost = self.primary
        self.standby.promote()
        self.primary = self.standby

    def repair(self) -> None:
        """Replace a lost primary by a standby on its port."""
        lost, self._lost = self._lost, None
        if lost is not None:
            lost.close()
            self.standby = Standby(self.primary, lost.port)

    def _connect(self, database: Database) -> psycopg.Connection[TupleRow]:
        """Connect to a database of the primary; each statement is committed."""
        url = database.url.replace(f":{database.port}/", f":{self.primary.port}/")
        return psycopg.connect(url, autocommit=True)

    def rows(self, database: Database) -> Rows:
        """Return version and customer of each order of the primary, by id."""
        with self._connect(database) as sql:
            found = sql.execute("SELECT id, version, customer_name FROM orders").fetchall()
        return {id_: (version, name) for id_, version, name in found}

    def run(self, database: Database, *statements: tuple[str, list[Any]]) -> None:
        """Commit statements on the primary."""
        with self._connect(database) as sql:
            for statement, values in statements:
                sql.execute(statement.encode(), values)

    def close(self) -> None:
        """End the servers."""
        for server in {self.standby, self.primary, self._lost or self.primary}:
            server.close()


@pytest.fixture(scope="module")
def servers() -> Iterator[Cluster]:
    """Start the two servers of this module."""
    started = Cluster()
    yield started
    started.close()


@pytest.fixture
def cluster(servers: Cluster) -> Cluster:
    """Provide a primary with a standby that follows it."""
    servers.repair()
    return servers


@pytest.fixture
def pair(cluster: Cluster) -> Pair:
    """Provide a fresh database on both servers."""
    return cluster.create_database()


@pytest.fixture
def system(pair: Pair, redis_url: Valkey) -> Iterator[Restarted]:
    """Start the services."""
    with Pipeline(pair, redis_url, start=forked) as pipeline:
        system = Restarted(pipeline)
        system.start()
        yield system


async def show(cluster: Cluster, pair: Pair, *readers: Reader) -> None:
    """Wait until the readers have what the primary holds."""

    async def is_right() -> bool:
        rows = await asyncio.to_thread(cluster.rows, pair)
        return all(each.rows == rows for each in readers)

    await until_async(is_right, 40)


def slow(*parts: str) -> Any:
    """Return a case that only `make test-slow` runs."""
    return pytest.param(parts, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    "also", [(), ALL, slow("redis"), slow("listener"), slow("gateway"), slow("api")]
)
async def test_a_standby_that_lags_is_another_stream(
    cluster: Cluster, pair: Pair, system: Restarted, also: tuple[str, ...]
) -> None:
    """I7: everyone is reset, though the new positions pass the old ones before anyone returns."""
    stays, away = system.reader(), system.reader()
    cluster.run(pair, (INSERT, ["kept", 4]))
    async with stays.connected():
        async with away.connected():
            await show(cluster, pair, stays)
            cluster.standby.catch_up()
            cluster.standby.fall_behind()
            cluster.run(pair, (INSERT, ["lost", 3]), (SHIP, ["lost"]))
            await show(cluster, pair, stays)
            await show(cluster, pair, away)
        system.kill(also)
        cluster.fail_over()
        cluster.run(pair, (INSERT, ["new", 5]), (SHIP, ["new"]))
        system.start(also)
        await show(cluster, pair, stays)
        async with away.connected():
            await show(cluster, pair, away)
            cluster.run(pair, (INSERT, ["later", 1]))
            await show(cluster, pair, stays)
            await show(cluster, pair, away)
    assert stays.resets == ["unknown_stream"]
    assert away.resets == ["unknown_stream"]


async def test_a_new_database_whose_standby_lags_is_another_stream(
    cluster: Cluster, pair: Pair, redis_url: Valkey
) -> None:
    """I7: the standby has no trace of the first listener, and nothing else knows what was lost."""
    cluster.standby.fall_behind()
    with Pipeline(pair, redis_url, start=forked) as pipeline:
        system = Restarted(pipeline)
        system.start()
        reader = system.reader()
        async with reader.connected():
            cluster.run(pair, (INSERT, ["lost", 3]))
            await show(cluster, pair, reader)
            cluster.run(pair, (SHIP, ["lost"]))
            await show(cluster, pair, reader)
        system.kill(ALL)
        cluster.fail_over()
        cluster.run(pair, (INSERT, ["new", 5]), (SHIP, ["new"]))
        system.start(ALL)
        async with reader.connected():
            await show(cluster, pair, reader)
    assert reader.resets == ["unknown_stream"]


@pytest.mark.parametrize(
    "also", [(), ("listener", "gateway"), slow("redis"), slow("listener"), slow("gateway", "api")]
)
async def test_a_standby_that_has_everything_is_the_same_stream(
    cluster: Cluster, pair: Pair, system: Restarted, also: tuple[str, ...]
) -> None:
    """I7: nothing was lost, so nobody is reset: Redis or the listener's memory proves it."""
    stays, away = system.reader(), system.reader()
    cluster.run(pair, (INSERT, ["kept", 4]))
    async with stays.connected():
        async with away.connected():
            await show(cluster, pair, stays)
            await show(cluster, pair, away)
        cluster.run(pair, (SHIP, ["missed"]))
        await show(cluster, pair, stays)
        cluster.standby.catch_up()
        system.kill(also)
        cluster.fail_over()
        cluster.run(pair, (INSERT, ["new", 5]), (SHIP, ["new"]))
        system.start(also)
        await show(cluster, pair, stays)
        async with away.connected():
            await show(cluster, pair, away)
    assert stays.resets == away.resets == []


def test_an_old_primary_that_lives_on_is_not_published(
    cluster: Cluster, pair: Pair, redis_url: Valkey
) -> None:
    """I8: one stream never has events of two servers, though a listener still follows the old."""
    old, new = cluster.primary, cluster.standby
    with Pipeline(pair, redis_url, start=forked) as pipeline:
        gateway = pipeline.gateway()
        stale = pipeline.listener(DATABASE_URL=_address(pair, old)).ready()
        with Follower(gateway.ready().ws_url) as follower:
            cluster.run(pair, (INSERT, ["kept", 2]))
            follower.until(2)
            new.catch_up()
            cluster.split()
            pipeline.listener(DATABASE_URL=_address(pair, new)).ready()
            until(lambda: "was promoted" in str(health(stale.port)[1].get("last_error")), 20)
            with psycopg.connect(_address(pair, old, pair.user)) as sql:
                sql.execute(INSERT.encode(), ["on the old primary", 3])
            cluster.run(pair, (INSERT, ["new", 2]))
            events = follower.until(4)
    assert [event["order"]["customer_name"] for event in events] == ["kept"] * 2 + ["new"] * 2


@pytest.mark.parametrize(
    "programs", [OLDEST_POSTGRES, pytest.param(None, marks=pytest.mark.slow)], ids=["15", "18"]
)
def test_a_standby_promoted_before_its_first_restartpoint(
    programs: Path | None, redis_url: Valkey
) -> None:
    """I3: it has no content of unlogged sequences, and the listener works nevertheless."""
    with closing(Postgres(programs=programs)) as primary, primary.standby() as standby:
        made = primary.create_empty_database()
        primary.load_schema(made)
        standby.catch_up()
        primary.kill()
        standby.promote()
        database = replace(made, port=standby.port)
        with Pipeline(database, redis_url, start=forked) as pipeline:
            gateway = pipeline.gateway()
            listener = pipeline.listener().ready()
            with Follower(gateway.ready().ws_url) as follower, database.connect() as sql:
                until(lambda: sql.execute("SELECT order_listener_hears()").fetchone() == (True,))
                sql.execute(INSERT.encode(), ["new", 2])
                follower.until(2)
            assert health(listener.port)[1]["sessions"] == 1


def _address(database: Database, server: Postgres, user: str = LISTENER_ROLE) -> str:
    return f"postgresql://{user}:{database.password}@{LOOPBACK}:{server.port}/{database.name}"


def test_an_older_backup_restored_while_everything_runs(
    pipeline: Pipeline, postgres: Postgres
) -> None:
    """I7: pg_restore alone makes it another stream; positions that repeat reach nobody unreset."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    database = pipeline.database
    with Follower(gateway.ready().ws_url) as follower, TemporaryDirectory() as folder:
        dump = f"{folder}/orders.dump"
        with database.connect() as sql:
            sql.execute(INSERT.encode(), ["kept", 2])
        follower.until(2)
        _run(postgres, "pg_dump", "--format=custom", f"--file={dump}", database.url)
        with database.connect() as sql:
            sql.execute(INSERT.encode(), ["lost", 3])
        follower.until(5)
        options = ["--clean", "--if-exists", "--single-transaction", "--no-owner"]
        _run(postgres, "pg_restore", *options, f"--dbname={database.url}", dump)
        with database.connect() as sql:
            sql.execute(INSERT.encode(), ["new", 4])
        assert follower.next("reset")["reason"] == "unknown_stream"
        stream = follower.hello["stream"]
        with Follower(gateway.ws_url, after=5, stream=stream) as away:
            assert away.next("reset")["reason"] == "unknown_stream"
        with database.connect() as sql:
            sql.execute(INSERT.encode(), ["later", 1])
        events = follower.until(7)
    assert events[-1]["order"]["customer_name"] == "later"


def _run(postgres: Postgres, program: str, *arguments: str) -> None:
    subprocess.run([str(postgres.program(program)), *arguments], check=True)


def test_commits_that_do_not_wait_for_the_disk(redis_url: Valkey) -> None:
    """I7: what a client has seen survives a crash: the listener's commits do wait."""
    server = Postgres(options={"synchronous_commit": "off", "wal_writer_delay": "10s"})
    try:
        database = server.create_database()
        with Pipeline(database, redis_url, start=forked) as pipeline:
            gateway = pipeline.gateway()
            pipeline.listener().ready()
            with Follower(gateway.ready().ws_url) as follower:
                for number in range(1, 4):
                    with database.connect() as sql:
                        sql.execute(INSERT.encode(), ["kept", 2])
                    follower.until(4 * number - 2)
                    server.kill()
                    server.start()
                    with database.connect() as sql:
                        sql.execute(INSERT.encode(), ["later", 2])
                    follower.until(4 * number, 20)
    finally:
        server.close()
    seen = [event["order"]["customer_name"] for event in follower.events]
    assert seen == ["kept", "kept", "later", "later"] * 3
