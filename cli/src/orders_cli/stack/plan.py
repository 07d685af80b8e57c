"""The programs of a stack, their settings, and the URLs that show that they are ready. Pure."""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from orders_cli.repository import Repository
from orders_cli.stack.data_folder import OWN_KEYS
from orders_cli.stack.ports import LOOPBACK
from orders_cli.stack.program import Program

DATABASE = "orders"
OWNER_ROLE, API_ROLE, LISTENER_ROLE = "orders", "orders_api", "orders_listener"
"""The role that owns the tables, and the roles of the services."""

_DATABASE_SETTINGS = {f"DB_{name}" for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD")}
_DATABASE_SETTINGS |= {"DB_PASSWORD_FILE", "DATABASE_URL"}
_REDIS_SETTINGS = {f"REDIS_{name}" for name in ("URL", "PASSWORD", "PASSWORD_FILE", "PREFIX")}
_REDIS_SETTINGS |= {"REDIS_SENTINEL_PASSWORD", "REDIS_SENTINEL_PASSWORD_FILE"}
_KEY_SETTINGS = ("AUTH_SECRET", "AUTH_SECRET_FILE", "AUTH_JWKS_URL", "AUTH_JWKS_FILE")
"""If one of these is set, tokens are verified with its keys instead of those of the stack."""
_TOKEN_SETTINGS = {*_KEY_SETTINGS, "INTERNAL_SECRET", "INTERNAL_SECRET_FILE"}
_COMPANY_SETTINGS = {"OIDC_CLIENT_SECRET", "OIDC_CLIENT_SECRET_FILE"}
_SECRET_SETTINGS = {*_DATABASE_SETTINGS, *_REDIS_SETTINGS, *_TOKEN_SETTINGS, *_COMPANY_SETTINGS}
_SECRET_SETTINGS |= {"ORDERS_TOKEN"}
"""Settings that are or may contain secrets. Each program gets only those that it needs."""
_SECRET_WORDS = ("SECRET", "PASSWORD", "TOKEN", "CREDENTIAL", "_KEY")
"""Words that mark other environment variables as secrets, which no program of the stack gets."""


@dataclass(frozen=True)
class Plan:
    """A stack: its addresses and its programs."""

    ports: Mapping[str, int]
    """Ports by program name; ``edge`` is the port of Caddy."""
    passwords: Mapping[str, str]
    """Passwords by role, for the embedded database."""
    own_database: str | None
    own_redis: str | None
    """URLs of the servers to use instead of the embedded ones, or None."""
    repository: Repository
    edge_hosts: tuple[str, ...]
    inherited: Mapping[str, str]
    keys: Path
    """The file with the public keys that verify tokens."""
    internal_secret: Path
    redis_passwords: Mapping[str, Path]
    """The password file of each user of the embedded Valkey."""
    redis_users: Path
    """The file with the users of the embedded Valkey and digests of their passwords."""
    needs_token: bool
    example: Mapping[str, str]
    """An order that can be created, to show; empty if the columns are not known."""
    caddy: Path
    valkey: Path
    data: Path

    @property
    def public(self) -> dict[str, str]:
        """The inherited environment without secrets."""
        return {name: value for name, value in self.inherited.items() if not _is_secret(name)}

    @property
    def edge_url(self) -> str:
        """The address of the edge, with a host to which this machine can connect."""
        host = self.edge_hosts[0]
        if host in {"0.0.0.0", "::"}:  # noqa: S104  a comparison, no address to bind
            host = LOOPBACK
        return f"http://{f'[{host}]' if ':' in host else host}:{self.ports['edge']}"

    @property
    def public_url(self) -> str:
        """The address by which people reach the dashboard."""
        return self.inherited.get("PUBLIC_URL") or self.edge_url.replace(LOOPBACK, "localhost")

    @property
    def api_url(self) -> str:
        """The address of the API itself, not through the edge."""
        return self._url("api")

    @property
    def gateway_names(self) -> list[str]:
        """The names of the gateways: gateway-1, gateway-2, ..."""
        return [name for name in self.ports if name.startswith("gateway")]

    @property
    def database_url(self) -> str:
        """The URL of the database for the role that owns the tables."""
        if self.own_database is not None:
            return self.own_database
        password = quote(self.passwords[OWNER_ROLE], safe="")
        address = f"{LOOPBACK}:{self.ports['postgres']}"
        return f"postgresql://{OWNER_ROLE}:{password}@{address}/{DATABASE}"

    @property
    def redis_url(self) -> str:
        """The URL of Redis, or of the embedded Valkey, which has the same protocol."""
        return self.own_redis or f"redis://{LOOPBACK}:{self.ports['valkey']}/0"

    def valkey_program(self) -> Program:
        """Return Valkey. It stores nothing on disk: after a restart the listener refills it."""
        # maxmemory-policy stays noeviction, because the listener limits the length of the log.
        options = {"bind": LOOPBACK, "port": str(self.ports["valkey"]), "save": ""}
        options |= {"appendonly": "no", "loglevel": "warning", "dir": str(self.data)}
        options["aclfile"] = str(self.redis_users)
        flags = tuple(part for key, value in options.items() for part in (f"--{key}", value))
        return Program("valkey", (str(self.valkey), *flags), self.public, self.redis_url)

    def services(self) -> list[Program]:
        """Return API, listener and gateways, which may start in any order."""
        api = {"API_HOST": LOOPBACK, "API_PORT": str(self.ports["api"])}
        api["PUBLIC_URL"] = self.public_url
        api |= self._database(API_ROLE) | self._redis("api") | self._tokens()
        api |= self._inherited(_COMPANY_SETTINGS)
        listener = {"LISTENER_HOST": LOOPBACK, "LISTENER_PORT": str(self.ports["listener"])}
        listener |= self._database(LISTENER_ROLE) | self._redis("listener")
        gateway = self._redis("gateway") | self._tokens()
        return [
            self._service("api", "orders_api", api, "/api/health"),
            self._service("listener", "orders_listener", listener),
            *(
                self._service(name, "orders_gateway", gateway | self._gateway(name))
                for name in self.gateway_names
            ),
        ]

    def edge_program(self) -> Program:
        """Return Caddy, with the same Caddyfile as in containers."""
        gateways = (f"{LOOPBACK}:{self.ports[name]}" for name in self.gateway_names)
        own = {
            "SITE_ADDRESS": f"http://:{self.ports['edge']}",
            "EDGE_HOST": " ".join(self.edge_hosts),
            "API_UPSTREAMS": f"{LOOPBACK}:{self.ports['api']}",
            "GATEWAY_UPSTREAMS": " ".join(gateways),
            "EDGE_ROOT": str(self.repository.dashboard),
            "XDG_DATA_HOME": str(self.data / "caddy"),
            "XDG_CONFIG_HOME": str(self.data / "caddy"),
        }
        config = str(self.repository.caddyfile)
        return Program(
            "caddy",
            (str(self.caddy), "run", "--config", config, "--adapter", "caddyfile"),
            {**self.public, **own},
            ready_url=f"{self.edge_url}/api/health",
        )

    def state(self, pids: Mapping[str, int]) -> dict[str, object]:
        """Return the contents of ``stack.json``."""
        return {
            "edge": self.edge_url,
            "api": self.api_url,
            "gateways": [self._url(name) for name in self.gateway_names],
            "database": self.database_url,
            "redis": self.redis_url,
            "tokens": self._own_key_setting() or OWN_KEYS,
            "pids": dict(pids),
        }

    def _url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[name]}"

    def _service(
        self, name: str, module: str, own: Mapping[str, str], health: str = "/health"
    ) -> Program:
        shared = {
            "PUBLISHED_ADDRESS": " ".join(self.edge_hosts),
            "FORWARDED_ALLOW_IPS": LOOPBACK,
            "PYTHONUNBUFFERED": "1",
        }
        return Program(
            name,
            (sys.executable, "-m", module),
            {**self.public, **shared, **own},
            ready_url=self._url(name) + health,
            bad_settings_status=2,
        )

    def _gateway(self, name: str) -> dict[str, str]:
        return {
            "WS_HOST": LOOPBACK,
            "WS_PORT": str(self.ports[name]),
            "GATEWAY_ID": name,
            "API_URL": self.api_url,
        }

    def _redis(self, user: str) -> dict[str, str]:
        if self.own_redis is not None:
            return self._inherited(_REDIS_SETTINGS)
        return {
            "REDIS_URL": f"redis://{user}@{LOOPBACK}:{self.ports['valkey']}/0",
            "REDIS_PASSWORD_FILE": str(self.redis_passwords[user]),
        }

    def _tokens(self) -> dict[str, str]:
        """Return the settings of the keys that verify tokens, and of the internal secret."""
        found = self._inherited(_TOKEN_SETTINGS)
        if self._own_key_setting() is None:
            found["AUTH_JWKS_FILE"] = str(self.keys)
        if "INTERNAL_SECRET" not in found and "INTERNAL_SECRET_FILE" not in found:
            found["INTERNAL_SECRET_FILE"] = str(self.internal_secret)
        return found

    def _own_key_setting(self) -> str | None:
        """Return the setting that provides keys; None if this stack's own keys are used."""
        return next((name for name in _KEY_SETTINGS if self.inherited.get(name)), None)

    def _inherited(self, names: Collection[str]) -> dict[str, str]:
        return {name: value for name, value in self.inherited.items() if name in names and value}

    def _database(self, role: str) -> dict[str, str]:
        if self.own_database is not None:
            return {"DATABASE_URL": self.own_database}
        return {
            "DB_HOST": LOOPBACK,
            "DB_PORT": str(self.ports["postgres"]),
            "DB_NAME": DATABASE,
            "DB_USER": role,
            "DB_PASSWORD": self.passwords[role],
        }


def _is_secret(name: str) -> bool:
    return name in _SECRET_SETTINGS or any(word in name.upper() for word in _SECRET_WORDS)
