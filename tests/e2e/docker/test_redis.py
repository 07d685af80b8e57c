"""A Redis that is already there, in containers: ``docker-compose.redis.yml``."""

from collections.abc import Iterator

import httpx
import pytest

from harness.containers import ContainerStack, interruptible, run
from harness.follower import Follower
from harness.world import stream_url, until_well

_PASSWORD = "of-the-cache"


@pytest.fixture
def stack() -> Iterator[ContainerStack]:
    """Give the system with a Redis that is not its own; not started."""
    stack = ContainerStack("docker-compose.redis.yml")
    stack.settings = {
        "REDIS_URL": f"redis://:{_PASSWORD}@cache:6379/0",
        "INTERNAL_SECRET": "between-gateways-and-the-api-0123456789",
    }
    with interruptible():
        try:
            stack.build()
            yield stack
        finally:
            stack.remove()


def test_changes_travel_through_it(stack: ContainerStack) -> None:
    """Every service uses the Redis of REDIS_URL, and no container redis runs."""
    stack.compose("up", "--no-start")
    network = f"{stack.project}_cache"
    aliases = stack.docker.api.create_endpoint_config(aliases=["cache"])
    cache = stack.docker.containers.run(
        "redis:8-alpine",
        ["redis-server", "--requirepass", _PASSWORD],
        detach=True,
        name=f"{stack.project}-cache-outside",
        network=network,
        networking_config={network: aliases},
    )
    try:
        stack.start()
        until_well(stack)
        assert stack.containers("redis") == []
        with httpx.Client(base_url=stack.edge) as api, Follower(stream_url(stack)) as follower:
            made = api.post("/api/orders", json={"customer_name": "Ann", "product_name": "Lamp"})
            assert made.status_code == 201, made.text
            (event,) = follower.until(follower.position + 1, 30)
        assert event["order"]["customer_name"] == "Ann"
        authentication = {"REDISCLI_AUTH": _PASSWORD}
        asked = run(cache, "redis-cli", "XLEN", "orders:log", environment=authentication)
        assert asked == (0, "1\n")
    finally:
        cache.remove(force=True, v=True)
