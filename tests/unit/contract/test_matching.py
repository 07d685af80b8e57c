"""Which rows match a filter."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders_contract.matching import (
    MAX_FILTER_COLUMNS,
    MAX_FILTER_TABLES,
    MAX_FILTER_VALUES,
    FilterError,
    RowFilter,
    Selection,
)
from orders_contract.schema import Table

_KINDS = {
    "name": "text",
    "code": "text",
    "state": "choice",
    "grade": "choice",
    "email": "text",
    "amount": "number",
    "count": "integer",
    "open": "boolean",
    "day": "date",
    "due": "timestamp",
    "ref": "uuid",
    "data": "json",
    "tags": "array",
    "photo": "binary",
    "ratio": "number",
    "weight": "number",
    "span": "other",
}
_TYPES = {"code": "character(5)", "email": "citext", "ratio": "double precision", "weight": "real"}
_CHOICES = {"state": ["pending", "shipped"], "grade": ["1", "2"]}
_TABLE = Table.model_validate(
    {
        "name": "orders",
        "key": ["id"],
        "columns": [
            {
                "name": name,
                "type": _TYPES.get(name, kind),
                "kind": kind,
                "nullable": True,
                "writable": True,
                "choices": _CHOICES.get(name),
            }
            for name, kind in _KINDS.items()
        ],
    }
)


def _matches(column: str, value: Any, condition: Any, table: Table | None = _TABLE) -> bool:
    return RowFilter.parse("orders", {column: condition}, table).matches({column: value})


@pytest.mark.parametrize(
    ("column", "value", "condition", "expected"),
    [
        ("amount", Decimal("12.50"), [12.5], True),
        ("amount", 12, [12.0], True),
        ("amount", 0.1, ["0.10"], True),
        ("amount", Decimal("1E+400"), ["1e400"], True),
        ("amount", Decimal("12345678901234567890.123456789"), ["12345678901234567890.1"], False),
        ("count", 9007199254740993, [9007199254740992], False),
        ("count", 9007199254740993, ["9007199254740993"], True),
        ("amount", True, [1], False),
        ("amount", 1, [1], True),
        ("open", True, [True], True),
        ("open", 1, [True], False),
        ("open", False, [True, None], False),
        ("open", None, [True, None], True),
        ("amount", "NaN", ["NaN"], True),
        ("amount", "NaN", {"gte": 10**30}, True),
        ("amount", "NaN", {"lt": 10**30}, False),
        ("amount", "Infinity", {"gt": 10**30}, True),
        ("amount", "-Infinity", {"lt": -(10**30)}, True),
        ("amount", None, {"gte": 0}, False),
        ("amount", None, {"lt": 0}, False),
        ("amount", 5, {"gte": 5, "lt": "5.5"}, True),
        ("amount", 5, {"gt": 5}, False),
        ("name", "5", {"gte": "5"}, True),
        ("name", "", [""], True),
        ("name", "Z", {"lt": "a"}, True),
        ("name", "\U0001f69a", {"gt": "\uffff"}, True),
        ("name", "Berlin", {"not": "Berlin"}, False),
        ("name", None, {"not": "Berlin"}, True),
        ("name", None, {"not": None}, False),
        ("name", "Rome", {"not": ["Berlin", None]}, True),
        ("name", "Berlin", {"not": ["Berlin", None]}, False),
        ("code", "ab   ", ["ab"], True),
        ("code", "ab   ", [" ab"], False),
        ("state", "pending", ["pending"], True),
        ("grade", 1, [1], True),
        ("grade", 1, ["1", None], True),
        ("grade", "2", [1], False),
        ("email", "Ann@Example.com", ["ann@example.COM"], False),
        ("photo", "\\xff", ["\\xFF"], True),
        ("ref", "5f0c1a52-7c1e-4b52-9f0e-0d2b8f6a3f11", ["5F0C1A527C1E4B529F0E0D2B8F6A3F11"], True),
        ("data", None, [None], True),
        ("data", {"a": 1}, {"not": None}, True),
        ("data", [1], [None], False),
        ("tags", ["a"], {"not": None}, True),
        ("photo", "\\xff", ["\\xff"], True),
        ("span", "1 day", ["1 day"], True),
        ("span", {"composite": 1}, {"not": "1 day"}, True),
        ("day", "2026-11-22", ["2026-11-22"], True),
        ("day", "0044-03-15 BC", {"lt": "0001-01-01"}, True),
        ("due", "2026-11-22T11:12:52+00:00", ["2026-11-22T13:12:52.000000+02:00"], True),
        ("due", "2026-11-22T11:12:52", ["2026-11-22 11:12:52Z"], True),
        ("due", "2026-11-22T11:12:52.7+00:00", ["2026-11-22T11:12:52+00:00"], False),
        ("due", "2026-11-22T00:00:00+00:00", ["2026-11-22"], True),
        ("due", "infinity", ["infinity"], True),
        ("due", "not a time", {"gte": "-infinity"}, False),
        ("due", "not a time", {"not": "2026-11-22"}, True),
    ],
)
def test_values_compare_as_in_postgresql(
    column: str,
    value: Any,
    condition: Any,
    expected: bool,  # noqa: FBT001  a column of the table
) -> None:
    """Numbers are exact, booleans are not numbers, times are instants, null is distinct."""
    assert _matches(column, value, condition) is expected


@pytest.mark.parametrize(
    ("value", "condition", "expected"),
    [
        (12, [12.0], True),
        (True, [1], False),
        (1, [True], False),
        ("12", [12], False),
        (None, [None], True),
        (12.5, {"gt": 12}, True),
        ("b", {"gt": "a"}, True),
        ("b", {"gt": 1}, False),
        (5, {"gt": "1"}, False),
        (True, {"gte": 1}, False),
        ([1], [1], False),
        (float("inf"), {"not": 1}, True),
    ],
)
def test_without_a_schema_the_given_value_decides(
    value: Any,
    condition: Any,
    expected: bool,  # noqa: FBT001  a column of the table
) -> None:
    """A client that does not know the schema can still match text, numbers and booleans."""
    assert _matches("anything", value, condition, table=None) is expected


_IN_ORDER = [
    "-infinity",
    "4713-01-01T00:00:00+00:00 BC",
    "0044-03-15T12:00:00+00:00 BC",
    "0001-12-31T23:59:59.999999+00:00 BC",
    "0001-01-01T00:00:00+00:00",
    "1900-02-28T23:59:59+00:00",
    "1900-03-01T00:00:00+00:00",
    "1969-12-31T23:59:59.999999+00:00",
    "1970-01-01T00:00:00+00:00",
    "2026-11-22T11:12:52.70211+00:00",
    "2026-11-22T11:12:52.702111+00:00",
    "9999-12-31T23:59:59+00:00",
    "10000-01-01T00:00:00+00:00",
    "20000-02-29T00:00:00+00:00",
    "294276-12-31T23:59:59.999999+00:00",
    "infinity",
]


@given(st.integers(0, len(_IN_ORDER) - 1), st.integers(0, len(_IN_ORDER) - 1))
def test_timestamps_order_beyond_the_years_of_python(one: int, other: int) -> None:
    """I11: infinity, years BC and years after 9999 have their place, and nothing raises."""
    value, bound = _IN_ORDER[one], _IN_ORDER[other]
    assert _matches("due", value, {"gte": bound}) is (one >= other)
    assert _matches("due", value, {"lt": bound}) is (one < other)
    assert _matches("due", value, [bound]) is (one == other)


_MOMENTS = st.datetimes(datetime(1910, 1, 2), datetime(9999, 12, 30), timezones=st.timezones())  # noqa: DTZ001  bounds


@given(_MOMENTS, _MOMENTS)
def test_timestamps_compare_as_instants(value: datetime, bound: datetime) -> None:
    """Two timestamps compare as Python's aware ones do, whatever their offsets are."""
    earlier = value.astimezone(UTC) < bound.astimezone(UTC)
    assert _matches("due", value.isoformat(), {"lt": bound.isoformat()}) is earlier


_NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=6) | st.integers().map(Decimal)


@given(_NUMBERS, _NUMBERS)
def test_numbers_compare_exactly(value: Decimal, bound: Decimal) -> None:
    """Any number of digits counts, in rows and in filters."""
    exact = Fraction(value) >= Fraction(bound)
    assert _matches("amount", value, {"gte": str(bound)}) is exact
    assert (
        _matches("amount", json.loads(str(value), parse_float=Decimal), {"lt": bound}) is not exact
    )


@pytest.mark.parametrize(
    ("column", "condition", "told"),
    [
        ("colour", ["red"], "orders.colour: there is no such column"),
        ("name", "Berlin", "orders.name: must be a list of values"),
        ("name", [], "orders.name: must list 1 to 100 values"),
        ("name", ["x"] * (MAX_FILTER_VALUES + 1), "orders.name: must list 1 to 100 values"),
        ("name", {"not": ["x"] * (MAX_FILTER_VALUES + 1)}, "must list 1 to 100 values"),
        ("name", {}, "an object must hold only"),
        ("name", {"like": "x"}, "an object must hold only"),
        ("name", [1], "orders.name: must be text"),
        ("name", ["a\0b"], "cannot hold NUL"),
        ("name", ["\ud800"], "cannot hold NUL or half a surrogate"),
        ("name", {"gte": None}, "a range needs"),
        ("amount", ["12,5"], "orders.amount: must be a number"),
        ("amount", [True], "orders.amount: must be a number"),
        ("amount", [float("nan")], "must be a number"),
        ("amount", [float("inf")], "must be a number"),
        ("amount", [Decimal("NaN")], "must be a number"),
        ("amount", [Decimal("Infinity")], "must be a number"),
        ("amount", [[1]], "must be a number"),
        ("amount", {"gte": "NaN"}, "a range needs a finite number"),
        ("amount", {"gte": "Infinity"}, "a range needs a finite number"),
        ("count", ["NaN"], "must be a number"),
        ("ratio", [10**400], "must be a number that the type can hold"),
        ("ratio", {"gte": "1e999999"}, "must be a number that the type can hold"),
        ("weight", ["-1e39"], "must be a number that the type can hold"),
        ("count", ["\u0665"], "must be a number"),
        ("open", [1], "must be true or false"),
        ("open", {"gte": True}, "gte, gt, lte and lt cannot be used on a boolean"),
        ("state", ["lost"], "orders.state: must be one of pending, shipped"),
        ("state", {"gte": "pending"}, "gte, gt, lte and lt cannot be used on a choice"),
        ("amount", {"contains": "1"}, "contains cannot be used on a number"),
        ("name", {"contains": 1}, "contains needs text of at most 200 characters"),
        ("name", {"contains": "a" * 201}, "contains needs text of at most 200 characters"),
        ("name", {"contains": "a\0"}, "text cannot hold NUL"),
        ("due", ["tomorrow"], "must be a date or timestamp"),
        ("due", ["2026-02-30"], "must be a date or timestamp"),
        ("due", ["2026-11-22T24:00:00"], "must be a date or timestamp"),
        ("due", [20261122], "must be a date or timestamp"),
        ("ref", ["5f0c"], "must be a uuid"),
        ("ref", [7], "must be a uuid"),
        ("data", [{"a": 1}], "a json can only be compared with null"),
        ("tags", {"not": "a"}, "an? array can only be compared with null"),
    ],
)
def test_what_a_column_cannot_hold_is_refused(column: str, condition: Any, told: str) -> None:
    """An error names table and column and says what the column expects."""
    with pytest.raises(FilterError, match=told):
        RowFilter.parse("orders", {column: condition}, _TABLE)


@pytest.mark.parametrize("value", [[1], {"a": 1}, float("nan"), float("inf"), Decimal("NaN")])
def test_a_filter_without_a_schema_holds_scalars(value: Any) -> None:
    """A value that no row can equal is refused, with or without a schema."""
    with pytest.raises(FilterError, match=r"orders\.anything: "):
        RowFilter.parse("orders", {"anything": [value]}, None)


@given(st.sampled_from(sorted(_KINDS)), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([*_IN_ORDER, "NaN", "Infinity", "1e999999"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["gte", "gt", "lte", "lt", "not", "x"]), inner, max_size=3),
    max_leaves=6,
), st.sampled_from([_TABLE, None]))  # fmt: skip
def test_a_filter_is_read_or_refused(column: str, condition: Any, table: Table | None) -> None:
    """I11: whatever a client sends is a filter or a FilterError, and a filter never raises."""
    try:
        parsed = RowFilter.parse("orders", {column: condition}, table)
    except FilterError:
        return
    value: Any
    for value in (None, True, 7, 1.5, Decimal("1e400"), "x", "NaN", "infinity", [1], {"a": []}):
        assert parsed.matches({column: value}) in {True, False}
    assert not parsed.matches({})
    assert parsed == RowFilter.parse("orders", {column: condition}, table)


def test_filters_are_bounded() -> None:
    """I6: a client cannot make a gateway keep an arbitrarily long filter for it."""
    with pytest.raises(FilterError, match="at most 20 columns"):
        RowFilter.parse("orders", {f"c{at}": [1] for at in range(MAX_FILTER_COLUMNS + 1)}, None)
    with pytest.raises(FilterError, match="1 to 50 tables"):
        Selection.parse({f"t{at}": {} for at in range(MAX_FILTER_TABLES + 1)})
    with pytest.raises(FilterError, match="1 to 50 tables"):
        Selection.parse({})


def test_filters_of_the_same_meaning_are_equal() -> None:
    """I4: filters with the same meaning but other spelling share one selection and its work."""
    one = {"orders": {"amount": [12.5, 1], "due": {"lt": "2026-11-22", "not": None}}, "lines": {}}
    other = {
        "lines": {},
        "orders": {
            "due": {"not": [None], "lt": "2026-11-22"},
            "amount": [1.0, Decimal("12.50"), 1],
        },
    }
    assert Selection.parse(one) == Selection.parse(other)
    assert hash(Selection.parse(one)) == hash(Selection.parse(other))


@pytest.mark.parametrize("pair", [([True], [1]), ([False], [0]), (["1"], [1]), ([None], [False])])
def test_filters_of_another_meaning_are_not_equal(pair: tuple[Any, Any]) -> None:
    """Values that are equal in Python but differ in JSON are different values."""
    one, other = (Selection.parse({"orders": {"x": each}}) for each in pair)
    assert one != other


def test_the_id_of_an_order_has_two_names() -> None:
    """``order_id`` of an order means its key, unless there is such a column."""
    assert RowFilter.parse("orders", {"order_id": [7]}, None).matches({"id": 7})
    with pytest.raises(FilterError, match="another name of id"):
        RowFilter.parse("orders", {"order_id": [7], "id": [8]}, None)
    assert RowFilter.parse("lines", {"order_id": [7]}, None).matches({"id": 1, "order_id": 7})
