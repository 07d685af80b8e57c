"""Errors in REDIS_URL for several servers, each in one sentence."""

from collections.abc import Iterator, Mapping

import pytest
from redis.exceptions import RedisError

from harness.ports import free_port
from harness.processes import LOOPBACK
from harness.redis_groups import Cluster, Sentinels, debian_redis
from harness.valkey import Valkey
from orders_service import redis_errors
from orders_service.redis_client import redis_client
from orders_service.redis_servers import RedisServers

pytestmark = pytest.mark.anyio

ASKING = "asking the Sentinels: "


@pytest.fixture(scope="module")
def places() -> Iterator[Mapping[str, str]]:
    """Start servers of every kind; yield their addresses."""
    watched = Sentinels(debian_redis(), password="server", sentinel_password="sentinel")
    with watched, Cluster() as cluster:
        plain, locked = Valkey(), Valkey("--requirepass", "server")
        yield {
            "sentinels": ",".join(f"{LOOPBACK}:{port}" for port in watched.ports),
            "sentinel": f"{LOOPBACK}:{watched.ports[0]}",
            "replica": f"{LOOPBACK}:{watched.members[1].port}",
            "other_node": f"{LOOPBACK}:{cluster.replica().port}",
            "cluster": f"{LOOPBACK}:{cluster.members[0].port}",
            "plain": f"{LOOPBACK}:{plain.port}",
            "locked": f"{LOOPBACK}:{locked.port}",
            "closed": f"{LOOPBACK}:{free_port()}",
        }
        plain.stop()
        locked.stop()


async def said(url: str, sentinel_password: str = "") -> str:
    """Return what a process says of a Redis that it writes to; nothing if it can."""
    servers = RedisServers.parse(url, sentinel_password=sentinel_password)
    async with redis_client(servers, timeout_s=2) as client:
        try:
            await client.hset(servers.names.head, "position", "1")
            await client.delete(servers.names.head)
        except (RedisError, OSError) as exc:
            return redis_errors.explain(exc)
    return ""


async def test_right_urls(places: Mapping[str, str]) -> None:
    """Sentinels and servers have passwords of their own; one node is enough to find a cluster."""
    watched = f"redis+sentinel://:server@{places['sentinels']}/mymaster/0"
    assert await said(watched, "sentinel") == ""
    assert await said(f"{watched}?sentinel_password=sentinel") == ""
    assert await said(f"redis+cluster://{places['closed']},{places['cluster']}") == ""


@pytest.mark.parametrize(
    ("url", "sentinel_password", "sentence"),
    [
        (
            "redis+sentinel://:server@{sentinels}/mymaster",
            "",
            f"{ASKING}Redis asks for a password: set REDIS_SENTINEL_PASSWORD",
        ),
        ("redis+sentinel://:server@{sentinels}/mymaster", "no", f"{ASKING}Redis refuses"),
        ("redis+sentinel://:no@{sentinels}/mymaster", "sentinel", "Redis refuses the user"),
        ("redis+sentinel://:server@{sentinels}/other", "sentinel", "know no primary by that name"),
        ("redis+sentinel://{plain}/mymaster", "", f"{ASKING}what listens there is no Sentinel"),
        ("redis+sentinel://{closed}/mymaster", "", f"{ASKING}nothing listens"),
        ("rediss+sentinel://{sentinels}/mymaster", "sentinel", f"{ASKING}Redis does not answer"),
        ("redis://:sentinel@{sentinel}", "", "a Sentinel needs redis+sentinel://"),
        ("redis://:server@{replica}", "", "the server is a replica"),
        ("redis://{other_node}", "", "a cluster needs redis+cluster://"),
        ("redis+cluster://{plain}", "", "the server is not a node of a cluster"),
        ("redis+cluster://{locked}", "", "Redis asks for a password: set REDIS_PASSWORD"),
        ("redis+cluster://{closed}", "", "nothing listens at the address of Redis"),
        ("rediss+cluster://{cluster}", "", "Redis does not answer"),
    ],
)
async def test_what_is_wrong(
    places: Mapping[str, str], url: str, sentinel_password: str, sentence: str
) -> None:
    """The sentence names the cause and the setting, neither addresses nor passwords."""
    text = await said(url.format(**places), sentinel_password)
    assert sentence in text
    assert not [place for place in places.values() if place in text]
    assert len(text) < 150
