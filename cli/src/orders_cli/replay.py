"""``orders replay``: create the orders of a CSV file in compressed time."""

import asyncio
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from orders_cli.addresses import Api, Data, edge_address
from orders_cli.api_client import ApiClient, Row
from orders_cli.conversion import Conventions, convert
from orders_cli.credentials import Token
from orders_cli.csv_files import BadRecord, CsvFile
from orders_cli.errors import BadValueError, RejectedRequestError
from orders_cli.files import read_csv
from orders_cli.import_rows import ImportRow, RowBuilder
from orders_cli.mapping import letters, map_headers
from orders_cli.progress import ProgressBar, progress_bar
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_cli.statuses import StatusFlow
from orders_cli.terminal import printable
from orders_cli.timeline import ReplayedOrder, Step, timeline
from orders_contract.schema import Column, Table

DEFAULT_SPEED = 100_000.0
"""One day takes 0.9 s, and the 22 months of Northwind take about ten minutes."""

_CONNECTIONS = 32
_DAY = Column(name="day", type="date", kind="date", nullable=True, writable=False)


@dataclass
class _Tally:
    created: int = 0
    updated: int = 0
    malformed: int = 0
    rejected: int = 0
    began: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        seconds = time.monotonic() - self.began
        rejected = f", {self.rejected} rejected by the API" if self.rejected else ""
        return (
            f"{self.created} orders created, {self.updated} updates, "
            f"{self.malformed} malformed lines left out{rejected}, {seconds:.1f} s"
        )


def replay(  # noqa: PLR0913  one parameter for each option
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", show_default=False)],
    *,
    speed: Annotated[
        str,
        typer.Option(
            metavar="N|max",
            help="Factor by which time is compressed, or max. The default makes a day 0.9 s, "
            "Northwind's 22 months about ten minutes.",
        ),
    ] = f"{DEFAULT_SPEED:.0f}",
    ordered: Annotated[
        str, typer.Option(metavar="HEADER", help="Of the day an order is created.")
    ] = "ordered_on",
    shipped: Annotated[
        str, typer.Option(metavar="HEADER", help="Of the day it is shipped, or empty.")
    ] = "shipped_on",
    api: Api = None,
    data: Data = DEFAULT_DATA,
    token: Token = None,
) -> None:
    """Replay the orders of a file: each is created, and moves on to its next statuses in time."""
    factor = _factor(speed)
    parsed = read_csv(file)
    days = (_position(file, parsed, ordered), _position(file, parsed, shipped))
    client = ApiClient(edge_address(api, data), token)
    tally = _Tally()
    try:
        asyncio.run(_replay(client, parsed, days, factor, tally))
    except KeyboardInterrupt:
        typer.echo("interrupted")
    finally:
        typer.echo(str(tally))


def _factor(speed: str) -> float | None:
    if speed == "max":
        return None
    try:
        factor = float(speed)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise BadValueError(f"--speed {speed!r} is neither a positive number nor max")
    return factor


def _position(file: Path, parsed: CsvFile, header: str) -> int:
    for position, name in enumerate(parsed.header):
        if letters(name) == letters(header):
            return position
    raise BadValueError(f"{file}: the first line has no header {header}")


async def _replay(
    client: ApiClient, file: CsvFile, days: tuple[int, int], factor: float | None, tally: _Tally
) -> None:
    async with client:
        table = await client.orders_table()
        steps = timeline(_usable(_orders(file, table, days), tally))
        if factor is not None and steps:
            length_s = steps[-1].at_s
            typer.echo(f"{length_s / 86_400:.0f} days in about {length_s / factor:.0f} s")
        tally.began = time.monotonic()
        with progress_bar("replaying", len(steps)) as bar:
            await _Replay(client, StatusFlow(table), tally, bar).run(steps, factor)


def _orders(
    file: CsvFile, table: Table, days: tuple[int, int]
) -> Iterator[ReplayedOrder | BadRecord]:
    mapping = map_headers(file.header, table)
    for row in RowBuilder("", mapping, table, Conventions()).build(file):
        if isinstance(row, BadRecord):
            yield row
            continue
        try:
            yield _order(row, days)
        except ValueError as exc:
            yield BadRecord(row.line, str(exc))


def _order(row: ImportRow, days: tuple[int, int]) -> ReplayedOrder:
    ordered, shipped = (row.fields[position].strip() for position in days)
    ordered_on = _day(ordered)
    shipped_on = _day(shipped) if shipped else None
    if shipped_on is not None and shipped_on < ordered_on:
        raise ValueError("the order is shipped before it is ordered")
    return ReplayedOrder(row, ordered_on, shipped_on)


def _day(text: str) -> date:
    return date.fromisoformat(convert(text, _DAY, Conventions()))


def _usable(orders: Iterable[ReplayedOrder | BadRecord], tally: _Tally) -> list[ReplayedOrder]:
    """Return the orders; report the bad records."""
    usable = []
    for order in orders:
        if isinstance(order, BadRecord):
            tally.malformed += 1
            _report(order.line, order.problem)
        else:
            usable.append(order)
    return usable


def _report(line: int, problem: str) -> None:
    sys.stderr.write(f"line {line}: {printable(problem)}\n")


class _Replay:
    """Carries out steps: those of different orders in parallel, those of one order in sequence.

    Orders are created in sequence too, so that their ids increase with time. This costs no speed,
    because two of three requests are changes of other orders, which run in parallel.
    """

    def __init__(
        self, client: ApiClient, statuses: StatusFlow, tally: _Tally, bar: ProgressBar
    ) -> None:
        self._client = client
        self._statuses = statuses
        self._tally = tally
        self._bar = bar
        self._name = uuid.uuid4().hex
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._latest: dict[int, asyncio.Task[Row | None]] = {}
        """The latest step of each order, by line number; at 0 the latest creation of an order."""

    async def run(self, steps: list[Step], factor: float | None) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for step in steps:
                    if factor is not None:
                        due = self._tally.began + step.at_s / factor
                        await asyncio.sleep(due - time.monotonic())
                    await self._slots.acquire()
                    line = step.order.row.line
                    before = self._latest.get(line if step.stage else 0)
                    task = tasks.create_task(self._take(step, before))
                    self._latest[line] = task
                    if not step.stage:
                        self._latest[0] = task
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _take(self, step: Step, before: asyncio.Task[Row | None] | None) -> Row | None:
        """Carry out a step after the step ``before``; return the row, None if it was rejected."""
        try:
            row = await before if before is not None else None
            if not step.stage:
                return await self._create(step.order.row)
            return await self._advance(row) if row is not None else None
        except RejectedRequestError as exc:
            self._tally.rejected += 1
            _report(step.order.row.line, str(exc))
            return None
        finally:
            self._slots.release()
            self._bar.advance()

    async def _create(self, row: ImportRow) -> Row:
        created = await self._client.create(row.values, f"replay-{self._name}-{row.line}")
        self._tally.created += 1
        return created.row

    async def _advance(self, row: Row) -> Row:
        column = self._statuses.column
        following = self._statuses.following(self._statuses.of(row))
        if column is None or not following:
            return row
        self._tally.updated += 1
        return await self._client.update(row, {column.name: following[0]})
