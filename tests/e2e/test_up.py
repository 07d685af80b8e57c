"""``orders up``: readiness, supervision, shutdown, errors."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from harness.documents import REPOSITORY
from harness.follower import Follower
from harness.ports import free_port
from harness.processes import LOOPBACK, dying_with_parent
from harness.servers import Database, Postgres
from harness.stacks import (
    ANY_PORTS,
    READY_WITHIN_S,
    EmbeddedStack,
    environment,
    orders,
    until_gone,
)
from harness.valkey import Valkey
from harness.waiting import BUSY, until
from harness.world import insert, stream_url
from orders_cli.errors import StackError
from orders_cli.repository import Repository

MakeStack = Callable[..., EmbeddedStack]


def _ends(stack: EmbeddedStack, number: signal.Signals) -> None:
    """Send a signal; within 10 s no process is left."""
    processes = stack.processes()
    assert len(processes) >= len(stack.pids())
    stack.up.send_signal(number)
    until_gone(processes, 10)
    assert stack.up.wait(BUSY * 5) == 0
    assert not (stack.data / "stack.json").exists()


def _interrupted(stack: EmbeddedStack) -> None:
    """Start the system thrice, and press Ctrl-C at three moments of its start."""
    up = stack.launch()
    until(lambda: _is_importing(up.pid), 30, "the imports")
    up.send_signal(signal.SIGINT)
    assert up.wait(BUSY * 10) == 130
    assert stack.log() == ""
    moments = (
        ((stack.data / "postgres.new" / "PG_VERSION").exists, {0, 130}),
        (lambda: "ready to accept connections" in stack.log(), {0}),
    )
    for condition, statuses in moments:
        up = stack.launch()
        until(condition, 60, "initdb, then PostgreSQL")
        processes = stack.processes()
        up.send_signal(signal.SIGINT)
        until_gone(processes, 10)
        assert up.wait(BUSY * 10) in statuses
        assert "Traceback" not in stack.log()
        assert not (stack.data / "stack.json").exists()


def _is_importing(pid: int) -> bool:
    """Tell whether a process has begun to load the large libraries."""
    return any("pydantic_core" in each.path for each in psutil.Process(pid).memory_maps())


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)]
)
def test_signals_end_everything_and_data_stays(
    make_stack: MakeStack, number: signal.Signals
) -> None:
    """Whenever a signal comes no process and no traceback is left, even with a client connected.

    An interrupted start prevents no later one; orders, log and stream id survive a restart.
    """
    stack = make_stack("--gateways", "1")
    _interrupted(stack)
    stack.start()
    assert "gateway-2" not in stack.pids()
    with Follower(stream_url(stack)) as follower:
        stream = follower.hello["stream"]
        insert(stack, "kept")
        position = follower.position + 1
        follower.until(position)
        _ends(stack, signal.SIGINT)
    (stack.data / "database-password").unlink()  # even this may get lost
    stack.start()
    with Follower(stream_url(stack)) as follower:
        assert follower.hello["stream"] == stream
        assert follower.hello["position"] == position
        assert stack.psql("SELECT product_name FROM orders") == "kept"
        _ends(stack, number)
    assert "forcing" not in stack.log()
    assert stack.log().count("database system is shut down") >= 2


@pytest.mark.slow
def test_second_interrupt_ends_at_once(make_stack: MakeStack) -> None:
    """A second Ctrl-C ends everything at once."""
    stack = make_stack()
    stack.start()
    processes = stack.processes()
    stack.up.send_signal(signal.SIGINT)
    until(lambda: "stopping" in stack.log(), what="the first is heard")
    time.sleep(0.3)  # a signal that comes at once is taken for the same
    stack.up.send_signal(signal.SIGINT)
    until_gone(processes, 5)
    assert stack.up.wait(BUSY * 5) == 0


@pytest.mark.slow
def test_killed_by_sigkill(make_stack: MakeStack) -> None:
    """SIGKILL of ``orders up`` leaves no process, and the next start has all committed orders."""
    stack = make_stack()
    stack.start()
    insert(stack, "before the kill")
    processes = stack.processes()
    stack.up.kill()
    until_gone(processes, 10)
    stack.up.wait(BUSY * 5)
    done = orders("psql", "-c", "SELECT 1", folder=stack.folder)
    assert (done.returncode, "no stack is running" in done.stderr) == (1, True)
    (stack.data / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    (stack.data / "stack.json").unlink(missing_ok=True)
    stack.start()
    assert stack.psql("SELECT product_name FROM orders") == "before the kill"


@pytest.mark.parametrize(
    "option", ["--port", "--api-port", "--listener-port", "--gateway-port", "--db-port"]
)
def test_port_in_use(tmp_path: Path, option: str) -> None:
    """The error for a port in use names the option that chooses another one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = orders("up", *ANY_PORTS, option, str(port), folder=tmp_path)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert f"{option}\n" in done.stderr
    assert not (tmp_path / ".data" / "postgres").exists()


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (["--port", "65536"], {}),
        (["--gateways", "0"], {}),
        (["--port", "7000", "--api-port", "7000"], {}),
        (["--gateway-port", "65535"], {}),
        (["--nonsense"], {}),
        ([], {"PORT": "abc"}),
        ([], {"WS_PORT": "-1"}),
    ],
)
def test_bad_values(tmp_path: Path, options: list[str], settings: dict[str, str]) -> None:
    """An invalid option or setting ends the command with status 2 before anything starts."""
    done = orders("up", *options, folder=tmp_path, settings=settings)
    assert done.returncode == 2
    assert all(name in done.stderr for name in settings)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_open_to_others_is_refused(tmp_path: Path) -> None:
    """An edge that others can reach needs tokens: the error says which setting to change."""
    done = orders("up", *ANY_PORTS, folder=tmp_path, settings={"EDGE_HOST": "0.0.0.0"})
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "set AUTH_MODE=token" in line
    assert list(tmp_path.iterdir()) == []


def test_service_that_refuses_a_setting(make_stack: MakeStack) -> None:
    """A setting that a service rejects: its error is shown, everything ends, status 2."""
    stack = make_stack()
    up = stack.launch(HEARTBEAT_INTERVAL_S="often")
    assert up.wait(60) == 2
    assert "HEARTBEAT_INTERVAL_S" in stack.log().upper()
    assert "rejects its settings" in stack.log()
    assert not (stack.data / "stack.json").exists()


@pytest.fixture
def servers() -> Iterator[tuple[Database, Valkey]]:
    """Start servers of the owner."""
    postgres, valkey = Postgres(), Valkey("--requirepass", "of/the owner")
    yield postgres.create_database(), valkey
    valkey.stop()
    postgres.close()


def test_servers_of_the_owner(servers: tuple[Database, Valkey], make_stack: MakeStack) -> None:
    """With an own database and Redis no embedded ones start, and the output says so."""
    database, valkey = servers
    own = make_stack("--gateways", "1")
    own.start(**database.environ(), REDIS_URL=valkey.url, REDIS_PASSWORD="of/the owner")
    assert set(own.pids()) == {"api", "listener", "gateway-1", "caddy"}
    assert f"using PostgreSQL at 127.0.0.1:{database.port}" in own.log()
    assert f"using Redis at 127.0.0.1:{valkey.port}" in own.log()
    assert database.password not in own.log()
    with Follower(stream_url(own)) as follower:
        insert(own, "shared")
        events = follower.until(follower.position + 1)
    assert events[-1]["order"]["product_name"] == "shared"


def test_health_says_what_a_start_waits_for(make_stack: MakeStack) -> None:
    """While Redis is not reachable, /api/health is, through the edge, and names it."""
    port, nowhere = free_port(), free_port()
    stack = make_stack("--gateways", "1", "--port", str(port))
    stack.launch(REDIS_URL=f"redis://{LOOPBACK}:{nowhere}/0")

    def redis() -> str:
        try:
            answer = httpx.get(f"http://{LOOPBACK}:{port}/api/health").json()
        except (httpx.HTTPError, ValueError):
            return ""
        return str(answer.get("checks", {}).get("redis"))

    until(lambda: "nothing listens at the address of Redis" in redis(), READY_WITHIN_S)


def test_folder_of_any_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any name of a folder will do, also one that only root may enter; its .env is read.

    As root, PostgreSQL runs as another user. The services get the settings of .env.
    """
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    folder = closed / "h ü 'x' $y"
    folder.mkdir()
    (folder / ".env").write_text("HEARTBEAT_INTERVAL_S=7\nPORT=1\n")
    stack = EmbeddedStack(folder, "--gateways", "1")
    try:
        stack.start()
        if os.geteuid() == 0:
            assert psutil.Process(stack.pids()["postgres"]).uids().real == 65_534
        assert stack.psql("SELECT 1") == "1"
        with Follower(stream_url(stack)) as follower:
            assert follower.hello["heartbeat_seconds"] == 7
    finally:
        stack.end()
        shutil.rmtree(closed)


def test_works_from_a_clone_only(tmp_path: Path) -> None:
    """Without a built dashboard the error names the command that builds it."""
    with pytest.raises(StackError, match="run `make up`"):
        Repository(_hollow_clone(tmp_path)).check()


def _hollow_clone(folder: Path) -> Path:
    for name in ("db/init.sql", "edge/Caddyfile", "deploy/redis/users.acl"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize("after_s", [0.1, 0.5, 1.5])
def test_ctrl_c_in_the_first_second(tmp_path: Path, after_s: float) -> None:
    """Ctrl-C while `make up` starts prints no traceback and leaves no process behind."""
    made = ("-o", ".venv/bin/.up", "-o", "frontend/dist/index.html")  # is not looked at here
    arguments = " ".join([*ANY_PORTS, "--data", str(tmp_path / "data")])
    with subprocess.Popen(
        [*dying_with_parent(signal.SIGTERM), "make", *made, "up", f"ARGS={arguments}"],
        cwd=REPOSITORY,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  one thread
    ) as make:
        time.sleep(after_s)  # the moment of the key is what this test is about
        started = psutil.Process(make.pid).children(recursive=True)
        os.killpg(make.pid, signal.SIGINT)
        output, _ = make.communicate(timeout=30)
    assert "Traceback" not in output
    assert "at once" not in output.replace("(once more: at once)", "")
    until_gone(started, 10)
