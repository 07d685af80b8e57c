"""``orders import``: create or update orders from a CSV or TSV file, through the API."""

import asyncio
import sys
import uuid
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any, Literal, TypeGuard

import typer

from orders_cli.addresses import Api, Data, edge_address
from orders_cli.api_client import ApiClient
from orders_cli.conversion import Conventions, DayOrder, DecimalMark
from orders_cli.credentials import Token
from orders_cli.csv_files import BadRecord, CsvFile
from orders_cli.errors import BadValueError, RejectedRequestError
from orders_cli.files import one_character, read_csv
from orders_cli.import_rows import ImportRow, RowBuilder, excerpt, rows_by_key
from orders_cli.mapping import HeaderMapping, map_headers
from orders_cli.progress import ProgressBar, progress_bar
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_cli.terminal import printable
from real_time_orders.items import to_json

_CONNECTIONS = 32
_OTHER_VALUES = "was imported before with other values; use --upsert-by or --again"


@dataclass
class _Counts:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    imported_before: int = 0
    refused: int = 0

    def __str__(self) -> str:
        parts = [
            f"{self.created} created",
            f"{self.updated} updated",
            f"{self.unchanged} unchanged",
        ]
        if self.imported_before:
            parts.append(f"{self.imported_before} imported before (--again imports them once more)")
        return ", ".join([*parts, f"{self.refused} refused"])


def import_file(  # noqa: PLR0913  one parameter for each option
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    *,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="HEADER=COLUMN", help="Column of a header; may be repeated."),
    ] = None,
    upsert_by: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Update the order with the same value, if any."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file only.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Create orders that this file created before once more.")
    ] = False,
    encoding: Annotated[str | None, typer.Option(help="Default: detected.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Default: detected.")] = None,
    decimal: Annotated[
        str | None, typer.Option(metavar="point|comma", help="Default: detected.")
    ] = None,
    dates: Annotated[
        str | None, typer.Option(metavar="dmy|mdy", help="Order of 03/04/2026. Default: detected.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Of times without an offset.")] = "UTC",
    translate: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT=CHOICE", help="Choice that a text stands for; may be repeated."),
    ] = None,
    api: Api = None,
    data: Data = DEFAULT_DATA,
    token: Token = None,
) -> None:
    """Import orders from a CSV or TSV file. A second import of the file creates nothing twice.

    Headers are matched to columns by name. Exports of Shopify and WooCommerce are recognised.
    """
    conventions = _conventions(decimal, dates, timezone, translate or ())
    mark = None if delimiter is None else one_character("--delimiter", delimiter)
    parsed = read_csv(file, encoding, mark)
    client = ApiClient(edge_address(api, data), token)
    job = _Import(client, upsert_by, salt=uuid.uuid4().hex if again or upsert_by else "")

    async def run() -> None:
        async with client:
            rows = await job.read(file.name, parsed, map_ or (), conventions)
            if dry_run:
                typer.echo(f"{len(rows)} orders, {job.counts.refused} refused; nothing written")
            elif rows:
                await job.send(rows)

    try:
        asyncio.run(run())
    except BaseException:
        if job.counts != _Counts():
            typer.echo(str(job.counts))
        raise
    if not dry_run:
        typer.echo(str(job.counts))
    if job.counts.refused:
        raise typer.Exit(1)


def _conventions(
    decimal: str | None, dates: str | None, timezone: str, translate: Iterable[str]
) -> Conventions:
    marks: dict[str, DecimalMark] = {"point": "point", "comma": "comma"}
    orders: dict[str, DayOrder] = {"dmy": "dmy", "mdy": "mdy"}
    if decimal is not None and decimal not in marks:
        raise BadValueError(f"--decimal {decimal!r} is neither point nor comma")
    if dates is not None and dates not in orders:
        raise BadValueError(f"--dates {dates!r} is neither dmy nor mdy")
    try:
        zone = UTC if timezone == "UTC" else zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as exc:
        raise BadValueError(
            f"--timezone {timezone!r} is not a time zone like Europe/Berlin"
        ) from exc
    pairs = [each.partition("=") for each in translate]
    return Conventions(
        None if decimal is None else marks[decimal],
        None if dates is None else orders[dates],
        zone,
        tuple((text, choice) for text, _, choice in pairs),
    )


class _Import:
    def __init__(self, client: ApiClient, upsert_by: str | None, salt: str) -> None:
        self._client = client
        self._upsert_by = upsert_by
        self._salt = salt
        self._writable: set[str] = set()
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self.counts = _Counts()

    async def read(
        self, name: str, file: CsvFile, assignments: Iterable[str], conventions: Conventions
    ) -> list[ImportRow]:
        """Return the rows of a file; print how the file is read, and report bad records."""
        table = await self._client.orders_table()
        mapping = map_headers(file.header, table, assignments, key=self._upsert_by)
        self._writable = {each.name for each in table.columns.values() if each.writable}
        if self._upsert_by is not None and self._upsert_by not in mapping.columns:
            raise BadValueError(f"--upsert-by: no header belongs to a column {self._upsert_by!r}")
        typer.echo(printable(_description(file, mapping)))
        return self._usable(RowBuilder(name, mapping, table, conventions).build(file))

    def _usable(self, built: Iterable[ImportRow | BadRecord]) -> list[ImportRow]:
        """Return the usable rows; report the bad records."""
        rows = [each for each in built if self._is_row(each)]
        if self._upsert_by is None:
            return rows
        return [each for each in rows_by_key(rows, self._upsert_by) if self._is_row(each)]

    def _is_row(self, each: ImportRow | BadRecord) -> TypeGuard[ImportRow]:
        if isinstance(each, BadRecord):
            self._refuse(each.line, each.problem)
        return isinstance(each, ImportRow)

    def _refuse(self, line: int, problem: str) -> None:
        self.counts.refused += 1
        sys.stderr.write(f"line {line}: {printable(problem)}\n")

    async def send(self, rows: list[ImportRow]) -> None:
        """Create or update all rows."""
        with progress_bar("importing", len(rows)) as bar:
            try:
                async with asyncio.TaskGroup() as tasks:
                    for row in rows:
                        await self._slots.acquire()
                        tasks.create_task(self._send_row(row, bar))
            except ExceptionGroup as failures:
                raise failures.exceptions[0] from None

    async def _send_row(self, row: ImportRow, bar: ProgressBar) -> None:
        try:
            found = None if self._upsert_by is None else await self._find(row, self._upsert_by)
            values = {name: row.values[name] for name in row.values if name in self._writable}
            if found is None:
                created = await self._client.create(values, f"import-{self._salt}{row.identity}")
                self._count("created" if created.is_new else "imported_before")
            else:
                updated = await self._client.update(found, values)
                self._count("unchanged" if updated == found else "updated")
        except RejectedRequestError as exc:
            if exc.status in {401, 403}:
                raise  # every line would be rejected
            is_key = exc.detail.startswith("Idempotency-Key: ")
            self._refuse(row.line, _OTHER_VALUES if is_key else _with_value(exc.detail, row))
        finally:
            self._slots.release()
            bar.advance()

    async def _find(self, row: ImportRow, column: str) -> dict[str, Any] | None:
        """Return the order that has the row's value in a column; None if there is no such order.

        Raises:
            RejectedRequestError: several orders have it, or it is an id that no order has.

        """
        value = row.values[column]
        text = value if isinstance(value, str) else to_json(value)
        page = await self._client.find([(column, text), ("limit", "2")])
        if len(page["orders"]) > 1:
            raise RejectedRequestError(409, f"several orders have this {column}")
        if not page["orders"] and column not in self._writable:
            raise RejectedRequestError(404, f"there is no order with this {column}")
        return page["orders"][0] if page["orders"] else None

    def _count(self, what: Literal["created", "updated", "unchanged", "imported_before"]) -> None:
        setattr(self.counts, what, getattr(self.counts, what) + 1)


def _with_value(detail: str, row: ImportRow) -> str:
    """Return the API's reason for a refusal, with the value of the first column that it names."""
    column = detail.partition(": ")[0]
    value = row.values.get(column)
    return detail if value is None else f"{detail}; {column} is {excerpt(value)}"


def _description(file: CsvFile, mapping: HeaderMapping) -> str:
    """Return a text on how the file is read: encoding, delimiter, and headers of each column."""
    delimiter = {"\t": "tabs"}.get(file.delimiter, f"{file.delimiter!r}")
    kind = f", export of {mapping.shop.name}" if mapping.shop else ""
    lines = [f"{file.encoding}, separated by {delimiter}{kind}"]
    for column, positions in mapping.columns.items():
        lines.append(f"  {' + '.join(file.header[each] for each in positions)} -> {column}")
    if mapping.ignored:
        lines.append(f"  ignored: {', '.join(mapping.ignored)}")
    return "\n".join(lines)
