"""docs/containers.md: every procedure, run as it is written, in a clone of the repository."""

import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness import documents
from harness.answers import created, ok
from harness.containers import ContainerStack, interruptible
from harness.documents import run
from harness.follower import Follower
from harness.ports import free_port
from harness.signing import bearer
from harness.waiting import until
from harness.world import insert, stream_url, until_well

BLOCKS = documents.blocks("docs/containers.md")
_WITHIN_S = 900.0
ORDER = {"customer_name": "Ann", "product_name": "Desk"}


class Reader:
    """Someone who follows the document: a clone, free ports, and a project of their own."""

    def __init__(self, folder: Path) -> None:
        self.clone = documents.clone(folder)
        self.stack = ContainerStack(folder=self.clone)
        kept = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_BUILDKIT")
        self.https_port = free_port()
        self.env = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "COMPOSE_PROJECT_NAME": self.stack.project,
            "PORT": str(self.stack.port),
            "HTTP_PORT": str(free_port()),
            "HTTPS_PORT": str(self.https_port),
        }

    def follows(self, heading: str, number: int = 0, word: str = "", by: str = "") -> str:
        """Run a block of the document; a reader may put another word in place of one."""
        commands = BLOCKS[heading][number]
        assert word in commands
        return run(
            commands.replace(word, by) if word else commands, self.clone, self.env, _WITHIN_S
        )

    def types(self, commands: str) -> str:
        return run(commands, self.clone, self.env, _WITHIN_S)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Start the system as the document begins, and stop and start it once."""
    reader = Reader(tmp_path_factory.mktemp("reader"))
    with interruptible():
        try:
            reader.follows("In containers")
            reader.types("docker compose up --detach --wait")
            yield reader
        finally:
            reader.stack.remove()


def test_every_procedure_is_run() -> None:
    """Each block of commands in the document belongs to a test of this file."""
    tested = Path(__file__).read_text(encoding="utf-8")
    for heading, found in BLOCKS.items():
        calls = tested.count(f'.follows("{heading}"')
        assert calls >= len(found), heading


@pytest.mark.parametrize("owner", ["orders-api", "orders-listener", "orders"])
def test_change_of_a_password(reader: Reader, owner: str) -> None:
    """The procedure makes another password, and everything logs in with it."""
    folder = f"/run/{owner}/"
    before = reader.stack.run("db-1", "cat", f"{folder}database-password")
    reader.follows("In containers", 1, "/run/orders-api/", folder)
    assert reader.stack.run("db-1", "cat", f"{folder}database-password") != before
    until_well(reader.stack)
    with Follower(stream_url(reader.stack)) as follower:
        created(httpx.post(f"{reader.stack.edge}/api/orders", json=ORDER))
        follower.until(follower.position + 1)
    assert "customer_name" in reader.types("docker compose run --rm orders tables")


def test_command_line(reader: Reader) -> None:
    """Export, import, psql, watched tables and tokens work from the command line."""
    insert(reader.stack, "Chair")
    shown = reader.follows("Command line")
    assert "Chair" in (reader.clone / "orders.csv").read_text()
    assert "shipments is watched" in shown
    assert "eyJ" in shown
    with Follower(stream_url(reader.stack)) as follower:
        reader.stack.psql("INSERT INTO shipments SELECT 1, min(id) FROM orders")
        (event,) = follower.until(follower.position + 1)
    assert (event["table"], event["operation"]) == ("shipments", "INSERT")


def test_scaling(reader: Reader) -> None:
    """The command starts the numbers of containers that it names."""
    reader.follows("Scaling")
    counts = {role: len(reader.stack.containers(role)) for role in ("gateway", "api", "listener")}
    assert counts == {"gateway": 5, "api": 3, "listener": 2}
    until_well(reader.stack)
    reader.types("docker compose up --detach --wait")


def test_upgrading(reader: Reader) -> None:
    """The procedure keeps every order and ends with a system that is well."""
    before = reader.stack.psql("SELECT count(*) FROM orders")
    reader.follows("Upgrading")
    assert reader.stack.psql("SELECT count(*) FROM orders") == before
    until_well(reader.stack)


def test_backup_and_restore(reader: Reader) -> None:
    """A restored backup has its orders and is a new stream, and events flow."""
    insert(reader.stack, "kept")
    stream = reader.stack.psql("SELECT id FROM order_stream")
    reader.follows("Backup and restore")
    insert(reader.stack, "lost")
    reader.follows("Backup and restore", 1)
    until_well(reader.stack)
    products = reader.stack.psql("SELECT DISTINCT product_name FROM orders").splitlines()
    assert ("kept" in products, "lost" in products) == (True, False)
    assert reader.stack.psql("SELECT id FROM order_stream") != stream
    with Follower(stream_url(reader.stack), after=1, stream=stream) as follower:
        assert follower.next("reset")["reason"] == "unknown_stream"
        created(httpx.post(f"{reader.stack.edge}/api/orders", json=ORDER))
        follower.until(follower.position + 1)


def test_https(reader: Reader) -> None:
    """The procedure ends well, the token that it prints is accepted, and pages come by HTTPS."""
    # A name for which the edge is its own authority: there is no other one on this machine.
    reader.follows("A host name and HTTPS", 0, "orders.example.com", "localhost")
    token = (reader.clone / "token").read_text().split()[-1]
    assert ok(httpx.get(f"{reader.stack.edge}/api/me", headers=bearer(token)))["role"] == "admin"
    authority = "/var/lib/edge/caddy/pki/authorities/local/root.crt"
    until(lambda: reader.stack.run("edge-1", "cat", authority)[0] == 0, 30, "its authority")
    root = reader.stack.run("edge-1", "cat", authority)[1]
    context = ssl.create_default_context(cadata=root)
    url = f"https://localhost:{reader.https_port}"

    def answer() -> Any:
        try:
            return httpx.get(f"{url}/api/me", headers=bearer(token), verify=context)
        except httpx.HTTPError:
            return None

    assert ok(until(answer, 30, "an answer"))["role"] == "admin"
    with httpx.Client(base_url=url, verify=context) as client:
        assert client.get("/api/orders").status_code == 401
        assert "max-age" in client.get("/").headers["strict-transport-security"]
        page = {**bearer(token), "Origin": f"http://localhost:{reader.https_port}"}
        assert client.get("/sse", headers=page).status_code == 403  # a page without HTTPS
