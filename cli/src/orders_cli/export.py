"""``orders export``: write the rows that a filter selects as CSV without formulas."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated
from urllib.parse import quote, urlencode

import typer

from orders_cli.addresses import Api, Data, edge_address
from orders_cli.api_client import ApiClient
from orders_cli.conditions import parse_condition
from orders_cli.credentials import Token
from orders_cli.errors import BadValueError, RejectedRequestError
from orders_cli.files import one_character
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_contract.schema import ORDERS


def export(  # noqa: PLR0913  one parameter for each option
    *,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="As in the API: status=pending, total.gte=100, note.is=null, search=... Repeated "
            "for the same column: any of the values.",
        ),
    ] = None,
    table: Annotated[str, typer.Option(help="Any watched table.")] = ORDERS,
    columns: Annotated[
        str | None, typer.Option(metavar="A,B", help="Columns in this order. Default: all.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="File. Default: standard output.")] = None,
    delimiter: Annotated[
        str, typer.Option(help="Between two fields: one of , ; | or a tab.")
    ] = ",",
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin with a byte order mark, as Excel needs for UTF-8.")
    ] = False,
    api: Api = None,
    data: Data = DEFAULT_DATA,
    token: Token = None,
) -> None:
    """Write orders as CSV, newest first. Text that a spreadsheet would execute gets a leading '."""
    query = [parse_condition(each) for each in where or ()]
    mark = one_character("--delimiter", delimiter)
    query += [("delimiter", "tab" if mark == "\t" else mark), ("bom", str(bom).lower())]
    if columns is not None:
        query += [("columns", ",".join(name.strip() for name in columns.split(",")))]
    client = ApiClient(edge_address(api, data), token)
    with _opened(output) as file:
        asyncio.run(_export(client, table, query, file))


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    if output is None:
        yield sys.stdout.buffer
        return
    # An existing file is replaced only after all rows have arrived. A device is written directly.
    is_device = output.exists() and not output.is_file()
    unfinished = output if is_device else output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            yield file
        if not is_device:
            unfinished.replace(output)
    except OSError as exc:
        raise BadValueError(f"{output} cannot be written: {exc.strerror}") from exc
    finally:
        if not is_device:
            unfinished.unlink(missing_ok=True)


async def _export(
    client: ApiClient, table: str, query: list[tuple[str, str]], file: IO[bytes]
) -> None:
    async with client:
        if table == ORDERS:
            await client.orders_table()
        try:
            path = f"/api/export/{quote(table, safe='')}?{urlencode(query)}"
            await client.download(path, file.write)
        except RejectedRequestError as exc:
            raise BadValueError(f"the API rejects the export: {exc.detail}") from exc
