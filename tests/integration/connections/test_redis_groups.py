"""Redis with Sentinel, and a cluster: nothing is lost when a replica takes over."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import SIGCONT, SIGSTOP

import pytest

from harness.follower import Follower
from harness.forked import forked
from harness.pipeline import Pipeline, Service, health
from harness.redis_groups import Cluster, Group, Sentinels, debian_redis
from harness.redis_log import INSERT, positions, write
from harness.resuming_clients import ResumingClients
from harness.servers import Database
from harness.waiting import until

GROUPS: dict[str, Callable[[], Group]] = {
    "sentinel": lambda: Sentinels(debian_redis()),
    "cluster": Cluster,
}


@pytest.fixture(scope="module", params=GROUPS)
def group(request: pytest.FixtureRequest) -> Iterator[Group]:
    """Start Redis with Sentinel, or a cluster of Valkey."""
    with GROUPS[request.param]() as started:
        yield started


@pytest.fixture
def pipeline(group: Group, database: Database) -> Iterator[Pipeline]:
    """Provide listener, gateways and API around a database and the servers."""
    group.settle()
    with Pipeline(database, group.members[0], start=forked) as started:
        yield started


def started(pipeline: Pipeline, group: Group) -> tuple[Service, Service, Service]:
    """Start API, listener and gateway."""
    redis = {"REDIS_URL": group.url}
    api = pipeline.api(**redis)
    listener = pipeline.listener(**redis).ready()
    return api, listener, pipeline.gateway(**redis, API_URL=api.url).ready()


@contextmanager
def load(database: Database) -> Iterator[None]:
    """Commit some hundred orders a second; more would make clients slow on a busy machine."""
    stop = threading.Event()

    def write() -> None:
        with database.connect() as sql:
            while not stop.wait(0.002):
                sql.execute(INSERT)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def newest(database: Database) -> int:
    """Return the newest position, once every change has one."""
    with database.connect() as sql:
        until(lambda: sql.execute("SELECT count(*) FROM order_outbox").fetchone() == (0,), 20)
        row = sql.execute("SELECT max(position) FROM order_events").fetchone()
    assert row is not None
    return int(row[0])


def test_a_replica_takes_over_under_load(pipeline: Pipeline, group: Group) -> None:
    """I3, I7: a replica is promoted in order, then another one since the primary was killed.

    Every client gets every event once and in order, without a reset.
    """
    api, listener, gateway = started(pipeline, group)
    with ResumingClients(gateway.ws_url, 20) as clients:
        with load(pipeline.database):
            clients.until(100)
            before = group.leader()
            group.fail_over()
            again = group.wait_for_another(before)
            clients.until(max(each.position for each in clients.members) + 100)
            group.settle()
            again.stop()
            group.wait_for_another(again)
        clients.until(newest(pipeline.database))
        clients.check()
    again.start()
    assert positions(group)[-1] == newest(pipeline.database)
    until(lambda: health(api.port, "/api/health")[1]["status"] == "ok", 10, "health is ok")
    assert "Traceback" not in listener.process.output() + gateway.process.output()


def test_a_promoted_replica_lacks_the_newest_batches(pipeline: Pipeline, group: Group) -> None:
    """I3, I7: the listener publishes them again; a client, connected or new, notices nothing."""
    _, listener, gateway = started(pipeline, group)
    with Follower(gateway.ws_url) as follower:
        write(pipeline, 20)
        follower.until(20)
        before = group.settle()
        with group.without_replication():
            write(pipeline, 30)
            follower.until(50)
            listener.process.signal(SIGSTOP)  # the gateway sees the replica first
            before.stop()
        group.wait_for_another(before)
        until(lambda: "redis_behind" in gateway.process.output(), 40, "the gateway is ahead")
        listener.process.signal(SIGCONT)
        write(pipeline, 10)
        follower.until(60, 30)
    before.start()
    assert [each["position"] for each in follower.events] == list(range(1, 61))
    assert positions(group) == list(range(1, 61))


def test_the_slot_of_the_stream_is_moved(database: Database) -> None:
    """I3, I7: listener and gateway follow the keys to another shard; a client notices nothing."""
    with Cluster() as cluster, Pipeline(database, cluster.members[0]) as pipeline:
        _, listener, gateway = started(pipeline, cluster)
        with Follower(gateway.ws_url) as follower:
            write(pipeline, 20)
            follower.until(20)
            cluster.move_slot()
            write(pipeline, 20)
            follower.until(40, 30)
        assert [each["position"] for each in follower.events] == list(range(1, 41))
        assert positions(cluster)[-1] == 40
        assert "Traceback" not in listener.process.output() + gateway.process.output()
