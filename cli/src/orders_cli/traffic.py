"""Lifelike traffic: decides what happens next. Pure; it knows orders only by what it is told."""

import random
from dataclasses import dataclass
from typing import Literal

from orders_cli.order_lines import OrderLine

Status = Literal["pending", "processing", "shipped", "delivered", "cancelled"]

_NEXT: dict[Status, Status] = {
    "pending": "processing",
    "processing": "shipped",
    "shipped": "delivered",
}

# An order makes three moves after its birth, so a quarter of all changes are births when as many
# are born as come to their end; a little more keeps the table growing.
_BIRTHS = 0.28
_CANCELLATIONS = 0.03
_CORRECTIONS = 0.06


@dataclass
class OpenOrder:
    """An order on its way."""

    id: int
    quantity: int
    status: Status = "pending"


@dataclass(frozen=True)
class Birth:
    """A new order."""

    customer_name: str
    product_name: str
    quantity: int


@dataclass(frozen=True)
class Change:
    """New values for an order on its way."""

    order: OpenOrder
    fields: dict[str, str | int]


class Traffic:
    """Orders are born, move on, are corrected or cancelled, and leave when they have ended.

    The order of a ``Change`` is out of play until ``settle`` brings it back.
    """

    def __init__(self, samples: list[OrderLine], seed: int | None) -> None:
        self._samples = samples
        self._random = random.Random(seed)  # noqa: S311  a seed repeats a run; no secret
        self._open: list[OpenOrder] = []

    def next(self) -> Birth | Change:
        """Return what happens next."""
        if not self._open or self._random.random() < _BIRTHS:
            return self._birth()
        order = self._pick()
        chance = self._random.random()
        if order.status in {"pending", "processing"}:
            if chance < _CANCELLATIONS:
                return Change(order, {"status": "cancelled"})
            if chance < _CANCELLATIONS + _CORRECTIONS:
                return Change(order, {"quantity": self._corrected(order.quantity)})
        return Change(order, {"status": _NEXT[order.status]})

    def pause_s(self, rate: float) -> float:
        """Return the seconds until the next change, as irregular as in life."""
        return self._random.expovariate(rate)

    def born(self, order: OpenOrder) -> None:
        """Take note of a new order."""
        self._open.append(order)

    def settle(self, change: Change) -> None:
        """Take note that a change was made."""
        order = change.order
        order.quantity = int(change.fields.get("quantity", order.quantity))
        status = change.fields.get("status", order.status)
        order.status = next(each for each in (*_NEXT, *_ENDS) if each == status)
        if order.status in _NEXT:
            self._open.append(order)

    def _birth(self) -> Birth:
        who, what = self._random.choice(self._samples), self._random.choice(self._samples)
        return Birth(who.customer_name, what.product_name, what.quantity)

    def _pick(self) -> OpenOrder:
        place = self._random.randrange(len(self._open))
        self._open[place], self._open[-1] = self._open[-1], self._open[place]
        return self._open.pop()

    def _corrected(self, quantity: int) -> int:
        return quantity + 1 if quantity == 1 else quantity + self._random.choice((-1, 1))


_ENDS: tuple[Status, ...] = ("delivered", "cancelled")
