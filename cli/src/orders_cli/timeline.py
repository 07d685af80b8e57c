"""The steps of the orders of a file, sorted by time. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from orders_cli.import_rows import ImportRow

_ADVANCE_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class ReplayedOrder:
    """An order of a file, and the days on which it was ordered and shipped (None: not shipped)."""

    row: ImportRow
    ordered_on: date
    shipped_on: date | None


@dataclass(frozen=True)
class Step:
    """A change of an order, ``at_s`` seconds after the midnight before the first order.

    Stage 0 creates the order; each later stage moves it to the next status.
    """

    at_s: float
    order: ReplayedOrder
    stage: int


def timeline(orders: Iterable[ReplayedOrder]) -> list[Step]:
    """Return the steps of all orders, earliest first; the steps of one order keep their order.

    Files have only days. The orders of a day are spread evenly over the day, in the order of the
    file. An order moves to its next status a day later, or halfway to its shipment if that is
    sooner, and again when it is shipped.
    """
    in_time = sorted(orders, key=lambda order: order.ordered_on)  # keeps the file's order
    if not in_time:
        return []
    orders_of_day = Counter(order.ordered_on for order in in_time)
    seen: Counter[date] = Counter()
    start = _midnight(in_time[0].ordered_on)
    steps = []
    for order in in_time:
        fraction = seen[order.ordered_on] / orders_of_day[order.ordered_on]
        seen[order.ordered_on] += 1
        steps += _steps(order, fraction, start)
    return sorted(steps, key=lambda step: step.at_s)


def _steps(order: ReplayedOrder, fraction: float, start: datetime) -> list[Step]:
    time_of_day = timedelta(days=fraction)
    ordered = _midnight(order.ordered_on) + time_of_day
    moments = [ordered, ordered + _ADVANCE_AFTER]
    if order.shipped_on is not None:
        shipped = _midnight(order.shipped_on) + time_of_day
        moments = [ordered, min(moments[1], ordered + (shipped - ordered) / 2), shipped]
    return [Step((at - start).total_seconds(), order, stage) for stage, at in enumerate(moments)]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
