"""What to run, with which settings, and how to tell that it is ready. Pure: it does nothing."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from urllib.parse import quote

from orders_cli.repository import Repository
from orders_cli.stack.ports import LOOPBACK, WantedPort

DATABASE = "orders"
ROLE = "orders"
API_ROLE, LISTENER_ROLE = "orders_api", "orders_listener"
"""Who runs the database script, and as whom the services log in."""
_DATABASE = ("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_PASSWORD_FILE")
_OWN_KEYS = ("AUTH_SECRET", "AUTH_SECRET_FILE", "AUTH_JWKS_URL")
"""Whoever sets one of these brings the keys that tokens are checked by."""


@dataclass(frozen=True)
class HttpProbe:
    """Ready when a GET answers 200."""

    url: str


@dataclass(frozen=True)
class RedisProbe:
    """Ready when PING answers."""

    port: int


@dataclass(frozen=True)
class PostgresProbe:
    """Ready when a query answers."""

    url: str


Probe = HttpProbe | RedisProbe | PostgresProbe


@dataclass(frozen=True)
class Identity:
    """Whom to run as, and the one capability to keep, when we are root and it must not be."""

    uid: int
    gid: int
    capability: int | None = None


@dataclass(frozen=True)
class Program:
    """A process of the stack. It is never restarted into anything else than this."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    probe: Probe
    stop_signal: Signals = Signals.SIGTERM
    kill_signal: Signals = Signals.SIGKILL
    """Also what it gets when ``orders up`` itself is killed."""
    identity: Identity | None = None
    refuses_with: int | None = None
    """Exit status by which it says that a setting is bad."""


@dataclass(frozen=True)
class Ports:
    """Where everything listens; no port is 0."""

    edge: int
    api: int
    listener: int
    gateways: tuple[int, ...]
    database: int
    redis: int


@dataclass(frozen=True)
class Plan:
    """A stack: its addresses and the programs that make it up."""

    ports: Ports
    passwords: Mapping[str, str]
    """Of each role of the database."""
    repository: Repository
    edge_hosts: tuple[str, ...]
    inherited: Mapping[str, str]
    auth_secret: Path
    asks: bool
    """Whether whoever comes needs a token."""
    caddy: Path
    valkey: Path
    data: Path

    @property
    def edge_url(self) -> str:
        """The one address for people."""
        host = self.edge_hosts[0]
        if host in {"0.0.0.0", "::"}:  # noqa: S104  compared with, not bound to
            host = LOOPBACK
        return f"http://{f'[{host}]' if ':' in host else host}:{self.ports.edge}"

    @property
    def api_url(self) -> str:
        """The API itself, past the edge."""
        return f"http://{LOOPBACK}:{self.ports.api}"

    @property
    def gateway_urls(self) -> list[str]:
        """The gateways themselves, past the edge."""
        return [f"http://{LOOPBACK}:{port}" for port in self.ports.gateways]

    @property
    def database_url(self) -> str:
        """The database, for the role that owns it."""
        password = quote(self.passwords[ROLE], safe="")
        return f"postgresql://{ROLE}:{password}@{LOOPBACK}:{self.ports.database}/{DATABASE}"

    @property
    def redis_url(self) -> str:
        """Valkey, which speaks Redis."""
        return f"redis://{LOOPBACK}:{self.ports.redis}/0"

    def valkey_program(self) -> Program:
        """Return Valkey. It keeps nothing on disk: the listener fills it again from the log."""
        # maxmemory-policy stays noeviction: the log's length is the listener's business.
        options = {"bind": LOOPBACK, "port": str(self.ports.redis), "save": "", "appendonly": "no"}
        options |= {"loglevel": "warning", "dir": str(self.data), "daemonize": "no"}
        flags = tuple(part for key, value in options.items() for part in (f"--{key}", value))
        return Program(
            name="valkey",
            command=(str(self.valkey), *flags),
            environment=self.inherited,
            probe=RedisProbe(self.ports.redis),
        )

    def services(self) -> list[Program]:
        """Return API, listener and gateways: they may start at once, in any order."""
        api = {"API_HOST": LOOPBACK, "API_PORT": str(self.ports.api)}
        listener = {"LISTENER_HOST": LOOPBACK, "LISTENER_PORT": str(self.ports.listener)}
        listener_health = f"http://{LOOPBACK}:{self.ports.listener}/health"
        api |= self._database(API_ROLE)
        listener |= self._database(LISTENER_ROLE)
        return [
            self._service("api", "orders_api", api, f"{self.api_url}/api/health"),
            self._service("listener", "orders_listener", listener, listener_health),
            *(self._gateway(number, url) for number, url in enumerate(self.gateway_urls, start=1)),
        ]

    def _gateway(self, number: int, url: str) -> Program:
        name = f"gateway-{number}"
        own = {
            "WS_HOST": LOOPBACK,
            "WS_PORT": str(self.ports.gateways[number - 1]),
            "GATEWAY_ID": name,
            "API_URL": self.api_url,
        }
        return self._service(name, "orders_gateway", own, f"{url}/health")

    def _service(self, name: str, module: str, own: Mapping[str, str], health: str) -> Program:
        shared = {
            "REDIS_URL": self.redis_url,
            "PUBLISHED_ADDRESS": " ".join(self.edge_hosts),
            "FORWARDED_ALLOW_IPS": LOOPBACK,
            "PYTHONUNBUFFERED": "1",
        }
        if not any(self.inherited.get(name) for name in _OWN_KEYS):
            shared["AUTH_SECRET_FILE"] = str(self.auth_secret)
        return Program(
            name=name,
            command=(sys.executable, "-m", module),
            environment={**self._inherited_by_services(), **shared, **own},
            probe=HttpProbe(health),
            refuses_with=2,
        )

    def _inherited_by_services(self) -> dict[str, str]:
        """Return the settings from outside, but for any database: there is the stack's own."""
        return {name: value for name, value in self.inherited.items() if name not in _DATABASE}

    def _database(self, role: str) -> dict[str, str]:
        return {
            "DB_HOST": LOOPBACK,
            "DB_PORT": str(self.ports.database),
            "DB_NAME": DATABASE,
            "DB_USER": role,
            "DB_PASSWORD": self.passwords[role],
        }

    def edge_program(self) -> Program:
        """Return Caddy, with the Caddyfile that containers use too."""
        own = {
            "SITE_ADDRESS": f"http://:{self.ports.edge}",
            "EDGE_HOST": " ".join(self.edge_hosts),
            "API_UPSTREAMS": f"{LOOPBACK}:{self.ports.api}",
            "GATEWAY_UPSTREAMS": " ".join(f"{LOOPBACK}:{port}" for port in self.ports.gateways),
            "EDGE_ROOT": str(self.repository.dashboard),
            "XDG_DATA_HOME": str(self.data / "caddy"),
            "XDG_CONFIG_HOME": str(self.data / "caddy"),
        }
        config = str(self.repository.caddyfile)
        return Program(
            name="caddy",
            command=(str(self.caddy), "run", "--config", config, "--adapter", "caddyfile"),
            environment={**self.inherited, **own},
            probe=HttpProbe(f"{self.edge_url}/api/health"),
        )

    def state(self, pids: Mapping[str, int]) -> dict[str, object]:
        """Return what ``stack.json`` says."""
        return {
            "edge": self.edge_url,
            "api": self.api_url,
            "gateways": self.gateway_urls,
            "database": self.database_url,
            "redis": self.redis_url,
            "pids": dict(pids),
        }


def wanted_ports(ports: Ports, edge_hosts: tuple[str, ...]) -> list[WantedPort]:
    """Return who wants which port, each with the option that chooses another."""
    return [
        WantedPort("the edge", "--port", ports.edge, edge_hosts),
        WantedPort("the API", "--api-port", ports.api),
        WantedPort("the listener", "--listener-port", ports.listener),
        *(
            WantedPort(f"gateway-{number}", "--gateway-port", port)
            for number, port in enumerate(ports.gateways, start=1)
        ),
        WantedPort("PostgreSQL", "--db-port", ports.database),
        WantedPort("Valkey", "--redis-port", ports.redis),
    ]
