"""Listener, gateways and API as processes around a database and a Valkey."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from prometheus_client.parser import text_string_to_metric_families

from harness.forked import forked
from harness.ports import free_port
from harness.processes import LOOPBACK, Process, service
from harness.roles import API_ROLE, LISTENER_ROLE
from harness.servers import Database, Postgres
from harness.valkey import Valkey
from harness.waiting import BUSY, until

_WITHIN_S = 5 * BUSY
Start = Callable[[str, Mapping[str, str]], Process]
"""Starts a service by the name of its module, with settings."""


def health(port: int, path: str = "/health") -> tuple[int, dict[str, Any]]:
    """Return status code and content of a health page; 0 and {} without an answer."""
    try:
        with urllib.request.urlopen(
            f"http://{LOOPBACK}:{port}{path}", timeout=_WITHIN_S
        ) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
    except OSError:
        return 0, {}


def scrape(port: int) -> dict[tuple[str, ...], float]:
    """Return the metrics of a service: values by name and label values, sorted by label."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=_WITHIN_S) as response:
        text = response.read().decode()
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Service:
    """A running service and its port."""

    def __init__(
        self, module: str, port: int, env: dict[str, str], *, start: Start = service
    ) -> None:
        """Start the service; ``ready`` waits for it."""
        self.port = port
        self.process = start(module, env)

    def ready(self) -> Self:
        """Wait until the service's health page answers ok; return the service."""

        def well() -> bool:
            assert self.process.running, self.process.output()
            return health(self.port)[0] == 200

        try:
            until(well, 30, f"health of port {self.port}")
        except AssertionError as exc:
            exc.add_note(f"{health(self.port)}\n{self.process.output()}")
            raise
        return self

    def position(self) -> int | None:
        """Return the position on the service's health page."""
        position: int | None = health(self.port)[1].get("position")
        return position

    @property
    def url(self) -> str:
        """The service's address for HTTP."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def ws_url(self) -> str:
        """The gateway's address for WebSocket clients."""
        return f"ws://{LOOPBACK}:{self.port}/ws"


class Pipeline:
    """Starts services; ends all of them when its block ends."""

    def __init__(self, database: Database, valkey: Valkey, *, start: Start = forked) -> None:
        """``start`` starts a service: ``forked``, which is fast, or ``processes.service``."""
        self.start = start
        self.database = database
        self.valkey = valkey
        self.services: list[Service] = []

    def listener(self, **settings: str) -> Service:
        """Start a listener."""
        port = free_port()
        env = {"REDIS_URL": self.valkey.url, "LISTENER_PORT": str(port)}
        return self._start(
            "orders_listener", port, {**self.database.environ(LISTENER_ROLE), **env, **settings}
        )

    def gateway(self, **settings: str) -> Service:
        """Start a gateway. It gets no settings of a database (I9)."""
        port = int(settings.get("WS_PORT") or free_port())
        env = {
            "REDIS_URL": self.valkey.url,
            "WS_PORT": str(port),
            "API_URL": f"http://{LOOPBACK}:9",  # no server, unless a test sets one
        }
        return self._start("orders_gateway", port, {**env, **settings})

    def api(self, **settings: str) -> Service:
        """Start an API; ready when it answers."""
        started = self.api_without_database(**settings)
        until(lambda: health(started.port, "/api/health")[0] == 200, 60, "API ready")
        return started

    def api_without_database(self, **settings: str) -> Service:
        """Start an API whose database may be missing."""
        port = int(settings.get("API_PORT") or free_port())
        env = {"REDIS_URL": self.valkey.url, "API_PORT": str(port)}
        return self._start(
            "orders_api", port, {**self.database.environ(API_ROLE), **env, **settings}
        )

    def _start(self, module: str, port: int, env: dict[str, str]) -> Service:
        started = Service(module, port, env, start=self.start)
        self.services.append(started)
        return started

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for started in reversed(self.services):
            if exc is not None:
                print(f"--- port {started.port}\n{started.process.output()}")  # noqa: T201  for pytest
            started.process.__exit__(None, None, None)


def has_every_event(pipeline: Pipeline, gateway: Service) -> bool:
    """Return whether every change has a position, and the gateway has got them all."""
    with pipeline.database.connect() as sql:
        waits = sql.execute("SELECT FROM order_outbox").fetchone() is not None
        (head,) = sql.execute("SELECT coalesce(max(position), 0) FROM order_events").fetchall()[0]
    return not waits and gateway.position() == head


@contextmanager
def listening(postgres: Postgres, *statements: str) -> Iterator[Pipeline]:
    """Start a listener on a fresh database in which the owner has run statements, with a Valkey."""
    valkey = Valkey()
    database = postgres.create_database()
    try:
        with database.connect() as sql:
            for statement in statements:
                sql.execute(statement.encode())
        with Pipeline(database, valkey) as pipeline:
            pipeline.listener().ready()
            yield pipeline
        postgres.drop_database(database)
    finally:
        valkey.stop()
