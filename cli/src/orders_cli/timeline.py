"""When an order of a file does what: all its steps, in the order of time. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from orders_cli.order_lines import OrderLine

Action = Literal["create", "processing", "shipped"]

_PROCESSING_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Step:
    """One change of one order, so many seconds after the first of the file."""

    at_s: float
    order: OrderLine
    action: Action


def timeline(orders: Iterable[OrderLine]) -> list[Step]:
    """Return the steps of all orders, earliest first; those of one order keep their order.

    Files know days only. The orders of a day are spread evenly over it, in the order of the file;
    each goes to processing a day later, or halfway to its shipment if that is sooner.
    """
    in_time = sorted(orders, key=lambda order: order.ordered_on)  # stable
    if not in_time:
        return []
    of_day = Counter(order.ordered_on for order in in_time)
    seen: Counter[date] = Counter()
    start = _midnight(in_time[0].ordered_on)
    steps = []
    for order in in_time:
        fraction = seen[order.ordered_on] / of_day[order.ordered_on]
        seen[order.ordered_on] += 1
        steps += _steps(order, fraction, start)
    return sorted(steps, key=lambda step: step.at_s)


def _steps(order: OrderLine, fraction: float, start: datetime) -> list[Step]:
    time_of_day = timedelta(days=fraction)
    ordered = _midnight(order.ordered_on) + time_of_day
    if order.shipped_on is None:
        when: dict[Action, datetime] = {
            "create": ordered,
            "processing": ordered + _PROCESSING_AFTER,
        }
    else:
        shipped = _midnight(order.shipped_on) + time_of_day
        processing = min(ordered + _PROCESSING_AFTER, ordered + (shipped - ordered) / 2)
        when = {"create": ordered, "processing": processing, "shipped": shipped}
    return [Step((at - start).total_seconds(), order, action) for action, at in when.items()]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
