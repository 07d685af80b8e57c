"""``orders simulate``: lifelike traffic through the API."""

import asyncio
import time
import uuid
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from orders_cli.addresses import Api, Data, edge_address
from orders_cli.api_client import ApiClient
from orders_cli.credentials import Token
from orders_cli.errors import BadValueError, RejectedRequestError, StackError
from orders_cli.order_lines import OrderLine, parse
from orders_cli.repository import find_repository
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_cli.traffic import Birth, Change, OpenOrder, Traffic

_CONNECTIONS = 32
_REPORT_EVERY_S = 5.0


def simulate(  # noqa: PLR0913, PLR0917  one parameter an option
    rate: Annotated[float, typer.Option(help="Changes per second, on average.")] = 2.0,
    seconds: Annotated[float | None, typer.Option(help="End after so long.")] = None,
    seed: Annotated[int | None, typer.Option(help="Repeats a run.")] = None,
    api: Api = None,
    data: Data = DEFAULT_DATA,
    token: Token = None,
) -> None:
    """Make traffic as in life: orders are born, move on, are corrected or cancelled."""
    if not 0 < rate <= 10_000:
        raise BadValueError(f"--rate {rate} is not between 0 and 10000 changes per second")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise BadValueError(f"--seconds {seconds} is not positive")
    counter = _Counter(Console(highlight=False))
    traffic = Traffic(_samples(), seed)
    client = ApiClient(
        edge_address(api, data), token, give_up_after_s=float("inf"), on_retry=counter.lost
    )
    try:
        asyncio.run(_simulate(client, traffic, rate, seconds, counter))
    except KeyboardInterrupt:
        pass
    finally:
        counter.close()


def _samples() -> list[OrderLine]:
    file = find_repository().sample_orders
    try:
        with file.open(encoding="utf-8", newline="") as text:
            return [line for line in parse(text) if isinstance(line, OrderLine)]
    except OSError as exc:
        raise StackError(f"{file} cannot be read: {exc.strerror}") from exc


class _Counter:
    """Counts changes where they can be seen: in place on a terminal, now and then elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._reported = self._began
        self._made = {"born": 0, "moved": 0, "refused": 0}
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

    def lost(self, problem: str) -> None:
        self._console.print(f"waiting for the API: {problem}")

    def close(self) -> None:
        if self._status is not None:
            self._status.stop()
        self._console.print(str(self))

    def __str__(self) -> str:
        seconds = time.monotonic() - self._began
        total = self._made["born"] + self._made["moved"]
        parts = f"{self._made['born']} born, {self._made['moved']} changed"
        refused = f", {self._made['refused']} refused" if self._made["refused"] else ""
        rate = total / seconds if seconds else 0.0
        return f"{total} changes ({parts}{refused}) in {seconds:.0f} s, {rate:.1f}/s"


async def _simulate(
    client: ApiClient, traffic: Traffic, rate: float, seconds: float | None, counter: _Counter
) -> None:
    async with client:
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
                await _flow(client, traffic, rate, counter, tasks)
        except TimeoutError:
            return


async def _flow(
    client: ApiClient,
    traffic: Traffic,
    rate: float,
    counter: _Counter,
    tasks: asyncio.TaskGroup,
) -> None:
    slots = asyncio.Semaphore(_CONNECTIONS)
    due = time.monotonic()
    while True:
        await slots.acquire()
        # What was missed while the API was away is not caught up with.
        due = max(due + traffic.pause_s(rate), time.monotonic() - 1.0)
        await asyncio.sleep(due - time.monotonic())
        task = tasks.create_task(_make(client, traffic, traffic.next(), counter))
        task.add_done_callback(lambda _: slots.release())


async def _make(
    client: ApiClient, traffic: Traffic, event: Birth | Change, counter: _Counter
) -> None:
    try:
        if isinstance(event, Birth):
            await _bear(client, traffic, event)
            counter.count("born")
        else:
            await client.update(event.order.id, event.fields)
            traffic.settle(event)
            counter.count("moved")
    except RejectedRequestError:  # someone else deleted the order: it leaves the game
        counter.count("refused")


async def _bear(client: ApiClient, traffic: Traffic, birth: Birth) -> None:
    fields = {
        "customer_name": birth.customer_name,
        "product_name": birth.product_name,
        "quantity": birth.quantity,
    }
    created = await client.create(fields, f"simulate-{uuid.uuid4().hex}")
    traffic.born(OpenOrder(int(created.row["id"]), birth.quantity))
