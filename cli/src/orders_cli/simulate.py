"""``orders simulate``: make realistic traffic through the API."""

import asyncio
import time
import uuid
from http import HTTPStatus
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from orders_cli.addresses import Api, Data, edge_address
from orders_cli.api_client import ApiClient
from orders_cli.conversion import Conventions
from orders_cli.credentials import Token
from orders_cli.errors import BadValueError, RejectedRequestError
from orders_cli.files import read_csv
from orders_cli.import_rows import ImportRow, RowBuilder
from orders_cli.mapping import map_headers
from orders_cli.repository import find_repository
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_cli.traffic import Change, NewOrder, Row, Traffic
from orders_contract.schema import Table

_CONNECTIONS = 32
_REPORT_EVERY_S = 5.0
_OWNERS_ROWS = (
    "nothing was written: the database was there before `orders attach`, and simulate creates "
    "orders in it and changes those it has created; --yes does it all the same"
)


def simulate(  # noqa: PLR0913  one parameter for each option
    *,
    rate: Annotated[float, typer.Option(help="Changes per second, on average.")] = 2.0,
    seconds: Annotated[float | None, typer.Option(help="Stop after this time.")] = None,
    seed: Annotated[int | None, typer.Option(help="Repeats a run.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Write invented orders into an attached database, too.")
    ] = False,
    api: Api = None,
    data: Data = DEFAULT_DATA,
    token: Token = None,
) -> None:
    """Make lifelike traffic: orders are created, move on, are corrected or cancelled."""
    if not 0 < rate <= 10_000:
        raise BadValueError(f"--rate {rate} is not between 0 and 10000 changes per second")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise BadValueError(f"--seconds {seconds} is not positive")
    counter = _Counter(Console(highlight=False))
    address = edge_address(api, data)
    client = ApiClient(address, token, give_up_after_s=float("inf"), on_retry=counter.lost)
    try:
        asyncio.run(_simulate(client, seed, rate, seconds, counter, yes=yes))
    except KeyboardInterrupt:
        pass
    finally:
        counter.close()


def _samples(table: Table) -> list[Row]:
    """Return the sample orders as rows; one empty row if there is no file of samples."""
    samples = find_repository().sample_orders
    if not samples.is_file():  # for example in a container, which has no repository
        return [{}]
    file = read_csv(samples)
    mapping = map_headers(file.header, table, must_be_complete=False)
    built = RowBuilder("", mapping, table, Conventions()).build(file)
    return [row.values for row in built if isinstance(row, ImportRow)] or [{}]


class _Counter:
    """Counts changes and prints the counts: in place on a terminal, elsewhere every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._reported = self._began
        self._made = {"created": 0, "changed": 0}
        self._rejected = 0
        self._status: Status | None = console.status("") if console.is_terminal else None
        if self._status is not None:
            self._status.start()

    def count(self, what: str) -> None:
        self._made[what] += 1
        now = time.monotonic()
        if self._status is not None:
            self._status.update(str(self))
        elif now - self._reported >= _REPORT_EVERY_S:
            self._reported = now
            self._console.print(str(self))

    def reject(self, error: RejectedRequestError) -> None:
        self._rejected += 1
        if error.status != HTTPStatus.NOT_FOUND:
            self._console.print(str(error))

    def lost(self, problem: str) -> None:
        self._console.print(f"waiting for the API: {problem}")

    def close(self) -> None:
        if self._status is not None:
            self._status.stop()
        if self._rejected or any(self._made.values()):
            self._console.print(str(self))

    def __str__(self) -> str:
        seconds = time.monotonic() - self._began
        total = sum(self._made.values())
        parts = ", ".join(f"{number} {what}" for what, number in self._made.items())
        rejected = f", {self._rejected} rejected" if self._rejected else ""
        rate = total / seconds if seconds else 0.0
        return f"{total} changes ({parts}{rejected}) in {seconds:.0f} s, {rate:.1f}/s"


async def _simulate(  # noqa: PLR0913
    client: ApiClient,
    seed: int | None,
    rate: float,
    seconds: float | None,
    counter: _Counter,
    *,
    yes: bool,
) -> None:
    async with client:
        if (await client.schema()).attached and not yes:
            raise BadValueError(_OWNERS_ROWS)
        table = await client.orders_table()
        traffic = Traffic(table, _samples(table), seed)
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
                await _flow(client, traffic, rate, counter, tasks)
        except TimeoutError:
            return


async def _flow(
    client: ApiClient, traffic: Traffic, rate: float, counter: _Counter, tasks: asyncio.TaskGroup
) -> None:
    slots = asyncio.Semaphore(_CONNECTIONS)
    due = time.monotonic()
    while True:
        await slots.acquire()
        # Changes that were due while the API was unavailable are dropped, up to the last second.
        due = max(due + traffic.pause_s(rate), time.monotonic() - 1.0)
        await asyncio.sleep(due - time.monotonic())
        task = tasks.create_task(_make(client, traffic, traffic.next(), counter))
        task.add_done_callback(lambda _: slots.release())


async def _make(
    client: ApiClient, traffic: Traffic, event: NewOrder | Change, counter: _Counter
) -> None:
    try:
        if isinstance(event, NewOrder):
            created = await client.create(event.values, f"simulate-{uuid.uuid4().hex}")
            traffic.add(created.row)
            counter.count("created")
        else:
            row = await client.update(event.order.row, event.values)
            traffic.settle(event, row)
            counter.count("changed")
    except RejectedRequestError as exc:  # e.g. another client deleted the order
        counter.reject(exc)
