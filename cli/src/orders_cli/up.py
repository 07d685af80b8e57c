"""``orders up``: run the whole system on this machine."""

import asyncio
import time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from orders_access.origins import is_local_name
from orders_access.settings import OPEN_TO_OTHERS
from orders_cli.errors import BadValueError, NotReadyError, StackError
from orders_cli.installation import connected, require_stream
from orders_cli.repository import find_repository
from orders_cli.settings import StackSettings, inherited_environment, load_settings
from orders_cli.signing_keys import SigningKeys
from orders_cli.stack import binaries, ports
from orders_cli.stack.console import StackConsole
from orders_cli.stack.data_folder import DEFAULT_DATA, INTERNAL_SECRET, locked, secret_file
from orders_cli.stack.plan import Plan
from orders_cli.stack.ports import MAX_PORT, WantedPort
from orders_cli.stack.postgres import open_cluster
from orders_cli.stack.redis_users import redis_users
from orders_cli.stack.stack import Stack

_Port = int | None


def up(  # noqa: PLR0913  one parameter for each option
    *,
    port: Annotated[
        _Port, typer.Option(min=0, max=MAX_PORT, help="Of the edge. Default: PORT, else 3000.")
    ] = None,
    gateways: Annotated[int, typer.Option(min=1, max=64, help="Number of gateways.")] = 2,
    data: Annotated[Path, typer.Option(help="Folder for everything stored.")] = DEFAULT_DATA,
    api_port: Annotated[
        _Port, typer.Option(min=0, max=MAX_PORT, help="Default: API_PORT, else 8000.")
    ] = None,
    listener_port: Annotated[
        _Port, typer.Option(min=0, max=MAX_PORT, help="Default: LISTENER_PORT, else 8001.")
    ] = None,
    gateway_port: Annotated[
        _Port,
        typer.Option(
            min=0, max=MAX_PORT, help="Of the first gateway. Default: WS_PORT, else 8080."
        ),
    ] = None,
    db_port: Annotated[int, typer.Option(min=0, max=MAX_PORT, help="0: any free one.")] = 0,
    redis_port: Annotated[int, typer.Option(min=0, max=MAX_PORT, help="0: any free one.")] = 0,
) -> None:
    """Start the whole system on this machine; Ctrl-C stops it. Port 0 means any free one."""
    settings = load_settings()
    hosts = _edge_hosts(settings)
    first_gateway = settings.ws_port if gateway_port is None else gateway_port
    wanted = {
        "edge": WantedPort("the edge", "--port", settings.port if port is None else port, hosts),
        "api": WantedPort(
            "the API", "--api-port", settings.api_port if api_port is None else api_port
        ),
        "listener": WantedPort(
            "the listener",
            "--listener-port",
            settings.listener_port if listener_port is None else listener_port,
        ),
        **{
            f"gateway-{n + 1}": WantedPort(
                f"gateway-{n + 1}", "--gateway-port", first_gateway and first_gateway + n
            )
            for n in range(gateways)
        },
    }
    if settings.own_database() is None:
        wanted["postgres"] = WantedPort("PostgreSQL", "--db-port", db_port)
    if settings.own_redis() is None:
        wanted["valkey"] = WantedPort("Valkey", "--redis-port", redis_port)
    console = StackConsole()
    try:
        asyncio.run(_run(settings, hosts, wanted, data.resolve(), console))
    except NotReadyError as exc:
        for line in exc.last_lines:
            console.info(f"  its output: {line}")
        raise


async def _run(
    settings: StackSettings,
    hosts: tuple[str, ...],
    wanted: dict[str, WantedPort],
    data: Path,
    console: StackConsole,
) -> None:
    repository = find_repository()
    repository.check()
    if settings.auth_mode == "open" and not all(is_local_name(host) for host in hosts):
        raise BadValueError(OPEN_TO_OTHERS.format(addresses=" ".join(hosts)))
    if problems := ports.conflicts(wanted.values()):
        raise BadValueError("\n".join(problems))
    own_database, own_redis = settings.own_database(), settings.own_redis()
    if own_database is not None:
        await asyncio.to_thread(_require_stream, own_database)
    with locked(data):
        if problems := ports.unavailable(wanted.values()):
            raise StackError("\n".join(problems))
        console.info(f"starting; data in {data}")
        began = time.monotonic()
        for what, url in (("PostgreSQL", own_database), ("Redis", own_redis)):
            if url is not None:
                console.info(f"using {what} at {_host(url)} instead of an embedded server")
        if settings.auth_mode == "token" and settings.has_secret():
            console.info("AUTH_SECRET is set: every process that verifies tokens could sign them")
        cluster = await open_cluster(data) if own_database is None else None
        own_keys = SigningKeys.in_folder(data)
        own_keys.load()
        valkey_users = redis_users(repository.redis_users, data)
        plan = Plan(
            ports=ports.assign(wanted),
            passwords=cluster.passwords if cluster else {},
            own_database=own_database,
            own_redis=own_redis,
            repository=repository,
            edge_hosts=hosts,
            inherited=inherited_environment(),
            keys=own_keys.public,
            internal_secret=secret_file(data, INTERNAL_SECRET),
            redis_passwords=valkey_users.passwords,
            redis_users=valkey_users.file,
            needs_token=settings.auth_mode == "token",
            example={}
            if own_database
            else {settings.customer_column: "John Doe", settings.title_column: "Laptop"},
            caddy=binaries.caddy(),
            valkey=binaries.valkey_server(),
            data=data,
        )
        await Stack(plan, cluster, console, began).run()


def _require_stream(url: str) -> None:
    with connected(url) as connection:
        require_stream(connection)


def _edge_hosts(settings: StackSettings) -> tuple[str, ...]:
    """Return the addresses on which the edge listens; by default the loopback addresses."""
    if settings.edge_host:
        return tuple(settings.edge_host.split())
    return (ports.LOOPBACK, "::1") if ports.has_ipv6_loopback() else (ports.LOOPBACK,)


def _host(url: str) -> str:
    """Return host and port of a URL, without user and password."""
    return urlsplit(url).netloc.rpartition("@")[2]
