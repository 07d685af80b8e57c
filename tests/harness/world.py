"""The running system as tests see it: ``orders up`` or containers."""

import json
import urllib.error
import urllib.request
from typing import Any, Literal, Protocol, get_args

from harness.waiting import until

Role = Literal["database", "redis", "api", "listener", "gateway", "edge"]
ROLES: tuple[Role, ...] = get_args(Role)


class World(Protocol):
    """A running system: its address, and actions on it."""

    @property
    def edge(self) -> str:
        """The address of the edge, ``http://host:port``."""

    def names(self, role: Role) -> list[str]:
        """Return the names of the processes with a role."""

    def kill(self, name: str) -> None:
        """Kill a process; return when a new one has replaced it."""

    def restart(self, name: str) -> None:
        """Stop a process; return when a new one has replaced it."""

    def pause(self, name: str) -> None:
        """Freeze a process."""

    def unpause(self, name: str) -> None:
        """Continue a frozen process."""

    def psql(self, sql: str) -> str:
        """Run SQL and return what psql printed, unaligned and without headers."""

    def start(self) -> None:
        """Start the system; return when it is ready."""

    def stop(self) -> None:
        """Stop the system cleanly. Committed data is kept."""

    def log(self) -> str:
        """Return the output of the whole system."""


def stream_url(world: World) -> str:
    """Return the address for WebSocket clients."""
    return world.edge.replace("http", "ws", 1) + "/ws"


def health(world: World) -> dict[str, Any]:
    """Return the content of the health page; {} without an answer."""
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
    """Wait until the health page reports ok."""
    until(lambda: health(world).get("status") == "ok", deadline_s, "everything is well")


def head(world: World) -> int:
    """Return the last position once every committed change has one."""
    waiting = "SELECT count(*) FROM order_outbox"
    until(lambda: world.psql(waiting) == "0", 60, "the outbox is empty")
    return int(world.psql("SELECT coalesce(max(position), 0) FROM order_events"))


def insert(world: World, product: str, count: int = 1) -> None:
    """Create orders by SQL, each in its own transaction."""
    statement = f"INSERT INTO orders (customer_name, product_name) VALUES ('e2e', '{product}');"
    world.psql(statement * count)
