"""Containers that require tokens, with keys of their own."""

import json
from collections.abc import Iterator

import httpx
import pytest

from harness.answers import ok, problem
from harness.containers import ContainerStack
from harness.follower import Follower
from harness.forgeries import claims, handmade
from harness.signing import bearer
from harness.waiting import until
from harness.world import stream_url


@pytest.fixture(scope="module")
def guarded(containers: ContainerStack) -> Iterator[ContainerStack]:
    """Run the containers with tokens required, and without any key of an owner."""
    with containers.set(AUTH_MODE="token"):
        yield containers


def run(stack: ContainerStack, *arguments: str) -> str:
    return stack.compose("run", "--rm", "orders", "token", *arguments).strip()


def test_the_first_token_makes_the_key(guarded: ContainerStack) -> None:
    """Without any key every token is refused; the first one is accepted without a restart."""
    shown = run(guarded, "--role", "admin")
    with httpx.Client(base_url=guarded.edge, timeout=30) as client:
        problem(client.get("/api/me"), 401)
        assert ok(client.get("/api/me", headers=bearer(shown)))["role"] == "admin"
    with Follower(stream_url(guarded), additional_headers=bearer(shown)) as follower:
        follower.expect("authenticated")


@pytest.mark.parametrize("service", ["gateway", "api", "listener", "edge", "redis", "db"])
def test_no_container_can_sign(guarded: ContainerStack, service: str) -> None:
    """Nothing in the environment or on the volumes of a container signs a token."""
    run(guarded)
    name = f"{service}-1"
    attributes = guarded.container(name).attrs
    texts = [each.partition("=")[2] for each in attributes["Config"]["Env"]]
    for mount in attributes["Mounts"]:
        if mount["Destination"] == "/var/lib/postgresql":
            continue  # the database's own files
        # As root: also what the process itself could not read.
        command = f"find {mount['Destination']} -type f -size -9k -exec cat {{}} + 2>/dev/null"
        done = guarded.container(name).exec_run(["sh", "-c", command], user="root")
        assert isinstance(done.output, bytes)
        texts += done.output.decode(errors="replace").splitlines()
    assert not [each for each in texts if '"d":' in each.replace(" ", "")]
    public = json.loads(guarded.run("api-1", "cat", "/run/keys/verification-keys.json")[1])
    header = {"kid": public["keys"][0]["kid"]}
    secrets = {each for each in texts if len(each) >= 32 and "PRIVATE" not in each}
    with httpx.Client(base_url=guarded.edge, timeout=30) as client:
        for secret in sorted(secrets)[:20]:
            forged = handmade({**header, "alg": "HS256"}, claims(role="admin"), secret.encode())
            problem(client.get("/api/me", headers=bearer(forged)), 401)


def test_rotation(guarded: ContainerStack) -> None:
    """Tokens of the former key are valid until it is retired; then their connections close."""
    old = run(guarded)
    with httpx.Client(base_url=guarded.edge, timeout=30) as client:
        with Follower(stream_url(guarded), additional_headers=bearer(old)) as former:
            former.expect("authenticated")
            assert "stay valid" in run(guarded, "rotate-key")
            new = run(guarded)
            for shown in (old, new):
                ok(client.get("/api/me", headers=bearer(shown)))
            assert "retired" in run(guarded, "retire-key")
            assert former.closing_code() == 4001
        until(lambda: client.get("/api/me", headers=bearer(old)).status_code == 401, 5)
        ok(client.get("/api/me", headers=bearer(new)))
