"""``orders watch``: a live feed of changes in the terminal."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from orders_cli.addresses import stream_address
from orders_cli.credentials import Token
from orders_cli.errors import BadValueError, UnreachableError
from orders_cli.feed import Kind, Line, line_of, line_of_state
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_client import OrdersClient, Phase, RefusedError, State
from orders_contract.messages import Filter

_STYLES: dict[Kind, str] = {
    "news": "dim",
    "insert": "green",
    "update": "cyan",
    "delete": "red",
    "alarm": "bold yellow",
}


def watch(
    url: Annotated[
        str | None, typer.Option(help="Default: the running stack's, else port 3000 of this host.")
    ] = None,
    status: Annotated[list[str] | None, typer.Option(help="Only these statuses.")] = None,
    customer: Annotated[list[str] | None, typer.Option(help="Only these customers.")] = None,
    data: Annotated[Path, typer.Option(help="Folder of the stack.")] = DEFAULT_DATA,
    token: Token = None,
) -> None:
    """Show every change of an order as it happens, one line each; Ctrl-C ends it."""
    address = stream_address(url, data)
    wanted = _filter(status, customer)
    try:
        asyncio.run(_watch(address, wanted, token, Console(highlight=False, soft_wrap=True)))
    except KeyboardInterrupt:
        return


def _filter(status: list[str] | None, customer: list[str] | None) -> Filter | None:
    if not status and not customer:
        return None
    try:
        return Filter.model_validate({"status": status or None, "customer_name": customer or None})
    except ValidationError as exc:
        first = exc.errors()[0]
        raise BadValueError(f"bad filter: {first['loc'][0]}: {first['msg']}") from exc


async def _watch(address: str, wanted: Filter | None, token: str | None, console: Console) -> None:
    seen = _Seen(address, console)
    async with OrdersClient(address, filter=wanted, token=token, on_state=seen.tell) as client:
        try:
            async for item in client:
                _show(console, line_of(item))
        except RefusedError as exc:
            raise UnreachableError(f"no stream of changes at {address}: {exc}") from exc


class _Seen:
    """Shows changes of state; a stream that never was there ends the command."""

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
