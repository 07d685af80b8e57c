"""The running system as tests see it, whatever it runs in: ``orders up`` or containers."""

import json
import urllib.error
import urllib.request
from typing import Any, Literal, Protocol, get_args

from harness.waiting import until

Role = Literal["database", "redis", "api", "listener", "gateway", "edge"]
ROLES: tuple[Role, ...] = get_args(Role)


class World(Protocol):
    """A running system: where it is, and what can be done to it."""

    @property
    def edge(self) -> str:
        """The address of the edge, ``http://host:port``."""

    def names(self, role: Role) -> list[str]:
        """Return the names of the processes that play a role."""

    def kill(self, name: str) -> None:
        """End a process without a warning; return when it runs again, as another."""

    def restart(self, name: str) -> None:
        """Ask a process to end; return when it runs again, as another."""

    def pause(self, name: str) -> None:
        """Freeze a process."""

    def unpause(self, name: str) -> None:
        """Let a frozen process go on."""

    def psql(self, sql: str) -> str:
        """Run SQL and return what psql printed, unaligned and without headers."""

    def start(self) -> None:
        """Start; return when ready."""

    def stop(self) -> None:
        """Stop cleanly. What was committed is kept."""

    def log(self) -> str:
        """Return everything the system has said."""


def stream_url(world: World) -> str:
    """Return where WebSocket clients connect."""
    return world.edge.replace("http", "ws", 1) + "/ws"


def health(world: World) -> dict[str, Any]:
    """Return what the health page says; nothing if nobody answers."""
    try:
        with urllib.request.urlopen(f"{world.edge}/api/health", timeout=10) as answer:
            content: dict[str, Any] = json.load(answer)
            return content
    except urllib.error.HTTPError as error:
        error.close()
        return {}
    except OSError:
        return {}


def until_well(world: World, deadline_s: float = 60.0) -> None:
    """Wait until the health page finds nothing wrong."""
    until(lambda: health(world).get("status") == "ok", deadline_s, "everything is well")


def head(world: World) -> int:
    """Return the last position once every committed change has one."""
    waiting = "SELECT count(*) FROM order_outbox"
    until(lambda: world.psql(waiting) == "0", 60, "the outbox is empty")
    return int(world.psql("SELECT coalesce(max(position), 0) FROM order_events"))


def insert(world: World, product: str, count: int = 1) -> None:
    """Create orders past the API, each in a transaction of its own."""
    statement = f"INSERT INTO orders (customer_name, product_name) VALUES ('e2e', '{product}');"
    world.psql(statement * count)
