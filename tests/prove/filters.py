"""Random filters and scopes over any column, and which rows they admit.

Written without the product's matching, so that it can judge it.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from math import inf
from typing import Any

from prove.chance import Chance
from prove.columns import MOODS, STORES
from prove.exact import Digits, Row
from prove.statements import CUSTOMERS, HOT_IDS, STATUSES
from prove.tables import LINES, ORDERS, PLACES, STOCK

Wanted = Mapping[str, Any]
"""Conditions by column, as ``subscribe`` has them."""
Scope = Mapping[str, list[str]]
"""The claim ``rows`` of a token."""

_COMPARE = {
    "gte": lambda left, right: left >= right,
    "gt": lambda left, right: left > right,
    "lte": lambda left, right: left <= right,
    "lt": lambda left, right: left < right,
}
_ABSENT = object()


def random_scope(chance: Chance) -> Scope:
    """Return what a token is restricted to."""
    if chance.happens(0.6):
        return {"customer_name": chance.some(CUSTOMERS, chance.between(1, 3))}
    return {"store": chance.some([store for store in STORES if store], chance.between(1, 3))}


def random_filter(chance: Chance) -> Wanted:
    """Return a filter that some orders match and some do not."""
    wanted: dict[str, Any] = {}
    if chance.happens(0.4):
        wanted["status"] = chance.some(STATUSES, chance.between(1, 3))
    if chance.happens(0.3):
        wanted["customer_name"] = chance.some(CUSTOMERS, chance.between(1, 3))
    if chance.happens(0.3):
        values = chance.some([*STORES, None], chance.between(1, 3))
        wanted["store"] = chance.one([values, {"gte": "B"}, {"not": "Berlin"}, {"not": [None, ""]}])
    if chance.happens(0.3):
        wanted["Price"] = chance.one([[12.5], [None, 0], {"gte": 0, "lt": 99.99}, {"not": None}])
    if chance.happens(0.2):
        wanted["urgent"] = chance.one([[True], [False], {"not": True}])
    if chance.happens(0.2):
        wanted["mood"] = chance.one([list(MOODS), ["calm", None], {"not": "busy"}])
    if chance.happens(0.2):
        wanted["external"] = chance.one([{"gt": 0}, {"lte": 2**53}, [None], [0, str(2**63 - 1)]])
    if chance.happens(0.15):
        wanted["due"] = chance.one([{"gte": "2026-01-01T00:00:00+00:00"}, [None], {"not": None}])
    if chance.happens(0.2) or not wanted:
        wanted["id"] = chance.some(list(HOT_IDS) + list(range(9, 60)), 20)
    return wanted


def random_tables(chance: Chance, *, orders_only: bool) -> Mapping[str, Wanted]:
    """Return filters for orders, and sometimes for the other tables."""
    wanted: dict[str, Wanted] = {ORDERS: random_filter(chance)}
    if not orders_only and chance.happens(0.5):
        wanted[LINES] = chance.one([{}, {"pieces": {"gte": 40}}, {"order_id": list(HOT_IDS)}])
    if not orders_only and chance.happens(0.5):
        wanted[STOCK] = chance.one([{}, {"place": [chance.one(PLACES)]}, {"pieces": {"lt": 50}}])
    return wanted


def admits(wanted: Wanted | None, row: Row) -> bool:
    """Return whether a row fulfils every condition."""
    return wanted is None or all(
        _holds(condition, row.get(column, _ABSENT)) for column, condition in wanted.items()
    )


def within(scope: Scope | None, row: Row) -> bool:
    """Return whether the holder of a restricted token may see a row."""
    return scope is None or all(row.get(column) in values for column, values in scope.items())


def _holds(condition: Any, value: Any) -> bool:
    if value is _ABSENT:
        return False
    if not isinstance(condition, Mapping):
        return any(_equal(each, value) for each in condition)
    for name, operand in condition.items():
        if name == "not":
            excluded = operand if isinstance(operand, list) else [operand]
            if any(_equal(each, value) for each in excluded):
                return False
        elif value is None or not _COMPARE[name](*_comparable(value, operand)):
            return False
    return True


def _equal(one: Any, other: Any) -> bool:
    if one is None or other is None or isinstance(one, bool) or isinstance(other, bool):
        return one is other
    left, right = _comparable(one, other)
    return bool(left == right)


def _comparable(one: Any, other: Any) -> tuple[Any, Any]:
    """Return two values as what can be compared: numbers, instants, or texts."""
    if _is_number(one) or _is_number(other):
        return number(one), number(other)
    left, right = _instant(one), _instant(other)
    return (one, other) if left is None or right is None else (left, right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal | Digits)


def number(value: Any) -> Decimal:
    """Return a number; NaN is greater than any other, as in PostgreSQL."""
    number = Decimal(repr(value) if isinstance(value, float) else value)
    return Decimal("Infinity") if number.is_nan() else number


_INSTANT = re.compile(r"(\d{4,})-(\d\d)-(\d\d)T(\d\d):(\d\d):([\d.]+)\+00:00( BC)?")


def _instant(text: str) -> tuple[float, ...] | None:
    """Return a timestamp in UTC as a tuple that can be compared; None for other values."""
    if text in {"infinity", "-infinity"}:
        return (inf if text == "infinity" else -inf,)
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    year, *rest = (float(each) for each in found.groups()[:6])
    return (1 - year if found[7] else year, *rest)
