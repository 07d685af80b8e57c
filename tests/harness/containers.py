"""The whole system in containers, through ``docker compose`` and the Docker SDK."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError
from docker.models.containers import Container
from docker.models.networks import Network

from harness.ports import free_port
from harness.processes import LOOPBACK
from harness.waiting import until
from harness.world import Role

REPOSITORY = Path(__file__).resolve().parents[2]
GATEWAYS = 2
"""The number of gateways, the same as with ``orders up``."""

_SERVICES: dict[Role, str] = {"database": "db"}
_BUILD_WITHIN_S = 900.0
_COMPOSE_WITHIN_S = 180.0
_HEALTHY_WITHIN_S = 60.0


def docker_missing() -> str | None:
    """Return the reason why tests cannot use Docker; None if they can."""
    if shutil.which("docker") is None:
        return "docker is not installed"
    if not _succeeds("docker", "info"):
        return "no Docker engine answers"
    return None if _succeeds("docker", "compose", "version") else "docker has no compose"


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def run(container: Container, *command: str, **options: Any) -> tuple[int, str]:
    """Run a command inside a container; return its exit status, and its output before its errors.

    Docker delivers the two streams in any order, so they are read apart.
    """
    done = container.exec_run(list(command), demux=True, **options)
    assert done.exit_code is not None
    assert isinstance(done.output, tuple)
    printed = b"".join(each for each in done.output if each)
    return done.exit_code, printed.decode(errors="replace")


@contextmanager
def interruptible() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C in the block, so that both remove the containers."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class ContainerStack:
    """``docker compose`` under a random project name and on a random port."""

    def __init__(self, *overrides: str, folder: Path = REPOSITORY) -> None:
        """Prepare the stack without starting it.

        ``overrides`` are further files of ``docker compose``; ``folder`` is a clone of the
        repository.
        """
        self.project = f"orders-e2e-{secrets.token_hex(4)}"
        self.port = free_port()
        self.docker = docker.from_env()
        self.settings: dict[str, str] = {}
        """Environment variables of the next ``docker compose``, besides the port."""
        # No .env is used, so the defaults are tested.
        files = ("docker-compose.yml", *overrides)
        options = [option for file in files for option in ("--file", str(folder / file))]
        self._options = ("--project-name", self.project, "--env-file", os.devnull, *options)

    @property
    def edge(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    # --- all of it ------------------------------------------------------------------------------

    def build(self) -> None:
        """Build the images."""
        self.compose("--progress=plain", "build", timeout_s=_BUILD_WITHIN_S)

    def start(self) -> None:
        self.compose("up", "--detach", "--wait", "--scale", f"gateway={GATEWAYS}")

    def stop(self) -> None:
        self.compose("down")

    def erase(self) -> None:
        """Stop everything and remove the data, too."""
        self.compose("down", "--volumes")

    def remove(self) -> None:
        """Remove everything, even if Ctrl-C is pressed once more."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            # Kill first, because a frozen container would use up its grace period.
            self.compose("kill")
        finally:
            self.compose("down", "--volumes", "--rmi=local", "--remove-orphans", "--timeout=1")
            self.docker.close()
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def set(self, **settings: str) -> Iterator[None]:
        """Run with other settings; affected containers are recreated before and after."""
        self.settings = settings
        try:
            self.start()
            yield
        finally:
            self.settings = {}
            self.start()

    def scale(self, service: str, count: int) -> None:
        """Scale a service; return when all its containers are healthy."""
        options = ("--detach", "--wait", "--no-build", "--no-deps", "--no-recreate")
        self.compose("up", *options, "--scale", f"{service}={count}", service)

    def compose(self, *arguments: str, timeout_s: float = _COMPOSE_WITHIN_S) -> str:
        """Run ``docker compose`` to its end; return what it printed."""
        kept = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_BUILDKIT")
        env = {name: os.environ[name] for name in kept if name in os.environ}
        done = subprocess.run(
            ["docker", "compose", *self._options, *arguments],
            env={**env, "PORT": str(self.port), **self.settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            start_new_session=True,  # Ctrl-C must reach only this process
        )
        assert done.returncode == 0, f"docker compose {' '.join(arguments)}:\n{done.stderr}"
        return done.stdout

    # --- its containers -------------------------------------------------------------------------

    def containers(self, service: str | None = None) -> list[Container]:
        """Return the containers of a service, or all, by name."""
        labels = [f"com.docker.compose.project={self.project}"]
        labels += [f"com.docker.compose.service={service}"] if service else []
        found = self.docker.containers.list(all=True, filters={"label": labels})
        return sorted(found, key=lambda each: str(each.name))

    def container(self, name: str) -> Container:
        """Return one container, such as ``gateway-1``."""
        return self.docker.containers.get(f"{self.project}-{name}")

    def names(self, role: Role) -> list[str]:
        containers = self.containers(_SERVICES.get(role, role))
        return [str(each.name).removeprefix(f"{self.project}-") for each in containers]

    def kill(self, name: str) -> None:
        container = self.container(name)
        container.kill()
        container.wait()
        container.start()  # the engine does not restart a container that was killed on request
        self.until_healthy(name)

    def restart(self, name: str) -> None:
        self.container(name).restart(timeout=60)
        self.until_healthy(name)

    def pause(self, name: str) -> None:
        self.container(name).pause()

    def unpause(self, name: str) -> None:
        self.container(name).unpause()

    def until_healthy(self, name: str) -> None:
        """Wait until the health check of a container passes."""

        def healthy() -> bool:
            container = self.container(name)
            return str(container.attrs["State"]["Health"]["Status"]) == "healthy"

        until(healthy, _HEALTHY_WITHIN_S, f"{name} is healthy")

    def cut_off(self, name: str, network: str) -> None:
        """Disconnect a container from a network."""
        self._network(network).disconnect(self.container(name))

    def reconnect(self, name: str, network: str) -> None:
        """Connect a container again, under its former names."""
        service = name.rpartition("-")[0]
        self._network(network).connect(self.container(name), aliases=[service])

    def address(self, name: str) -> str:
        """Return the address at which this machine reaches a container."""
        networks = self.container(name).attrs["NetworkSettings"]["Networks"]
        found: str = networks[f"{self.project}_web"]["IPAddress"]
        return found

    def host(self) -> str:
        """Return the address at which containers reach this machine."""
        found: str = self._network("web").attrs["IPAM"]["Config"][0]["Gateway"]
        return found

    def _network(self, name: str) -> Network:
        return self.docker.networks.get(f"{self.project}_{name}")

    def run(self, name: str, *command: str) -> tuple[int, str]:
        """Run a command inside a container, see ``run``."""
        return run(self.container(name), *command)

    def psql(self, sql: str) -> str:
        status, output = self.run("db-1", "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql)
        assert status == 0, output
        return output.strip()

    # --- their output -------------------------------------------------------------------------

    def log(self) -> str:
        return "\n".join(f"--- {each.name}\n{_log(each)}" for each in self.containers())

    def save_logs(self, folder: Path) -> None:
        """Write the log of each container to a file of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        for each in self.containers():
            name = str(each.name).removeprefix(f"{self.project}-")
            (folder / f"{name}.log").write_text(_log(each))


def _log(container: Container) -> str:
    try:
        return container.logs(timestamps=True).decode(errors="replace")
    except APIError as exc:
        return f"(no log: {exc})\n"
