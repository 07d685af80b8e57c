"""Gateways fed directly from Valkey, and the CPU time of their deliveries."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

from bench.feed import Feed, ValkeyOutlet
from bench.load.control import Crowd, State
from bench.usage import meter, pin
from harness.pipeline import Service
from harness.ports import free_port
from harness.processes import LOOPBACK
from harness.valkey import Valkey
from harness.waiting import until

REST_S = 0.02
"""Pause of the clients between two reads, so that hardly any send has to wake a receiver. Over the
loopback, waking takes up to a third of a server's CPU time; over a network it takes none."""


class Fed(Protocol):
    """Servers that forward a feed to a crowd of clients."""

    @property
    def feed(self) -> Feed:
        """The source of the servers' batches."""

    @property
    def crowd(self) -> Crowd:
        """The servers' clients."""

    @property
    def pids(self) -> list[int]:
        """The process ids of the servers."""


@dataclass
class Fan:
    """A feed, the gateways it feeds, and their clients."""

    valkey: Valkey
    feed: Feed
    gateways: list[Service]
    crowd: Crowd

    @property
    def ports(self) -> list[int]:
        """The ports of the gateways."""
        return [gateway.port for gateway in self.gateways]

    @property
    def pids(self) -> list[int]:
        """The process ids of the gateways."""
        return [gateway.process.pid for gateway in self.gateways]


@dataclass(frozen=True)
class Cost:
    """The number of deliveries, and the servers' CPU time for them."""

    cpu_s: float
    events: int
    frames: int
    doubt: str

    @property
    def per_delivery_us(self) -> float:
        """CPU time for one event to one client, in microseconds."""
        return self.cpu_s / self.events * 1e6 if self.events else 0.0


@contextmanager
def fan(gateways: int = 1) -> Iterator[Fan]:
    """Start Valkey, a feed, gateways on one core, and a crowd on the other."""
    with ExitStack() as open_:
        valkey = Valkey()
        open_.callback(valkey.stop)
        feed = open_.enter_context(Feed(ValkeyOutlet(valkey)))
        started = [_gateway(valkey) for _ in range(gateways)]
        for gateway in started:
            open_.enter_context(gateway.process)
        for gateway in started:
            gateway.ready()
        pin(0, [gateway.process.pid for gateway in started])
        crowd = open_.enter_context(Crowd(core=1))
        yield Fan(valkey, feed, started, crowd)


def _gateway(valkey: Valkey) -> Service:
    port = free_port()
    env = {
        "REDIS_URL": valkey.url,
        "WS_PORT": str(port),
        "API_URL": f"http://{LOOPBACK}:9",
        "MAX_CONNECTIONS": "20000",
    }
    return Service("orders_gateway", port, env)


def cost(fed: Fed, batches_per_s: float, events_per_batch: int, seconds: float) -> Cost:
    """Feed for some seconds after a warm-up; return the cost."""
    fed.crowd.rest(REST_S)
    fed.feed.rate(batches_per_s, events_per_batch)
    time.sleep(min(1.0, seconds / 3))  # warm-up; there is no condition to wait for
    before = fed.crowd.mark()
    used = meter(*fed.pids)
    time.sleep(seconds)  # the measurement itself
    after, cpu_s = fed.crowd.state(), used().cpu_s
    fed.feed.rate(0)
    fed.crowd.rest(0)
    settle(fed.crowd)
    doubt = after.doubt(before) if after.events else "nothing arrived"
    return Cost(cpu_s, after.events, after.frames, doubt)


def settle(crowd: Crowd, within_s: float = 20) -> State:
    """Wait until all clients have the same position and receive nothing more."""
    seen = -1

    def quiet() -> State | None:
        nonlocal seen
        state = crowd.state()
        still, seen = state.events == seen, state.events
        return state if still and state.lowest == state.highest else None

    return until(quiet, within_s, "the clients have everything") or crowd.state()


def worst(costs: Sequence[Cost]) -> str:
    """Return the first reason to doubt one of these measurements, or ""."""
    return next((each.doubt for each in costs if each.doubt), "")
