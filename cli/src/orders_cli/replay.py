"""``orders replay``: real orders of a CSV file, in compressed time."""

import asyncio
import sys
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import typer

from orders_cli.addresses import Api, Data, edge_address
from orders_cli.api_client import ApiClient
from orders_cli.credentials import Token
from orders_cli.errors import BadValueError, RejectedRequestError
from orders_cli.order_lines import MalformedLine, OrderLine, parse
from orders_cli.progress import ProgressBar, progress_bar
from orders_cli.stack.data_folder import DEFAULT_DATA
from orders_cli.timeline import Step, timeline

DEFAULT_SPEED = 100_000.0
"""A day in 0.9 s: the 22 months of Northwind in about ten minutes."""

_CONNECTIONS = 32


@dataclass
class _Tally:
    """What came of it."""

    created: int = 0
    updated: int = 0
    malformed: int = 0
    refused: int = 0
    began: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        seconds = time.monotonic() - self.began
        refused = f", {self.refused} refused by the API" if self.refused else ""
        return (
            f"{self.created} orders created, {self.updated} updates, "
            f"{self.malformed} malformed lines left out{refused}, {seconds:.1f} s"
        )


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", show_default=False)],
    speed: Annotated[
        str,
        typer.Option(
            metavar="N|max",
            help="Factor by which time is compressed, or max. The default makes a day 0.9 s, "
            "Northwind's 22 months about ten minutes.",
        ),
    ] = f"{DEFAULT_SPEED:.0f}",
    api: Api = None,
    data: Data = DEFAULT_DATA,
    token: Token = None,
) -> None:
    """Replay the orders of a file: each is created, goes to processing and is shipped in time."""
    factor = _factor(speed)
    client = ApiClient(edge_address(api, data), token=token)
    tally = _Tally()
    steps = timeline(_sound(_read(file), tally))
    if factor is not None and steps:
        typer.echo(f"{steps[-1].at_s / 86_400:.0f} days in about {steps[-1].at_s / factor:.0f} s")
    try:
        with progress_bar("replaying", len(steps)) as bar:
            asyncio.run(_replay(client, steps, factor, tally, bar))
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


def _read(file: Path) -> list[OrderLine | MalformedLine]:
    try:
        # Bytes that are no UTF-8 become surrogates, and their line malformed.
        with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            return list(parse(text))
    except OSError as exc:
        raise BadValueError(f"{file} cannot be read: {exc.strerror}") from exc
    except BadValueError as exc:
        raise BadValueError(f"{file}: {exc}") from exc


def _sound(lines: Iterable[OrderLine | MalformedLine], tally: _Tally) -> list[OrderLine]:
    """Return the orders; report the rest."""
    orders = []
    for line in lines:
        if isinstance(line, OrderLine):
            orders.append(line)
        else:
            tally.malformed += 1
            _complain(line.line, line.problem)
    return orders


def _complain(line: int, problem: str) -> None:
    sys.stderr.write(f"line {line}: {problem}\n")


async def _replay(
    client: ApiClient, steps: list[Step], factor: float | None, tally: _Tally, bar: ProgressBar
) -> None:
    async with client:
        tally.began = time.monotonic()
        await _Replay(client, tally, bar).run(steps, factor)


class _Replay:
    """Steps on their way: many orders at once, the steps of one order one after the other.

    Orders are created one after the other too, so that their ids follow time. That costs nothing:
    the changes of others, two in three requests, keep the API busy meanwhile.
    """

    def __init__(self, client: ApiClient, tally: _Tally, bar: ProgressBar) -> None:
        self._client = client
        self._tally = tally
        self._bar = bar
        self._name = uuid.uuid4().hex
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._latest: dict[int | Literal["create"], asyncio.Task[int | None]] = {}

    async def run(self, steps: list[Step], factor: float | None) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for step in steps:
                    if factor is not None:
                        due = self._tally.began + step.at_s / factor
                        await asyncio.sleep(due - time.monotonic())
                    await self._slots.acquire()
                    chain: int | Literal["create"]
                    chain = "create" if step.action == "create" else step.order.line
                    task = tasks.create_task(self._take(step, self._latest.get(chain)))
                    self._latest[chain] = self._latest[step.order.line] = task
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _take(self, step: Step, before: asyncio.Task[int | None] | None) -> int | None:
        """Do a step once another is done; return the order's id, None if it has none."""
        try:
            order_id = await before if before is not None else None
            if step.action == "create":
                return await self._create(step.order)
            if order_id is not None:
                await self._client.update(order_id, {"status": step.action})
                self._tally.updated += 1
        except RejectedRequestError as exc:
            self._tally.refused += 1
            _complain(step.order.line, f"{step.action} {exc}")
            return None
        else:
            return order_id
        finally:
            self._slots.release()
            self._bar.advance()

    async def _create(self, order: OrderLine) -> int:
        fields = {
            "customer_name": order.customer_name,
            "product_name": order.product_name,
            "quantity": order.quantity,
        }
        created = await self._client.create(fields, f"replay-{self._name}-{order.line}")
        self._tally.created += 1
        return int(created.row["id"])
