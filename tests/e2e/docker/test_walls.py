"""Which containers reach each other, and what a process may do in its container."""

import pytest
from docker.models.containers import Container
from playwright.sync_api import sync_playwright

from harness import chromium
from harness.containers import ContainerStack, run
from harness.foreign import tried

SERVICES = ("db", "redis", "api", "listener", "gateway", "edge")
PORTS = {"db": 5432, "redis": 6379, "api": 8000, "listener": 8001, "gateway": 8080, "edge": 3000}
REACHES = {
    "edge": {"api", "gateway"},
    "gateway": {"redis", "api", "listener", "edge"},
    "redis": {"listener", "gateway", "api"},
    "db": {"api", "listener"},
}
"""For each container, the containers on its networks: all that it can reach."""

_KNOCK = """
import socket, sys
for target in sys.argv[1:]:
    name, address, port = target.split()
    try:
        socket.create_connection((address, int(port)), 1).close()
        print(name)
    except OSError:
        pass
"""


def _addresses(container: Container) -> list[str]:
    networks = container.attrs["NetworkSettings"]["Networks"].values()
    return [str(network["IPAddress"]) for network in networks if network["IPAddress"]]


def _reached(containers: ContainerStack, source: str, targets: list[str]) -> set[str]:
    """Return the containers whose ports are open from the source's networks."""
    image = containers.container("gateway-1").image
    assert image is not None
    doors = [
        f"{target} {address} {PORTS[target]}"
        for target in targets
        for address in _addresses(containers.container(f"{target}-1"))
    ]
    output: bytes = containers.docker.containers.run(
        image,
        ["python", "-c", _KNOCK, *doors],
        network_mode=f"container:{containers.container(f'{source}-1').id}",
        labels={"com.docker.compose.project": containers.project},
        remove=True,
    )
    return set(output.decode().split())


@pytest.mark.parametrize("source", REACHES)
def test_reachable_containers(containers: ContainerStack, source: str) -> None:
    """I9: the networks keep a gateway from the database and the edge from Redis."""
    targets = [name for name in SERVICES if name != source]
    assert _reached(containers, source, targets) == REACHES[source]


def test_only_the_edge_is_open_to_the_host(containers: ContainerStack) -> None:
    """One port of one container is published, on the loopback address."""
    published = {
        (name, binding["HostIp"], binding["HostPort"])
        for name in SERVICES
        for bindings in containers.container(f"{name}-1").ports.values()
        for binding in bindings or []
    }
    assert published == {("edge", "127.0.0.1", str(containers.port))}


@pytest.mark.parametrize("service", SERVICES)
def test_process_is_not_root(containers: ContainerStack, service: str) -> None:
    """No serving process is root, has a capability or can gain one."""
    top = containers.container(f"{service}-1").top(ps_args="-eo uid,pid,args")
    serving = [row for row in top["Processes"] if "pg_isready" not in row[2]]
    assert serving
    assert "0" not in {row[0] for row in serving}, serving
    status, output = containers.run(f"{service}-1", "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in output.splitlines() if ":\t" in line)
    assert (status, fields["NoNewPrivs"]) == (0, "1")
    allowed = 1 << 10 if service == "edge" else 0  # to listen on ports below 1024
    assert int(fields["CapEff"], 16) | allowed == allowed


@pytest.mark.parametrize("service", SERVICES)
def test_root_file_system_is_read_only(containers: ContainerStack, service: str) -> None:
    """Root in the container cannot change the program."""
    container = containers.container(f"{service}-1")
    for folder in ("/", "/usr/local/bin", "/etc"):
        done = container.exec_run(["touch", f"{folder}/probe"], user="root")
        assert isinstance(done.output, bytes)
        assert done.exit_code != 0
        assert b"ead-only file system" in done.output


@pytest.mark.parametrize("service", ["gateway", "edge", "redis"])
def test_secret_is_only_where_it_is_needed(containers: ContainerStack, service: str) -> None:
    """I9: services that do not use the database have neither its password nor its address."""
    container = containers.container(f"{service}-1")
    assert "/run/orders" not in {mount["Destination"] for mount in container.attrs["Mounts"]}
    assert not [each for each in container.attrs["Config"]["Env"] if each.startswith("DB_")]


def test_each_service_has_secrets_of_its_own(containers: ContainerStack) -> None:
    """Each service has a password of its own, on a volume that only it and the server mount."""
    files = [
        ("api-1", "/run/orders/database-password"),
        ("listener-1", "/run/orders/database-password"),
        ("api-1", "/run/redis/password"),
        ("listener-1", "/run/redis/password"),
        ("gateway-1", "/run/redis/password"),
    ]
    found = [containers.run(name, "cat", file)[1].strip() for name, file in files]
    assert len(set(found)) == len(files)
    assert {len(secret) for secret in found} == {48}


def test_redis_requires_a_password(containers: ContainerStack) -> None:
    """Without a password Redis refuses every command."""
    output = containers.run("redis-1", "redis-cli", "get", "orders:head")[1]
    assert "NOAUTH" in output


@pytest.mark.parametrize("service", ["db", "api", "listener"])
def test_secret_is_not_in_the_configuration(containers: ContainerStack, service: str) -> None:
    """The generated password is in a file, and neither in ``docker inspect`` nor in a log."""
    secret = "/run/orders/database-password"
    status, password = run(containers.container(f"{service}-1"), "cat", secret, user="10001")
    assert (status, len(password)) == (0, 48)
    assert password not in str(containers.container(f"{service}-1").attrs)
    assert password not in containers.log()
    assert containers.run("api-1", "stat", "-c", "%a", secret)[1].strip() == "400"


@pytest.mark.parametrize("service", ["db", "api", "listener", "gateway", "edge"])
def test_images_say_what_they_are(containers: ContainerStack, service: str) -> None:
    """Each image is labelled with its title and licence."""
    image = containers.container(f"{service}-1").image
    assert image is not None
    assert image.labels["org.opencontainers.image.title"].startswith("Real-Time Orders: ")
    assert image.labels["org.opencontainers.image.licenses"] == "MIT"


@pytest.mark.skipif(chromium.installed() is None, reason="no browser here")
def test_page_of_another_origin(containers: ContainerStack) -> None:
    """In open mode, a page of another origin in a local browser is still refused."""
    before = containers.psql("SELECT count(*) FROM orders")
    with sync_playwright() as playwright:
        path = chromium.installed()
        browser = playwright.chromium.launch(executable_path=path, args=chromium.FLAGS)
        outcome = tried(browser, containers.edge)
        browser.close()
    assert (outcome["socket"], outcome["read"], outcome["write"]) == (
        "closed",
        "refused",
        "refused",
    )
    assert containers.psql("SELECT count(*) FROM orders") == before
