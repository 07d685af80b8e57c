"""``orders up``: the whole system on this machine."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from orders_access.names import is_local_name
from orders_access.settings import OPEN_TO_OTHERS
from orders_cli.errors import BadValueError, NotReadyError, StackError
from orders_cli.repository import find_repository
from orders_cli.settings import StackSettings, inherited_environment, load_settings
from orders_cli.stack import binaries, ports, state
from orders_cli.stack.plan import Plan, Ports, wanted_ports
from orders_cli.stack.postgres import open_cluster
from orders_cli.stack.report import Report
from orders_cli.stack.secret import secret_file
from orders_cli.stack.stack import Stack


@dataclass(frozen=True)
class _Choices:
    """What the command line says about ports; None leaves it to the settings."""

    port: int | None
    api_port: int | None
    listener_port: int | None
    gateway_port: int | None
    db_port: int
    redis_port: int
    gateways: int


def up(  # noqa: PLR0913  one parameter an option
    *,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Of the edge. Default: PORT, else 3000.")
    ] = None,
    gateways: Annotated[int, typer.Option(min=1, max=64, help="How many.")] = 2,
    data: Annotated[Path, typer.Option(help="Folder for everything kept.")] = state.DEFAULT_DATA,
    api_port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Default: API_PORT, else 8000.")
    ] = None,
    listener_port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Default: LISTENER_PORT, else 8001.")
    ] = None,
    gateway_port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Of the first gateway. Default: WS_PORT, else 8080."),
    ] = None,
    db_port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any free one.")] = 0,
    redis_port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any free one.")] = 0,
) -> None:
    """Start the whole system on this machine; Ctrl-C stops it. A port of 0 is any free one."""
    choices = _Choices(port, api_port, listener_port, gateway_port, db_port, redis_port, gateways)
    settings = load_settings()
    report = Report()
    try:
        asyncio.run(_run(settings, choices, data.resolve(), report))
    except NotReadyError as exc:
        for line in exc.last_lines:
            report.note(f"  it said: {line}")
        raise


async def _run(settings: StackSettings, choices: _Choices, data: Path, report: Report) -> None:
    repository = find_repository()
    repository.check()
    hosts = _edge_hosts(settings)
    _refuse(_openness(settings, hosts), BadValueError)
    wanted = _ports(settings, choices)
    _refuse(ports.beyond_range(wanted_ports(wanted, hosts)), BadValueError)
    _refuse(ports.clashes(wanted_ports(wanted, hosts)), BadValueError)
    with state.occupy(data):
        _refuse(ports.occupied(wanted_ports(wanted, hosts)), StackError)
        report.note(f"starting; data in {data}")
        began = time.monotonic()
        cluster = await open_cluster(data)
        plan = Plan(
            ports=_chosen(wanted, hosts),
            passwords=cluster.passwords,
            repository=repository,
            edge_hosts=hosts,
            inherited=inherited_environment(),
            auth_secret=secret_file(data),
            asks=settings.auth_mode == "token",
            caddy=binaries.caddy(),
            valkey=binaries.valkey_server(),
            data=data,
        )
        await Stack(plan, cluster, report, began).run()


def _refuse(problems: list[str], error: type[StackError | BadValueError]) -> None:
    if problems:
        raise error("\n".join(problems))


def _edge_hosts(settings: StackSettings) -> tuple[str, ...]:
    """Return where the edge listens: by default for this machine alone, by both of its names."""
    if settings.edge_host:
        return tuple(settings.edge_host.split())
    return (ports.LOOPBACK, "::1") if ports.has_ipv6_loopback() else (ports.LOOPBACK,)


def _openness(settings: StackSettings, hosts: tuple[str, ...]) -> list[str]:
    """Return why everyone must not be let in, if so."""
    if settings.auth_mode == "token" or all(is_local_name(host) for host in hosts):
        return []
    return [OPEN_TO_OTHERS.format(addresses=" ".join(hosts))]


def _ports(settings: StackSettings, choices: _Choices) -> Ports:
    """Return the ports asked for, 0 for those that do not matter."""

    def chosen(option: int | None, setting: int) -> int:
        return setting if option is None else option

    first = chosen(choices.gateway_port, settings.ws_port)
    numbers = range(choices.gateways)
    return Ports(
        edge=chosen(choices.port, settings.port),
        api=chosen(choices.api_port, settings.api_port),
        listener=chosen(choices.listener_port, settings.listener_port),
        gateways=tuple(first + number if first else 0 for number in numbers),
        database=choices.db_port,
        redis=choices.redis_port,
    )


def _chosen(wanted: Ports, edge_hosts: tuple[str, ...]) -> Ports:
    """Return the ports with a free one in place of each 0."""
    asked = [wanted.edge, wanted.api, wanted.listener, wanted.database, wanted.redis]
    free = iter(ports.free_ports(len(asked) + len(wanted.gateways), edge_hosts))
    edge, api, listener, database, redis = (port or next(free) for port in asked)
    gateways = tuple(port or next(free) for port in wanted.gateways)
    return Ports(edge, api, listener, gateways, database, redis)
