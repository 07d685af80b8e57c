"""``orders watch``: show changes in the terminal as they happen."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.text import Text

from orders_cli.addresses import Data, stream_address
from orders_cli.api_client import ApiClient
from orders_cli.conditions import parse_filter
from orders_cli.credentials import Token
from orders_cli.errors import BadValueError, OrdersError, UnreachableError
from orders_cli.feed import Kind, Line, line_of, line_of_state
from orders_cli.settings import load_settings
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_contract.matching import FilterError, Selection
from orders_contract.schema import ORDERS, Schema, Table
from real_time_orders import OrdersClient, Phase, RefusedError, State, Tables

_STYLES: dict[Kind, str] = {
    "news": "dim",
    "insert": "green",
    "update": "cyan",
    "delete": "red",
    "alarm": "bold yellow",
}


def watch(  # noqa: PLR0913  one parameter for each option
    *,
    url: Annotated[
        str | None, typer.Option(help="Default: the running stack's, else port 3000 of this host.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table; may be repeated. Default: all.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="Only rows that match: status=pending, total.gte=100, note.is=null. Repeated for "
            "the same column: any of the values. For orders, or the one --table.",
        ),
    ] = None,
    status: Annotated[list[str] | None, typer.Option(help="Only these statuses.")] = None,
    customer: Annotated[list[str] | None, typer.Option(help="Only these customers.")] = None,
    data: Data = DEFAULT_DATA,
    token: Token = None,
) -> None:
    """Show every change as it happens, one line each; Ctrl-C ends it."""
    address = stream_address(url, data)
    wanted = _Wanted(where or [], {"status": status or [], "customer": customer or []})
    tables = table or ([ORDERS] if wanted else [])
    if wanted and len(tables) > 1:
        raise BadValueError("conditions need a single --table")
    console = Console(highlight=False, soft_wrap=True)
    try:
        asyncio.run(_watch(address, tables, wanted, token, console))
    except KeyboardInterrupt:
        return


@dataclass(frozen=True)
class _Wanted:
    """The conditions of the options: ``where`` names columns, ``roles`` has values by role."""

    where: list[str]
    roles: Mapping[str, list[str]]

    def __bool__(self) -> bool:
        return bool(self.where or any(self.roles.values()))

    def conditions(self, described: Table | None) -> list[str]:
        """Return all conditions in the form COLUMN=VALUE."""
        settings = load_settings()
        columns = {"status": settings.status_column, "customer": settings.customer_column}
        columns |= {role: name for role, name in _display(described).items() if name}
        roles = self.roles.items()
        return [
            *self.where,
            *(f"{columns[role]}={each}" for role, found in roles for each in found),
        ]


def _display(described: Table | None) -> Mapping[str, str | None]:
    return {} if described is None else described.display


async def _watch(
    address: str, names: list[str], wanted: _Wanted, token: str | None, console: Console
) -> None:
    tables: dict[str, dict[str, Any]] | None = None
    if names:
        schema = await _fetch_schema(address, token)
        described = schema.tables.get(names[0]) if schema else None
        conditions = wanted.conditions(described)
        tables = {name: parse_filter(conditions, described) for name in names}
        _check(tables, schema)
    seen = _Seen(address, console)
    async with OrdersClient(address, tables=tables, token=token, on_state=seen.tell) as client:
        try:
            async for item in client:
                _show(console, line_of(item))
        except RefusedError as exc:
            raise UnreachableError(f"no stream of changes at {address}: {exc}") from exc


async def _fetch_schema(address: str, token: str | None) -> Schema | None:
    """Return the schema from the API at the same origin; None if no API answers with one."""
    parts = urlsplit(address)
    edge = f"{parts.scheme.replace('ws', 'http', 1)}://{parts.netloc}"
    try:
        async with ApiClient(edge, token, give_up_after_s=0) as client:
            return await client.schema()
    except OrdersError:
        return None


def _check(tables: Tables, schema: Schema | None) -> None:
    try:
        Selection.parse(tables, schema)
    except FilterError as exc:
        raise BadValueError(f"bad filter: {exc}") from exc


class _Seen:
    """Shows changes of the connection's state; raises an error if the first connection fails."""

    def __init__(self, address: str, console: Console) -> None:
        self._address = address
        self._console = console
        self._was_live = False

    def tell(self, state: State) -> None:
        if state.phase is Phase.LIVE:
            self._was_live = True
        if state.phase is Phase.WAITING and not self._was_live:
            raise UnreachableError(f"no stream of changes at {self._address}: {state.reason}")
        line = line_of_state(state)
        if line is not None:
            _show(self._console, line)


def _show(console: Console, line: Line) -> None:
    console.print(Text(line.text, style=_STYLES[line.kind]))
