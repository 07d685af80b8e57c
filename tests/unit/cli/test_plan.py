from pathlib import Path
from signal import Signals

import pytest

from orders_cli.repository import Repository
from orders_cli.stack.plan import Plan
from orders_cli.stack.ports import WantedPort, assign, conflicts
from orders_cli.stack.redis_users import USERS

PORTS = {
    "edge": 3000,
    "api": 8000,
    "listener": 8001,
    "gateway-1": 8080,
    "gateway-2": 8081,
    "postgres": 5433,
    "valkey": 6380,
}


def make_plan(
    edge_hosts: tuple[str, ...] = ("127.0.0.1", "::1"),
    own_database: str | None = None,
    own_redis: str | None = None,
    inherited: dict[str, str] | None = None,
) -> Plan:
    return Plan(
        ports=PORTS,
        passwords={"orders": "p/w:d", "orders_api": "api", "orders_listener": "listener"},
        own_database=own_database,
        own_redis=own_redis,
        repository=Repository(Path("/clone")),
        edge_hosts=edge_hosts,
        inherited={
            "LOG_LEVEL": "debug",
            "DB_HOST": "elsewhere",
            "DATABASE_URL": "x",
            "API_PORT": "1",
            **(inherited or {}),
        },
        keys=Path("/data/keys"),
        internal_secret=Path("/data/internal"),
        redis_passwords={user: Path(f"/data/{user}") for user in USERS},
        redis_users=Path("/data/users"),
        needs_token=False,
        example={},
        caddy=Path("/bin/caddy"),
        valkey=Path("/bin/valkey-server"),
        data=Path("/data"),
    )


def test_services_find_the_stack_only() -> None:
    """The stack's addresses override inherited settings; the others are passed on."""
    for service in make_plan().services():
        assert service.environment["REDIS_URL"].endswith("@127.0.0.1:6380/0")
        assert service.environment["LOG_LEVEL"] == "debug"


def test_each_service_has_a_role_of_its_own() -> None:
    """I9: API and listener have database roles of their own; gateways have no database."""
    api, listener, *gateways = make_plan().services()
    for service, role in ((api, "orders_api"), (listener, "orders_listener")):
        assert service.environment["DB_HOST"] == "127.0.0.1"
        assert service.environment["DB_PORT"] == "5433"
        assert service.environment["DB_USER"] == role
        assert service.environment["DB_PASSWORD"] == role.removeprefix("orders_")
    for gateway in gateways:
        assert not [name for name in gateway.environment if name.startswith("DB_")]


def test_servers_of_the_owner() -> None:
    """I9: services use the owner's database and Redis; gateways still have no database."""
    database = "postgresql://sh%40p:p%2Fw@db.example:6543/store?sslmode=require"
    owner = {"REDIS_URL": "rediss://cache.example/1", "REDIS_PASSWORD": "r"}
    owner |= {"REDIS_SENTINEL_PASSWORD": "s", "REDIS_PREFIX": "shop"}
    plan = make_plan(own_database=database, own_redis="rediss://cache.example/1", inherited=owner)
    api, listener, *gateways = plan.services()
    for service in (api, listener):
        assert service.environment["DATABASE_URL"] == database
        assert not [name for name in service.environment if name.startswith("DB_")]
    for gateway in gateways:
        assert not [name for name in gateway.environment if name.startswith(("DB_", "DATABASE"))]
        assert gateway.environment["REDIS_URL"] == "rediss://cache.example/1"
        assert gateway.environment["REDIS_PASSWORD"] == "r"
        assert gateway.environment["REDIS_SENTINEL_PASSWORD"] == "s"
        assert gateway.environment["REDIS_PREFIX"] == "shop"
    assert plan.state({})["database"] == database


def test_services_know_where_they_are_reached() -> None:
    """Services get the edge's addresses, which decide whether access may be open."""
    for service in make_plan(("0.0.0.0",)).services():
        assert service.environment["PUBLISHED_ADDRESS"] == "0.0.0.0"


SECRETS = {
    "DB_PASSWORD": "a",
    "DATABASE_URL": "b",
    "REDIS_PASSWORD": "c",
    "AUTH_SECRET": "d",
    "INTERNAL_SECRET": "e",
    "ORDERS_TOKEN": "f",
    "AWS_SECRET_ACCESS_KEY": "g",
}


def test_each_process_has_only_the_secrets_it_needs() -> None:
    """Each process gets the passwords of its own users; API and gateways also get the keys."""
    plan = make_plan(inherited=SECRETS)
    api, listener, *gateways = plan.services()
    servers = [plan.edge_program(), plan.valkey_program()]
    for program, expected in (
        (api, {"DB_PASSWORD": "api", "AUTH_SECRET": "d", "INTERNAL_SECRET": "e"}),
        (listener, {"DB_PASSWORD": "listener"}),
        *((gateway, {"AUTH_SECRET": "d", "INTERNAL_SECRET": "e"}) for gateway in gateways),
        *((server, {}) for server in servers),
    ):
        given = program.environment
        assert {name: given[name] for name in SECRETS if name in given} == expected
    for service in (api, listener, *gateways):
        user = service.name.partition("-")[0]
        assert service.environment["REDIS_PASSWORD_FILE"] == f"/data/{user}"
        assert service.environment["REDIS_URL"].startswith(f"redis://{user}@")


def test_own_keys_verify_unless_the_owner_has_keys() -> None:
    """Tokens are verified with the stack's public keys; with AUTH_SECRET they are not used."""
    own = make_plan()
    for service in own.services():
        verifies = service.name != "listener"
        assert (service.environment.get("AUTH_JWKS_FILE") == "/data/keys") is verifies
        assert ("INTERNAL_SECRET_FILE" in service.environment) is verifies
    assert own.state({})["tokens"] == "own keys"
    for setting in ("AUTH_SECRET", "AUTH_SECRET_FILE", "AUTH_JWKS_URL"):
        plan = make_plan(inherited={setting: "x"})
        assert plan.state({})["tokens"] == setting
        for service in plan.services():
            assert "AUTH_JWKS_FILE" not in service.environment


def test_each_gateway_has_its_own_name_and_port() -> None:
    """Gateways differ in name and port only."""
    gateways = [each for each in make_plan().services() if each.name.startswith("gateway")]
    assert [each.environment["GATEWAY_ID"] for each in gateways] == ["gateway-1", "gateway-2"]
    assert [each.environment["WS_PORT"] for each in gateways] == ["8080", "8081"]


def test_edge_knows_all_upstreams() -> None:
    """The edge gets every gateway, and serves the built dashboard."""
    environment = make_plan().edge_program().environment
    assert environment["GATEWAY_UPSTREAMS"] == "127.0.0.1:8080 127.0.0.1:8081"
    assert environment["API_UPSTREAMS"] == "127.0.0.1:8000"
    assert environment["EDGE_HOST"] == "127.0.0.1 ::1"
    assert environment["EDGE_ROOT"] == "/clone/frontend/dist"


def test_state_says_where_everything_is() -> None:
    """stack.json holds complete addresses, with the password escaped."""
    assert make_plan().state({"api": 7}) == {
        "edge": "http://127.0.0.1:3000",
        "api": "http://127.0.0.1:8000",
        "gateways": ["http://127.0.0.1:8080", "http://127.0.0.1:8081"],
        "database": "postgresql://orders:p%2Fw%3Ad@127.0.0.1:5433/orders",
        "redis": "redis://127.0.0.1:6380/0",
        "tokens": "own keys",
        "pids": {"api": 7},
    }


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:3000"),
        ("::", "http://127.0.0.1:3000"),
        ("192.0.2.7", "http://192.0.2.7:3000"),
        ("::1", "http://[::1]:3000"),
    ],
)
def test_edge_address_can_be_opened(host: str, url: str) -> None:
    """The URL of an edge that listens on all addresses is a loopback one."""
    assert make_plan((host,)).edge_url == url


def test_services_die_with_us() -> None:
    """Every program is killed by the kernel if ``orders up`` dies."""
    for program in (*make_plan().services(), make_plan().edge_program()):
        assert program.kill_signal == Signals.SIGKILL


def test_ports_wanted_twice() -> None:
    """The error for a port wanted twice names both owners; port 0 conflicts with nothing."""
    edge, api = WantedPort("the edge", "--port", 80), WantedPort("the API", "--api-port", 80)
    assert conflicts([edge, api]) == [
        "port 80 is wanted by both the edge and the API; choose another with --port or --api-port"
    ]
    assert conflicts([WantedPort("a", "--a", 0), WantedPort("b", "--b", 0)]) == []


def test_ports_that_do_not_exist() -> None:
    """The last gateway's port may exceed the range."""
    assert conflicts([WantedPort("gateway-2", "--gateway-port", 65_535)]) == []
    (problem,) = conflicts([WantedPort("gateway-2", "--gateway-port", 65_536)])
    assert "--gateway-port" in problem


def test_free_ports_replace_zeros_only() -> None:
    """Port 0 becomes a free port of its own; a chosen port stays."""
    wanted = {
        name: WantedPort(name, "--port", port) for name, port in [("a", 0), ("b", 0), ("c", 7)]
    }
    ports = assign(wanted)
    assert ports["c"] == 7
    assert 0 not in ports.values()
    assert len(set(ports.values())) == 3
