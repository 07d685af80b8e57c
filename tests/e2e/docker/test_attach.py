"""A database that is already there, in containers: ``docker compose run --rm orders attach``."""

import json
from collections.abc import Iterator

import httpx
import pytest
from docker.models.containers import Container

from harness.answers import ok
from harness.containers import ContainerStack, interruptible, run
from harness.follower import Follower
from harness.shops import MAIN, SHOP
from harness.waiting import until
from harness.world import stream_url, until_well

_PASSWORD = "of-the-owner"
_RUN = ("run", "--rm", "orders", "attach")


@pytest.fixture
def attached() -> Iterator[ContainerStack]:
    """Give the system without a database of its own; not started."""
    stack = ContainerStack("docker-compose.attach.yml")
    stack.settings = {"DATABASE_URL": f"postgresql://postgres:{_PASSWORD}@shop:5432/postgres"}
    with interruptible():
        try:
            stack.build()
            yield stack
        finally:
            stack.remove()


@pytest.fixture
def shop(attached: ContainerStack) -> Iterator[Container]:
    """Start the owner's database, at the name ``shop`` in the network that leads outside."""
    # The first command creates the networks; it finds no database yet.
    with pytest.raises(AssertionError, match="no connection to the database"):
        attached.compose(*_RUN, "--check")
    container = attached.docker.containers.run(
        "postgres:18-alpine",
        detach=True,
        name=f"{attached.project}-shop",
        network=f"{attached.project}_outside",
        networking_config={
            f"{attached.project}_outside": attached.docker.api.create_endpoint_config(
                aliases=["shop"]
            )
        },
        environment={"POSTGRES_PASSWORD": _PASSWORD},
    )
    try:
        # Over TCP: while the database is initialised, it listens on its Unix socket only.
        ready = ["pg_isready", "-q", "-h", "127.0.0.1"]
        until(lambda: container.exec_run(ready).exit_code == 0, 60, "the owner's database")
        psql(container, SHOP.read_text())
        yield container
    finally:
        container.remove(force=True, v=True)


def psql(container: Container, sql: str) -> str:
    """Run SQL in the owner's database; return what psql printed."""
    command = ["psql", "-h", "127.0.0.1", "-U", "postgres", "-XqAt", "-v", "ON_ERROR_STOP=1"]
    status, output = run(container, *command, "-c", sql, environment={"PGPASSWORD": _PASSWORD})
    assert status == 0, output
    return output.strip()


def test_an_existing_database_becomes_live(attached: ContainerStack, shop: Container) -> None:
    """Unattached, nothing starts and the reason is said; attached, its rows are live."""
    with pytest.raises(AssertionError, match="attached"):
        attached.start()
    said = attached.compose("logs", "--no-log-prefix", "attached")
    assert "run `orders attach`" in said
    said = attached.compose(*_RUN, *MAIN, "--yes")
    assert "Triggers on sales.sales_order" in said
    attached.start()
    until_well(attached)
    assert attached.containers("db") == []
    with httpx.Client(base_url=attached.edge) as api, Follower(stream_url(attached)) as follower:
        assert len(ok(api.get("/api/orders"))["orders"]) == 40
        psql(shop, "UPDATE sales.sales_order SET state = 'sent' WHERE sales_order_id = 4")
        (event,) = follower.until(follower.position + 1, 30)
    assert (event["order_id"], event["order"]["state"]) == (4, "sent")
    exported = attached.compose("run", "--rm", "orders", "export")
    assert exported.count("Buyer") == 40
    attached.stop()
    assert "Detached" in attached.compose(*_RUN, "--detach", "--yes")
    tables = psql(shop, "SELECT count(*) FROM pg_class WHERE relname LIKE 'order\\_%'")
    assert tables == "0"


def test_only_api_and_listener_reach_it() -> None:
    """I9: gateway, edge and Redis get neither the address of the database nor a way to it."""
    stack = ContainerStack("docker-compose.attach.yml")
    stack.settings = {"DATABASE_URL": "postgresql://a:b@c/d"}
    try:
        text = stack.compose("--profile", "tools", "config", "--format", "json")
    finally:
        stack.docker.close()
    services = json.loads(text)["services"]
    reaching = {name for name, each in services.items() if "outside" in each["networks"]}
    assert reaching == {"api", "listener", "orders", "attached"}
    holders = {
        name for name, each in services.items() if "DATABASE_URL" in each.get("environment", {})
    }
    assert holders == reaching
    assert "db" not in services
