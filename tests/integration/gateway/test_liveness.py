"""A gateway shows as live only what the database confirmed within seconds, end to end (I7)."""

import asyncio

import pytest
from websockets.exceptions import InvalidStatus

from harness.follower import Follower
from harness.pipeline import Pipeline, health
from harness.processes import LOOPBACK
from harness.proxy import Proxy
from harness.redis_log import write
from harness.waiting import until

pytestmark = pytest.mark.anyio


async def test_a_half_open_database_ends_freshness(pipeline: Pipeline) -> None:
    """While PostgreSQL does not answer and Redis does: no heartbeats, health 503 within 10 s."""
    proxy = Proxy(pipeline.database.port)
    await proxy.open()
    try:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(_freeze_and_thaw, pipeline, proxy, loop)
    finally:
        await proxy.close()


def _freeze_and_thaw(pipeline: Pipeline, proxy: Proxy, loop: asyncio.AbstractEventLoop) -> None:
    listener = pipeline.listener(DB_PORT=str(proxy.port))
    gateway = pipeline.gateway(HEARTBEAT_INTERVAL_S="0.2")
    listener.ready()
    with Follower(gateway.ready().ws_url) as follower:
        follower.next("heartbeat")
        loop.call_soon_threadsafe(proxy.freeze)
        until(lambda: health(gateway.port)[0] == 503, 10, "health says down")
        with pytest.raises(InvalidStatus) as refused, Follower(gateway.ws_url):
            pass
        assert refused.value.response.status_code == 503
        with pytest.raises(TimeoutError):
            _read_until_silence(follower)
        loop.call_soon_threadsafe(proxy.thaw)
        assert follower.receive(20)
    gateway.ready()


@pytest.mark.parametrize("service", ["gateway", "listener"])
async def test_a_half_open_redis_is_given_up(pipeline: Pipeline, service: str) -> None:
    """I3, I7: a proxy keeps connections to Redis and passes nothing on; new ones work.

    The client gets every event within 10 s, without reconnecting.
    """
    proxy = Proxy(pipeline.valkey.port)
    await proxy.open()
    try:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(_abandon_and_recover, pipeline, service, proxy, loop)
    finally:
        await proxy.close()


def _abandon_and_recover(
    pipeline: Pipeline, service: str, proxy: Proxy, loop: asyncio.AbstractEventLoop
) -> None:
    through = {service: {"REDIS_URL": f"redis://{LOOPBACK}:{proxy.port}/0"}}
    listener = pipeline.listener(**through.get("listener", {}))
    gateway = pipeline.gateway(**through.get("gateway", {}))
    listener.ready()
    with Follower(gateway.ready().ws_url) as follower:
        write(pipeline, 1)
        follower.until(1)
        loop.call_soon_threadsafe(proxy.abandon)
        write(pipeline, 2)
        follower.until(3, 12)
        assert [event["position"] for event in follower.events] == [1, 2, 3]
    listener.ready()
    gateway.ready()


def _read_until_silence(follower: Follower) -> None:
    while True:
        follower.receive(1)
