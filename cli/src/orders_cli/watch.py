"""``orders watch``: a live feed of changes in the terminal."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from orders_cli.addresses import DEFAULT_DATA, is_local, stream_address
from orders_cli.errors import BadValueError, UnreachableError
from orders_cli.feed import Feed, Kind, Line
from orders_contract.backoff import Backoff
from orders_contract.messages import Filter

_STYLES: dict[Kind, str] = {
    "news": "dim",
    "insert": "green",
    "update": "cyan",
    "delete": "red",
    "alarm": "bold yellow",
}
_OPEN_TIMEOUT_S = 5.0


def watch(
    url: Annotated[
        str | None, typer.Option(help="Default: the running stack's, else port 3000 of this host.")
    ] = None,
    status: Annotated[list[str] | None, typer.Option(help="Only these statuses.")] = None,
    customer: Annotated[list[str] | None, typer.Option(help="Only these customers.")] = None,
    data: Annotated[Path, typer.Option(help="Folder of the stack.")] = DEFAULT_DATA,
) -> None:
    """Show every change of an order as it happens, one line each; Ctrl-C ends it."""
    address = stream_address(url, data)
    feed = Feed(_filter(status, customer))
    try:
        asyncio.run(_watch(address, feed, Console(highlight=False, soft_wrap=True)))
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


async def _watch(address: str, feed: Feed, console: Console) -> None:
    backoff = Backoff(first_s=0.2, ceiling_s=10.0)
    while True:
        try:
            async with _connection(address, feed) as socket:
                await _follow(socket, feed, console, backoff)
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as exc:
            if feed.stream is None:
                raise UnreachableError(f"no stream of changes at {address}: {exc}") from exc
            delay_s = backoff.next_delay_s()
            _show(console, Line("alarm", f"connection lost; trying again in {delay_s:.1f} s"))
            await asyncio.sleep(delay_s)


def _connection(address: str, feed: Feed) -> connect:
    query = feed.query()
    target = f"{address}{'&' if '?' in address else '?'}{query}" if query else address
    return connect(
        target,
        open_timeout=_OPEN_TIMEOUT_S,
        close_timeout=1,
        max_size=None,  # one change of a row with large texts is one message
        proxy=None if is_local(address) else True,
    )


async def _follow(socket: ClientConnection, feed: Feed, console: Console, backoff: Backoff) -> None:
    while True:
        lines, answer = feed.receive(await socket.recv())
        backoff.reset()
        for line in lines:
            _show(console, line)
        if answer is not None:
            await socket.send(answer)


def _show(console: Console, line: Line) -> None:
    console.print(Text(line.text, style=_STYLES[line.kind]))
