"""``orders export``: the orders that a filter selects, as CSV that spreadsheets cannot execute."""

import asyncio
import contextlib
import csv
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from orders_cli.addresses import Api, Data, edge_address
from orders_cli.api_client import ApiClient
from orders_cli.conditions import parse_condition
from orders_cli.credentials import Token
from orders_cli.csv_files import neutralised
from orders_cli.errors import BadValueError, RejectedRequestError
from orders_cli.files import one_character
from orders_cli.stack.data_folder import DEFAULT_DATA
from real_time_orders.items import to_json

_PAGE = 1000


def export(  # noqa: PLR0913  one parameter an option
    *,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="As in the API: status=pending, total.gte=100, note.is=null, search=... Repeated "
            "for the same column: any of the values.",
        ),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="A,B", help="Columns in this order. Default: all.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="File. Default: standard output.")] = None,
    delimiter: Annotated[str, typer.Option(help="Between two fields.")] = ",",
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin with a byte order mark, as Excel needs for UTF-8.")
    ] = False,
    api: Api = None,
    data: Data = DEFAULT_DATA,
    token: Token = None,
) -> None:
    """Write orders as CSV, newest first. Text that a spreadsheet would execute gets a leading '."""
    query = [parse_condition(each) for each in where or ()]
    delimiter = one_character("--delimiter", delimiter)
    client = ApiClient(edge_address(api, data), token)
    chosen = None if columns is None else [name.strip() for name in columns.split(",")]
    with _opened(output) as file:
        if bom:
            file.write("\ufeff")
        asyncio.run(_export(client, query, chosen, csv.writer(file, delimiter=delimiter)))


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        yield sys.stdout
        return
    # A file that is there stays as it is until all rows have come; a device is written as it is.
    is_device = output.exists() and not output.is_file()
    unfinished = output if is_device else output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            yield file
        if not is_device:
            unfinished.replace(output)
    except OSError as exc:
        raise BadValueError(f"{output} cannot be written: {exc.strerror}") from exc
    finally:
        if not is_device:
            unfinished.unlink(missing_ok=True)


async def _export(
    client: ApiClient, query: list[tuple[str, str]], chosen: list[str] | None, writer: Any
) -> None:
    async with client:
        table = await client.orders_table()
        names = chosen or list(table.columns)
        unknown = [name for name in names if name not in table.columns]
        if unknown:
            raise BadValueError(f"--columns: there is no column {', '.join(unknown)}")
        writer.writerow([neutralised(name) for name in names])
        async for row in _rows(client, query):
            writer.writerow([cell(row.get(name)) for name in names])


async def _rows(client: ApiClient, query: list[tuple[str, str]]) -> AsyncIterator[dict[str, Any]]:
    """Yield all orders, page by page."""
    cursor: list[tuple[str, str]] = []
    while True:
        try:
            page = await client.find([*query, ("limit", str(_PAGE)), *cursor])
        except RejectedRequestError as exc:
            raise BadValueError(f"the API rejects the filter: {exc.detail}") from exc
        for row in page["orders"]:
            yield row
        if page["next_cursor"] is None:
            return
        cursor = [("cursor", page["next_cursor"])]


def cell(value: Any) -> str:
    """Return a value as a field of CSV; numbers keep their digits, null is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return neutralised(value)
    if isinstance(value, bool):
        return json.dumps(value)
    return to_json(value)
