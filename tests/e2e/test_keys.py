"""Who can sign tokens on one machine, and the rotation of the key, while everything runs."""

import json
import stat
from pathlib import Path

import httpx
import psutil
import pytest
import redis
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from harness.answers import ok, problem
from harness.follower import Follower
from harness.forgeries import claims, handmade
from harness.signing import bearer
from harness.stacks import EmbeddedStack, orders
from harness.waiting import until
from harness.world import stream_url


def run(stack: EmbeddedStack, *arguments: str, text: str = "") -> str:
    done = orders(*arguments, folder=stack.folder, text=text)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def held(stack: EmbeddedStack, name: str) -> dict[str, str]:
    """Return the environment of a process, and the content of each file that it names."""
    found = dict(psutil.Process(stack.pids()[name]).environ())
    for variable, value in list(found.items()):
        if variable.endswith("_FILE"):
            found[f"content of {variable}"] = Path(value).read_text().strip()
    return found


@pytest.mark.parametrize("name", ["gateway-1", "api", "listener", "caddy", "valkey", "postgres"])
def test_no_process_can_sign(guarded: EmbeddedStack, name: str) -> None:
    """Nothing in the environment or the files of a process signs a token."""
    signing = json.loads((guarded.data / "signing-key.json").read_text())
    things = held(guarded, name)
    assert "ORDERS_TOKEN" not in things
    assert not [each for each in things.values() if signing["d"] in each or '"d"' in each]
    with httpx.Client(base_url=guarded.edge) as client:
        for thing in things.values():
            for algorithm in ("HS256", "ES256"):
                header = {"alg": algorithm, "kid": signing["kid"]}
                forged = handmade(header, claims(role="admin"), thing.encode())
                problem(client.get("/api/me", headers=bearer(forged)), 401)


@pytest.mark.parametrize(
    ("name", "secrets"),
    [
        ("api", {"DB_PASSWORD", "REDIS_PASSWORD_FILE", "INTERNAL_SECRET_FILE"}),
        ("listener", {"DB_PASSWORD", "REDIS_PASSWORD_FILE"}),
        ("gateway-2", {"REDIS_PASSWORD_FILE", "INTERNAL_SECRET_FILE"}),
        ("caddy", set()),
        ("valkey", set()),
        ("postgres", set()),
    ],
)
def test_each_process_has_only_the_secrets_it_needs(
    guarded: EmbeddedStack, name: str, secrets: set[str]
) -> None:
    """A process has its own passwords and no other secret; none is visible in ps."""
    things = held(guarded, name)
    assert {each for each in things if "SECRET" in each or "PASSWORD" in each} == secrets | {
        f"content of {each}" for each in secrets if each.endswith("_FILE")
    }
    arguments = " ".join(psutil.Process(guarded.pids()[name]).cmdline())
    files = [each for each in guarded.data.iterdir() if each.is_file()]
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0 or file.name == "lock"
    assert not [
        file for file in files if "password" in file.name and file.read_text().strip() in arguments
    ]


def test_the_internal_secret_only_reads(guarded: EmbeddedStack) -> None:
    """The secret that gateways send to the API lets them read, and neither write nor revoke."""
    secret = (guarded.data / "internal-secret").read_text().strip()
    with httpx.Client(base_url=guarded.edge, headers=bearer(secret)) as client:
        ok(client.get("/api/events"))
        problem(client.post("/api/orders", json={}), 403)
        problem(client.delete("/api/orders/1"), 403)
        problem(client.post("/api/revocations", json={"subject": "ann"}), 403)


def test_redis_of_one_machine_asks_for_a_password(guarded: EmbeddedStack) -> None:
    """A local process without a password reads and forges nothing; a gateway forges no ticket."""
    with redis.Redis.from_url(guarded.redis) as anyone:
        for command in (("GET", "orders:head"), ("SET", "orders:ticket:x", "1"), ("ACL", "LIST")):
            with pytest.raises(redis.exceptions.AuthenticationError):
                anyone.execute_command(*command)
    password = (guarded.data / "redis-gateway-password").read_text().strip()
    as_gateway = redis.Redis.from_url(guarded.redis, username="gateway", password=password)
    with as_gateway as gateway:
        assert gateway.getdel("orders:ticket:x") is None
        with pytest.raises(redis.exceptions.NoPermissionError):
            gateway.set("orders:ticket:x", "1")
        with pytest.raises(redis.exceptions.NoPermissionError):
            gateway.publish("orders:changes", "1")


def test_rotation_while_everything_runs(guarded: EmbeddedStack) -> None:
    """Tokens of the former key are valid until it is retired; then their connections close."""
    old = run(guarded, "token", "--role", "clerk")
    earlier = guarded.log().count("keys_changed")
    with httpx.Client(base_url=guarded.edge, timeout=30) as client:
        ticket = f"orders.ticket.{_ticket(client, old)}"
        with Follower(stream_url(guarded), additional_headers=bearer(old)) as former:
            former.expect("authenticated")
            assert "stay valid" in run(guarded, "token", "rotate-key")
            new = run(guarded, "token", "--role", "admin")
            for shown in (old, new):
                ok(client.get("/api/me", headers=bearer(shown)))
            with Follower(stream_url(guarded), additional_headers=bearer(new)) as current:
                current.expect("authenticated")
                assert "retired" in run(guarded, "token", "retire-key")
                assert former.closing_code() == 4001
                until(lambda: guarded.log().count("keys_changed") >= earlier + 2, 5)
                until(lambda: client.get("/api/me", headers=bearer(old)).status_code == 401, 5)
                ok(client.get("/api/me", headers=bearer(new)))
                created = client.post(
                    "/api/orders",
                    json={"customer_name": "Ann", "product_name": "Desk"},
                    headers=bearer(new),
                )
                current.until(current.position + 1)
                assert created.status_code == 201
    with pytest.raises(InvalidStatus, match="401"):
        connect(stream_url(guarded), subprotocols=[Subprotocol("orders"), Subprotocol(ticket)])


def _ticket(client: httpx.Client, shown: str) -> str:
    return str(client.post("/api/tickets", headers=bearer(shown)).json()["ticket"])


def test_revocation_names_who_revoked(guarded: EmbeddedStack) -> None:
    """A token on stdin is revoked, and the security log names the user who did it."""
    shown = run(guarded, "token")
    earlier = len(_revocations(guarded))
    assert run(guarded, "token", "revoke", "-", text=shown) == "revoked"
    with httpx.Client(base_url=guarded.edge) as client:
        until(lambda: client.get("/api/me", headers=bearer(shown)).status_code == 401, 2)
    until(lambda: len(_revocations(guarded)) > earlier, 5)
    assert "by=orders" not in _revocations(guarded)[-1]
    assert shown not in guarded.log()


def _revocations(stack: EmbeddedStack) -> list[str]:
    return [line for line in stack.log().splitlines() if " revoked " in line]


def test_commands_say_that_they_need_a_token(guarded: EmbeddedStack) -> None:
    """A command without a token says what to do, and nothing else."""
    done = orders("simulate", "--seconds", "1", folder=guarded.folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "make one with `orders token --role clerk" in done.stderr
