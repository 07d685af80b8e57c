"""Redis with the users of containers: one per service, each with its own keys and channels."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import redis

from harness.follower import Follower
from harness.pipeline import Pipeline
from harness.processes import LOOPBACK
from harness.servers import Database
from harness.signing import ASKING, bearer, token
from harness.valkey import Valkey
from harness.waiting import until

USERS = Path(__file__).parents[3] / "deploy" / "redis" / "users.acl"
NAMES = ("api", "listener", "gateway")
PASSWORDS = {name: secrets.token_hex(24) for name in NAMES}


@pytest.fixture(scope="module")
def guarded_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Start a Valkey with the users of containers."""
    rules = USERS.read_text()
    for name, password in PASSWORDS.items():
        rules = rules.replace(f"@{name}@", password)
    file = tmp_path_factory.mktemp("redis") / "users.acl"
    file.write_text(rules)
    server = Valkey("--aclfile", str(file))
    yield server
    server.stop()


@pytest.fixture
def as_user(guarded_redis: Valkey) -> Iterator[Callable[[str], redis.Redis]]:
    """Connect as one of the users."""
    opened: list[redis.Redis] = []

    def connect(name: str) -> redis.Redis:
        opened.append(
            redis.Redis(
                port=guarded_redis.port,
                host=LOOPBACK,
                username=name,
                password=PASSWORDS[name],
                decode_responses=True,
            )
        )
        return opened[-1]

    yield connect
    for client in opened:
        client.close()


def test_everything_works_with_users(
    database: Database, guarded_redis: Valkey, tmp_path: Path
) -> None:
    """Listener, gateway and API can publish, follow, resume, issue tickets and revoke."""

    def settings(name: str) -> dict[str, str]:
        file = tmp_path / name
        file.write_text(PASSWORDS[name])
        return {
            **ASKING,
            "REDIS_URL": f"redis://{name}@{LOOPBACK}:{guarded_redis.port}/0",
            "REDIS_PASSWORD_FILE": str(file),
        }

    with Pipeline(database, guarded_redis) as started, database.connect() as sql:
        insert = "INSERT INTO orders (customer_name, product_name) VALUES ('Ann', 'Desk')"
        for _ in range(60):
            sql.execute(insert)
        api = started.api(**settings("api"))
        for _ in range(2):  # the second stands by
            started.listener(**settings("listener")).ready()
        gateway = started.gateway(
            **settings("gateway"), API_URL=api.url, RING_MAX_EVENTS="5"
        ).ready()
        shown = token("admin")
        with httpx.Client(base_url=api.url, headers=bearer(shown)) as client:
            ticket = client.post("/api/tickets").json()["ticket"]
            offered = ["orders", f"orders.ticket.{ticket}"]
            with Follower(gateway.ws_url, after=0, subprotocols=offered) as follower:
                sql.execute(insert)
                follower.until(61)
                health = client.get("/api/health").json()["checks"]
                assert health["listener"]["status"] == health["redis"]["status"] == "ok"
                until(lambda: client.get("/api/health").json()["checks"]["gateways"]["count"] == 1)
                assert client.post("/api/revocations", json={"token": shown}).status_code == 204
                assert follower.closing_code() == 4001


@pytest.mark.parametrize("name", NAMES)
def test_users_have_only_the_rights_they_need(
    as_user: Callable[[str], redis.Redis], name: str
) -> None:
    """No service can administer Redis, read other keys or list the users."""
    client = as_user(name)
    assert client.ping()
    for command in (
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("KEYS", "*"),
        ("CLIENT", "LIST"),
        ("SHUTDOWN",),
        ("SET", "other", "1"),
        ("GET", "other"),
        ("PUBLISH", "other", "1"),
        ("SUBSCRIBE", "other"),
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(*command)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("gateway", ("XADD", "orders:log", "*", "a", "b")),
        ("gateway", ("SET", "orders:head", "1")),
        ("gateway", ("HSET", "orders:revoked", "version", "1")),
        ("gateway", ("DEL", "orders:revoked")),
        ("gateway", ("PUBLISH", "orders:changes", "1")),
        ("gateway", ("EVAL", "return 1", "0")),
        ("gateway", ("SET", "orders:ticket:x", "1")),
        ("gateway", ("GET", "orders:ticket:x")),
        ("gateway", ("SET", "orders:session:x", "1")),
        ("gateway", ("GETDEL", "orders:session:x")),
        ("gateway", ("SET", "orders:schema", "{}")),
        ("api", ("XRANGE", "orders:log", "-", "+")),
        ("api", ("GET", "orders:ticket:x")),
        ("api", ("PUBLISH", "orders:changes", "1")),
        ("listener", ("HGETALL", "orders:revoked")),
        ("listener", ("GET", "orders:session:x")),
        ("listener", ("EVAL", "return redis.call('HGETALL', KEYS[1])", "1", "orders:revoked")),
        ("listener", ("SET", "orders:gateway:x", "1")),
        ("listener", ("SUBSCRIBE", "orders:changes:x")),
    ],
)
def test_keys_of_others(
    as_user: Callable[[str], redis.Redis], name: str, command: tuple[str, ...]
) -> None:
    """No service can do another's work: gateways cannot publish or remove revocations."""
    with pytest.raises(redis.exceptions.NoPermissionError):
        as_user(name).execute_command(*command)  # type: ignore[no-untyped-call]


def test_a_gateway_redeems_tickets_and_reads_the_schema(
    as_user: Callable[[str], redis.Redis],
) -> None:
    """A gateway redeems a ticket of the API once and reads the schema of the listener."""
    as_user("api").set("orders:ticket:x", "who")
    as_user("listener").set("orders:schema", "{}")
    gateway = as_user("gateway")
    assert [gateway.getdel("orders:ticket:x") for _ in range(2)] == ["who", None]
    assert gateway.get("orders:schema") == "{}"


def test_a_listener_looks_at_the_newest_batch(as_user: Callable[[str], redis.Redis]) -> None:
    """After a fail-over of PostgreSQL the listener compares its log with what Redis has."""
    assert isinstance(as_user("listener").xrevrange("orders:log", count=1), list)


def test_clients_without_a_user_are_refused(guarded_redis: Valkey) -> None:
    """Redis refuses clients without a password or with a wrong one."""
    with guarded_redis.connect() as client, pytest.raises(redis.exceptions.AuthenticationError):
        client.get("orders:head")
    wrong = redis.Redis(port=guarded_redis.port, username="api", password="wrong")
    with wrong, pytest.raises(redis.exceptions.AuthenticationError):
        wrong.ping()
