"""The system under test: real processes, each of which faults can reach."""

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals
from typing import TypeVar

from harness.forked import forked
from harness.pipeline import Service, health
from harness.ports import free_port
from harness.processes import LOOPBACK, service
from harness.proxy import Proxy, RedisProxy
from harness.redis_groups import Cluster, Group, Sentinels
from harness.servers import Postgres
from harness.signing import ASKING
from harness.valkey import Valkey
from harness.waiting import under_load
from orders_contract.names import RedisNames
from prove.hands import by_hand

T = TypeVar("T")

SERVER = {"max_notify_queue_pages": "64"}
"""Settings of PostgreSQL: a queue of notifications that a fault can fill."""
_TRACEBACK = re.compile(
    r"^(?:  \+ Exception Group )?Traceback .*\n(?:[ \t].*\n|\n)*(\S.*)", re.MULTILINE
)
_READY_WITHIN_S = 60.0
WELL_AGAIN_WITHIN_S = 60.0
_TESTS = Path(__file__).resolve().parent.parent
_GATEWAY = {
    "HEARTBEAT_INTERVAL_S": "1",
    # Small, so that slow clients fall behind the ring and are conflated.
    "RING_MAX_EVENTS": "400",
    "CONFLATE_AFTER_EVENTS": "100",
    "UNSENT_MAX_BYTES": "8192",
}
_ACCESS = {**ASKING, "REQUESTS_PER_SECOND": "10000", "REQUESTS_BURST": "10000"}


GROUPS: Mapping[str, Callable[[], Group]] = {"sentinel": Sentinels, "cluster": Cluster}
"""What may stand in the place of the one Valkey."""


class Member:
    """One service of the system; it may be restarted on the same port."""

    def __init__(self, name: str, module: str, env: Mapping[str, str], path: str) -> None:
        """``start`` starts it. ``path`` is that of its health page."""
        self.name = name
        self._module = module
        inherited = os.environ.get("PYTHONPATH", "")
        self._env = {**env, "PYTHONPATH": os.pathsep.join([str(_TESTS), inherited])}
        self._path = path
        self._service: Service | None = None
        self._frozen = False
        self.port = free_port()
        self.output: list[str] = []

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._service is None:
            port = {"orders_listener": "LISTENER_PORT", "orders_gateway": "WS_PORT"}
            name = port.get(self._env["PROVEN_AS"], "API_PORT")
            # A planted bug is found by PYTHONPATH, which only a new interpreter reads.
            start = forked if self._module == self._env["PROVEN_AS"] else service
            env = {**self._env, name: str(self.port)}
            self._service = Service(self._module, self.port, env, start=start)

    def signal(self, number: Signals) -> None:
        """Send a signal, unless it has ended."""
        if self._service is not None:
            self._service.process.signal(number)
            self._frozen = number is SIGSTOP

    def end(self, number: Signals = SIGTERM) -> None:
        """End it and keep its output."""
        service, self._service = self._service, None
        if service is None:
            return
        service.process.signal(SIGCONT)
        service.process.signal(number)
        try:
            service.process.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.output.append("--- did not end within 10 s")
            service.process.kill()
        self.output.append(service.process.output())
        service.process.__exit__(None, None, None)

    def wake(self) -> None:
        """Start or continue it if it does not run."""
        if self._service is not None and not self._service.process.running:
            self.output.append(f"--- ended by itself: {self._service.process.popen.poll()}")
            self.end()
        self.start()
        if self._frozen:
            self.signal(SIGCONT)

    def well(self) -> bool:
        """Return whether its health page answers 200."""
        return health(self.port, self._path)[0] == 200

    def page(self) -> str:
        """Return its health page as text."""
        code, content = health(self.port, self._path)
        return f"{code} {content}"

    def failures(self) -> list[str]:
        """Return the errors that it did not expect."""
        return unexpected_errors(self.said())

    def said(self) -> str:
        """Return the output of all its processes."""
        now = "" if self._service is None else self._service.process.output()
        return "\n--- another life\n".join([*self.output, now])


class System:
    """Two listeners, three gateways and an API around one PostgreSQL and one Valkey.

    Listeners reach PostgreSQL and gateways reach Redis through proxies for the faults. ``planted``
    maps services to modules that run in their place. ``redis`` names one of GROUPS in the place of
    Valkey; gateways then reach it without proxies.
    """

    def __init__(self, postgres: Postgres, planted: Mapping[str, str], redis: str = "") -> None:
        """Create a database and start Valkey; services start with ``start``."""
        self._planted = planted
        self.postgres = postgres
        self.replayed = 0
        """The log has been checked up to here and may be pruned."""
        self.database = postgres.create_database()
        self.group = GROUPS[redis]() if redis else None
        self._valkeys = self.group.members if self.group else [Valkey()]
        self.listener_proxies = [Proxy(postgres.port) for _ in range(2)]
        self.gateway_proxies = [] if redis else [RedisProxy(self.valkey.port) for _ in range(3)]
        self.listeners: list[Member] = []
        self.gateways: list[Member] = []
        self.api = self._member("api", "orders_api", self._with_database(None), "/api/health")

    @property
    def valkey(self) -> Valkey:
        """The server that takes the writes of the stream."""
        return self.group.leader() if self.group else self._valkeys[0]

    @property
    def names(self) -> RedisNames:
        """The names of keys and channels."""
        return self.group.names if self.group else self.valkey.names

    @property
    def _redis_url(self) -> str:
        return self.group.url if self.group else self.valkey.url

    @property
    def members(self) -> list[Member]:
        """All services."""
        return [self.api, *self.listeners, *self.gateways]

    @property
    def ws_urls(self) -> list[str]:
        """The addresses for WebSocket clients."""
        return [f"ws://{LOOPBACK}:{gateway.port}/ws" for gateway in self.gateways]

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return f"http://{LOOPBACK}:{self.api.port}"

    async def start(self) -> None:
        """Start everything and wait until all health pages answer 200."""
        for proxy in (*self.listener_proxies, *self.gateway_proxies):
            await proxy.open()
        for number, proxy in enumerate(self.listener_proxies, start=1):
            env = self._with_database(proxy) | {"LISTENER_ID": f"listener-{number}"}
            self.listeners.append(
                self._member(f"listener-{number}", "orders_listener", env, "/health")
            )
        urls = [f"redis://{LOOPBACK}:{proxy.port}/0" for proxy in self.gateway_proxies]
        for number, url in enumerate(urls or [self._redis_url] * 3, start=1):
            env = {**_GATEWAY, "REDIS_URL": url, "GATEWAY_ID": f"gateway-{number}"}
            env["API_URL"] = self.api_url
            self.gateways.append(
                self._member(f"gateway-{number}", "orders_gateway", env, "/health")
            )
        await self._make_well(_READY_WITHIN_S)

    async def heal(self) -> float:
        """Undo every fault; return the seconds until all health pages answer 200."""
        # Sentinel tries a fail-over that failed again after some 10 s, and then more rarely.
        return await self._make_well(WELL_AGAIN_WITHIN_S * (2 if self.group else 1))

    async def _make_well(self, within_s: float) -> float:
        began = time.monotonic()
        self.postgres.thaw()
        for valkey in self._valkeys:
            if not valkey.running:
                await by_hand(valkey.start)
            valkey.thaw()
        for proxy in (*self.listener_proxies, *self.gateway_proxies):
            proxy.thaw()
            if isinstance(proxy, RedisProxy):
                proxy.to_lose = 0
        for member in self.members:
            await by_hand(member.wake)
        while not await self._all_well():
            if time.monotonic() - began > under_load(within_s):
                unwell = [f"{m.name} {m.page()}" for m in self.members if not m.well()]
                raise NotWellError(unwell, time.monotonic() - began)
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def restore(self, restore: Callable[[], T], *, redis_too: bool) -> T:
        """Restore the database as an administrator would; return the result of ``restore``.

        No listener runs meanwhile. With ``redis_too`` Redis restarts empty.
        """
        for listener in self.listeners:
            await by_hand(listener.end)
        restored = await by_hand(restore)
        if redis_too:
            for valkey in self._valkeys:
                await by_hand(valkey.stop)
        await self.heal()
        return restored

    async def close(self) -> None:
        """End everything."""
        for member in self.members:
            member.signal(SIGCONT)
            member.signal(SIGTERM)
        for member in reversed(self.members):
            await by_hand(member.end, SIGKILL)
        for proxy in (*self.listener_proxies, *self.gateway_proxies):
            await proxy.close()
        if self.group:
            self.group.close()
        else:
            self.valkey.stop()

    async def _all_well(self) -> bool:
        found = await asyncio.gather(*[by_hand(m.well) for m in self.members])
        return all(found)

    def _member(self, name: str, module: str, env: Mapping[str, str], path: str) -> Member:
        env = {"REDIS_URL": self._redis_url, **_ACCESS, **env, "PROVEN_AS": module}
        return Member(name, self._planted.get(module, module), env, path)

    def _with_database(self, proxy: Proxy | None) -> dict[str, str]:
        environ = self.database.environ()
        return environ if proxy is None else {**environ, "DB_PORT": str(proxy.port)}


def unexpected_errors(log: str) -> list[str]:
    """Return the last line of each traceback in a log: what a service expects, it explains."""
    return [found[1] for found in _TRACEBACK.finditer(log)]


class NotWellError(AssertionError):
    """Services are not well although no fault is active."""

    def __init__(self, names: list[str], after_s: float) -> None:
        super().__init__(f"not well {after_s:.0f} s after the last fault: {names}")
