"""The running system that ``orders up`` supervises: addresses, processes, secrets."""

import socket
import stat
from urllib.request import urlopen

import psutil
import psycopg
import pytest
from websockets.exceptions import InvalidStatus

from harness.follower import Follower
from harness.stacks import ANY_PORTS, EmbeddedStack, orders
from harness.waiting import until
from harness.world import insert, stream_url

_PROCESS_NAMES = {
    "postgres": "postgres",
    "valkey": "valkey-server",
    "caddy": "caddy",
    "api": "orders_api",
    "listener": "orders_listener",
    "gateway-1": "orders_gateway",
    "gateway-2": "orders_gateway",
}


def _get(url: str) -> tuple[int, str]:
    with urlopen(url, timeout=10) as answer:
        return answer.status, answer.read().decode()


def _answers(url: str, words: str = "") -> bool:
    try:
        return words in _get(url)[1]
    except OSError:
        return False


def _is_well(stack: EmbeddedStack) -> bool:
    return _answers(f"{stack.edge}/api/health", '"status":"ok","checks"')


def _connected(stack: EmbeddedStack) -> Follower | None:
    """Connect; None while the edge still knows of no gateway that serves."""
    try:
        return Follower(stream_url(stack))
    except InvalidStatus:
        return None


def test_every_address_answers(stack: EmbeddedStack) -> None:
    """Once ready, every address in stack.json answers."""
    assert '<div id="root">' in _get(stack.edge)[1]
    until(lambda: _is_well(stack), what="health")
    assert _get(f"{stack.state()['api']}/api/health")[0] == 200
    gateways = [f"{gateway}/health" for gateway in stack.gateways]
    assert len(gateways) == 2
    # Other tests kill gateways of this system, and leave it as soon as others have started.
    until(lambda: all(map(_answers, gateways)), what="the gateways")
    assert stack.psql("SELECT current_user") == "orders"
    host, port = stack.redis.removeprefix("redis://").removesuffix("/0").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as redis:
        redis.sendall(b"PING\r\n")
        assert redis.recv(16).startswith(b"-NOAUTH")


def test_pids_are_the_servers_themselves(stack: EmbeddedStack) -> None:
    """stack.json holds the process ids of the servers themselves, not of wrappers."""
    pids = stack.pids()
    assert set(pids) == set(_PROCESS_NAMES)
    for name, expected in _PROCESS_NAMES.items():
        process = psutil.Process(pids[name])
        assert process.ppid() == stack.up.pid
        assert expected in {process.name(), process.cmdline()[-1]}


def test_secrets_are_private(stack: EmbeddedStack) -> None:
    """Files that contain the password are readable by their owner only."""
    for name in ("stack.json", "database-password", "signing-key.json", "redis-api-password"):
        assert stat.S_IMODE((stack.data / name).stat().st_mode) == 0o600
    assert stack.database.split(":")[2].split("@")[0] not in stack.log()


def test_database_is_for_its_role_only(stack: EmbeddedStack) -> None:
    """The owner role is not a superuser, and every login needs the password, from this machine."""
    assert stack.psql("SELECT rolsuper FROM pg_roles WHERE rolname = 'orders'") == "f"
    assert stack.psql("SHOW listen_addresses") == "127.0.0.1"
    for user in ("orders", "postgres"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(stack.database, user=user, password="wrong")


@pytest.mark.parametrize("name", sorted(_PROCESS_NAMES))
def test_child_that_dies_is_replaced(stack: EmbeddedStack, name: str) -> None:
    """I3: a process that dies is restarted, stack.json has its new id, and events continue."""
    until(lambda: _is_well(stack), 30, "health before")
    stack.kill(name)
    assert psutil.pid_exists(stack.pids()[name])
    until(lambda: _is_well(stack), 30, "health after")
    assert f"{name} was ended by SIGKILL" in stack.log()
    follower = until(lambda: _connected(stack), 30, "a connection")
    assert follower is not None
    with follower:
        insert(stack, f"after {name}")
        events = follower.until(follower.position + 1)
    assert events[-1]["order"]["product_name"] == f"after {name}"


def test_second_stack_on_the_same_folder(stack: EmbeddedStack) -> None:
    """A second stack on the same folder does not start and gives the reason."""
    done = orders("up", *ANY_PORTS, folder=stack.folder)
    assert done.returncode == 1
    assert "another `orders up` is running" in done.stderr
    assert stack.psql("SELECT 1") == "1"
