"""Realistic traffic: decide which change comes next, for orders that the caller adds. Pure."""

import random
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from orders_cli.errors import BadValueError
from orders_cli.mapping import needs_value
from orders_cli.statuses import StatusFlow
from orders_contract.schema import Column, Table

Row = dict[str, Any]

# An order changes its status three times after its creation. So if a quarter of all changes are new
# orders, as many orders begin as end. A little more keeps the table growing.
_NEW_ORDERS = 0.28
_DEPARTURES = 0.03
_CORRECTIONS = 0.06


@dataclass
class OpenOrder:
    """An order that is not yet in its last status, and the statuses it has had."""

    row: Row
    statuses: set[object] = field(default_factory=set)


@dataclass(frozen=True)
class NewOrder:
    """An order to create."""

    values: Row


@dataclass(frozen=True)
class Change:
    """New values for an order that is not yet in its last status."""

    order: OpenOrder
    values: Row


class Traffic:
    """Chooses changes: orders are created, move to their next status, are corrected or cancelled.

    The order of a ``Change`` is not changed again until ``settle`` is called for that change.
    """

    def __init__(self, table: Table, samples: list[Row], seed: int | None) -> None:
        self._samples = samples
        self._random = random.Random(seed)  # noqa: S311  a seed repeats a run; no secret
        self._statuses = StatusFlow(table)
        self._customer = table.display.get("customer")
        quantity = table.columns.get(table.display.get("quantity") or "")
        self._quantity = quantity.name if quantity and quantity.kind == "integer" else None
        self._required = [each for each in table.columns.values() if needs_value(each)]
        self._open: list[OpenOrder] = []

    def next(self) -> NewOrder | Change:
        """Return the next change to make."""
        if not self._open or self._random.random() < _NEW_ORDERS:
            return self._new_order()
        order = self._pick()
        usual, *others = self._statuses.following(self._statuses.of(order.row))
        others = [each for each in others if each not in order.statuses]
        chance = self._random.random()
        # Only orders that may still be cancelled are corrected.
        if others and chance < _DEPARTURES:
            return self._move(order, self._random.choice(others))
        if others and self._quantity and chance < _DEPARTURES + _CORRECTIONS:
            corrected = self._corrected(order.row.get(self._quantity) or 0)
            return Change(order, {self._quantity: corrected})
        return self._move(order, usual)

    def pause_s(self, rate: float) -> float:
        """Return the seconds until the next change, random with an exponential distribution."""
        return self._random.expovariate(rate)

    def add(self, row: Row) -> None:
        """Record an order that was created."""
        status = self._statuses.of(row)
        if self._statuses.following(status):
            self._open.append(OpenOrder(row, {status}))

    def settle(self, change: Change, row: Row) -> None:
        """Record that a change was made. A cancelled or finished order is not changed again."""
        order, before = change.order, self._statuses.of(change.order.row)
        order.row = row
        status = self._statuses.of(row)
        order.statuses.add(status)
        is_usual = status in {before, *self._statuses.following(before)[:1]}
        if is_usual and self._statuses.following(status):
            self._open.append(order)

    def _new_order(self) -> NewOrder:
        values = dict(self._random.choice(self._samples))
        if self._customer in values:
            values[self._customer] = self._random.choice(self._samples)[self._customer]
        for column in self._required:
            if column.name not in values:
                values[column.name] = self._invented(column)
        return NewOrder(values)

    def _move(self, order: OpenOrder, status: str) -> Change:
        column = self._statuses.column
        return Change(order, {} if column is None else {column.name: status})

    def _pick(self) -> OpenOrder:
        place = self._random.randrange(len(self._open))
        self._open[place], self._open[-1] = self._open[-1], self._open[place]
        return self._open.pop()

    def _corrected(self, quantity: int) -> int:
        return quantity + 1 if quantity <= 1 else quantity + self._random.choice((-1, 1))

    def _invented(self, column: Column) -> Any:
        """Return a random value for a column that is not in the samples.

        Raises:
            BadValueError: values of its type cannot be invented.

        """
        pick = self._random.randint
        day = f"2026-01-{pick(1, 28):02}"
        invented = {
            "choice": self._random.choice(column.choices or ("",)),
            "text": f"{pick(0, 2**32):08x}"[: column.max_length or 8],
            "integer": pick(1, 100),
            "number": Decimal(pick(100, 99_999)) / 100,
            "boolean": pick(0, 1) == 1,
            "date": day,
            "timestamp": f"{day}T12:00:00Z",
            "uuid": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "json": {},
            "array": [],
        }
        if column.kind not in invented:
            raise BadValueError(f"no value can be invented for {column.name} ({column.type})")
        return invented[column.kind]
