"""Containers that end and start again: by themselves, on request, with and without data."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from docker.models.containers import Container

from harness.containers import ContainerStack, run
from harness.follower import Follower
from harness.processes import LOOPBACK
from harness.waiting import until
from harness.world import head, insert, stream_url, until_well

EARLIER = Path(__file__).parents[2] / "earlier" / "init.sql"
SERVICES = ("db", "redis", "api", "listener", "gateway", "edge")
STOPPED_WITHIN_S = 9.0
"""By default Docker kills a container that takes longer than 10 s to stop."""


@pytest.mark.parametrize("service", SERVICES)
def test_stops_when_asked(containers: ContainerStack, service: str) -> None:
    """Each container stops in time with status 0, while clients are connected."""
    until_well(containers)
    name = f"{service}-1"
    container = containers.container(name)
    with Follower(stream_url(containers)):
        began = time.monotonic()
        container.stop(timeout=30)
        took_s = time.monotonic() - began
    assert container.wait()["StatusCode"] == 0
    assert took_s < STOPPED_WITHIN_S
    container.start()
    containers.until_healthy(name)


@pytest.mark.parametrize("service", ["redis", "api", "listener", "gateway", "edge"])
def test_engine_restarts_a_container(containers: ContainerStack, service: str) -> None:
    """I3: the engine restarts a process that ends by itself."""
    until_well(containers)
    name = f"{service}-1"
    before = int(containers.container(name).attrs["RestartCount"])
    container = containers.container(name)
    container.exec_run(["sh", "-c", "kill -TERM 1"])

    def restarted() -> bool:
        return int(containers.container(name).attrs["RestartCount"]) > before

    until(restarted, 30, f"{name} is started again")
    containers.until_healthy(name)
    until_well(containers)


def test_down_and_up_keep_everything(containers: ContainerStack) -> None:
    """I7: orders, log and stream outlive the containers; a returning client misses nothing."""
    until_well(containers)
    with Follower(stream_url(containers)) as follower:
        stream, position = follower.hello["stream"], follower.position
    insert(containers, "before the end", 3)
    orders, log = containers.psql("SELECT count(*) FROM orders"), head(containers)
    containers.stop()
    assert containers.containers() == []
    containers.start()
    assert containers.psql("SELECT count(*) FROM orders") == orders
    assert head(containers) == log
    with Follower(stream_url(containers), after=position, stream=stream) as follower:
        assert follower.hello["stream"] == stream
        events = follower.until(log)
    assert [event["order"]["product_name"] for event in events] == ["before the end"] * 3


def test_down_with_volumes_starts_a_new_stream(containers: ContainerStack) -> None:
    """I7: without its data the system has a new stream, and a client of the old one is reset."""
    until_well(containers)
    insert(containers, "of another time")
    head(containers)
    with Follower(stream_url(containers)) as follower:
        stream, position = follower.hello["stream"], follower.position
    containers.erase()
    containers.start()
    assert containers.psql("SELECT count(*) FROM orders") == "0"
    with Follower(stream_url(containers), after=position, stream=stream) as follower:
        assert follower.hello["stream"] != stream
        assert follower.next("reset")["reason"] == "unknown_stream"
        insert(containers, "of this time")
        events = follower.until(head(containers))
    assert [event["order"]["product_name"] for event in events] == ["of this time"]


def test_upgraded_while_it_runs(containers: ContainerStack) -> None:
    """An upgrade may run at any time: no event is lost."""
    until_well(containers)
    with Follower(stream_url(containers)) as follower:
        insert(containers, "before")
        assert containers.run("db-1", "upgrade-orders") == (0, "")
        insert(containers, "after")
        events = follower.until(head(containers))
    assert [event["order"]["product_name"] for event in events] == ["before", "after"]


def test_database_of_an_earlier_version(containers: ContainerStack) -> None:
    """I1, I2: a database of the first version for containers is upgraded, and nothing is lost.

    That version had no roles but the owner. One change is in its log, one in its outbox.
    """
    until_well(containers)
    for name in ("api-1", "listener-1"):
        containers.container(name).stop()
    _as_superuser(containers, "DROP DATABASE orders WITH (FORCE)")
    _as_superuser(containers, "DROP ROLE orders_api, orders_listener")
    _as_superuser(containers, "CREATE DATABASE orders OWNER orders")
    containers.psql(EARLIER.read_text())
    insert(containers, "told")
    containers.psql("SELECT take_order_events()")
    insert(containers, "waiting")
    stream = containers.psql("SELECT id FROM order_stream")
    containers.restart("redis-1")

    assert containers.run("db-1", "upgrade-orders") == (0, "")
    for name in ("api-1", "listener-1"):
        containers.container(name).start()
        containers.until_healthy(name)
    until_well(containers)
    answer = httpx.post(
        f"{containers.edge}/api/orders", json={"customer_name": "e2e", "product_name": "new"}
    )
    assert answer.json()["id"] == 3
    with Follower(stream_url(containers), after=0, stream=stream) as follower:
        events = follower.until(head(containers))
    products = [event["order"]["product_name"] for event in events]
    assert products == ["told", "waiting", "new"]
    assert [event["position"] for event in events] == [1, 2, 3]


def _as_superuser(stack: ContainerStack, sql: str) -> None:
    command = ["psql", "-U", "postgres", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c", sql]
    status, output = stack.run("db-1", *command)
    assert status == 0, output


def test_password_from_the_environment(containers: ContainerStack) -> None:
    """DB_PASSWORD of the first start is the owner's password, with any characters."""
    password = 'it\'s $HOME \\ "quoted"'
    with _running(containers, "db", environment={"DB_PASSWORD": password}) as database:
        ready = ["pg_isready", "-q", "-h", LOOPBACK, "-U", "orders", "-d", "orders"]
        until(lambda: database.exec_run(ready).exit_code == 0, 60, "the database is ready")
        database.reload()
        # Not by the loopback, where the official image asks for no password.
        address = str(database.attrs["NetworkSettings"]["IPAddress"])
        ask = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        command = ["psql", "-h", address, "-U", "orders", "-d", "orders", "-Atc", ask]
        answers = [
            run(database, *command, environment={"PGPASSWORD": given})
            for given in (password, "wrong")
        ]
    assert answers[0] == (0, "f\n")
    assert answers[1][0] == 2


@contextmanager
def _running(stack: ContainerStack, service: str, **options: Any) -> Iterator[Container]:
    """Run another container of a service's image by itself, and remove it."""
    image = stack.container(f"{service}-1").image
    assert image is not None
    labels = {"com.docker.compose.project": stack.project}
    container = stack.docker.containers.run(image, detach=True, labels=labels, **options)
    try:
        yield container
    finally:
        container.remove(force=True, v=True)
