import json
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders_cli.conversion import (
    Conventions,
    convert,
    detect_day_order,
    detect_decimal_mark,
)
from real_time_orders.items import to_json
from unit.cli.tables import described

PLAIN = Conventions()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", " as it is ", " as it is "),
        ("integer", " 9007199254740993 ", 9007199254740993),
        ("integer", "-3.00", -3),
        ("number", "12.50", Decimal("12.50")),
        ("number", "1e3", Decimal("1e3")),
        ("number", "NaN", "NaN"),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("date", "2026-07-04", "2026-07-04"),
        ("date", "4.7.2026", "2026-07-04"),
        ("date", "2026/7/4 00:00:00", "2026-07-04"),
        ("uuid", "5F0C1A52-7C1E-4B52-9F0E-0D2B8F6A3F11", "5f0c1a52-7c1e-4b52-9f0e-0d2b8f6a3f11"),
        ("json", '{"a": 1.10}', {"a": Decimal("1.10")}),
        ("array", "[1, 2]", [1, 2]),
        ("other", "(1,2)", "(1,2)"),
    ],
)
def test_values_by_kind(kind: str, text: str, value: Any) -> None:
    """Each kind of column reads its own spellings."""
    assert convert(text, described(kind), PLAIN) == value


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("integer", "1,000", "whole number"),
        ("integer", "1.5", "whole number"),
        ("number", "12 apples", "not a number"),
        ("number", "1,234", "--decimal"),
        ("boolean", "maybe", "true or false"),
        ("date", "03/04/2026", "--dates"),
        ("date", "2026-02-30", "exists"),
        ("date", "2026-07-04 12:00", "not a date"),
        ("timestamp", "noon", "not a date"),
        ("timestamp", "2026-07-04 25:00", "not a time"),
        ("uuid", "7", "not a UUID"),
        ("json", "{", "not JSON"),
        ("array", "{}", "not a JSON array"),
        ("text", "a\0b", "NUL"),
    ],
)
def test_ambiguous_values_are_refused(kind: str, text: str, message: str) -> None:
    """A text that is not a value, or may be two, is an error that does not repeat the text."""
    with pytest.raises(ValueError, match=message) as caught:
        convert(text, described(kind), PLAIN)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("12,50", None, "12.50"),
        ("1.234,56", None, "1234.56"),
        ("1,234.56", None, "1234.56"),
        ("1,234", "comma", "1.234"),
        ("1,234", "point", "1234"),
        ("1.234", None, "1.234"),
        ("1.234", "comma", "1234"),
        ("€ 1'234.50", None, "1234.50"),
        ("12,50 €", None, "12.50"),
        ("1\u00a0234,5", None, "1234.5"),
        ("-1.000.000", "comma", "-1000000"),
    ],
)
def test_decimal_marks(text: str, mark: Any, number: str) -> None:
    """Grouped digits and decimal commas are read where they can mean only one number."""
    assert convert(text, described("number"), Conventions(decimal_mark=mark)) == Decimal(number)


@pytest.mark.parametrize(("text", "mark"), [("12,50", "point"), ("12.5", "comma")])
def test_the_other_decimal_mark_is_refused(text: str, mark: Any) -> None:
    """A file does not change its decimal mark in the middle."""
    with pytest.raises(ValueError, match="not a number"):
        convert(text, described("number"), Conventions(decimal_mark=mark))


def test_a_file_shows_its_conventions() -> None:
    """Unambiguous values decide for the ambiguous ones; contradicting ones decide nothing."""
    assert detect_decimal_mark(["1,234", "12,5"]) == "comma"
    assert detect_decimal_mark(["1,234", "12.5"]) == "point"
    assert detect_decimal_mark(["1,234", "5"]) is None
    assert detect_decimal_mark(["12,5", "12.5"]) is None
    assert detect_day_order(["03/04/2026", "13/04/2026"]) == "dmy"
    assert detect_day_order(["03/04/2026", "03/14/2026 10:00"]) == "mdy"
    assert detect_day_order(["03/04/2026"]) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-04T12:30:00Z", "2026-07-04T12:30:00+00:00"),
        ("2026-07-04 12:30:00 -0400", "2026-07-04T12:30:00-04:00"),
        ("2026-07-04 12:30:00.5 UTC", "2026-07-04T12:30:00.500000+00:00"),
        ("4.7.2026, 12:30", "2026-07-04T12:30:00+02:00"),
        ("7/14/2026 12:30:00 PM", "2026-07-14T12:30:00+02:00"),
        ("2026-07-04 12:05 am", "2026-07-04T00:05:00+02:00"),
        ("2026-07-04", "2026-07-04T00:00:00+02:00"),
        ("infinity", "infinity"),
    ],
)
def test_moments(text: str, moment: str) -> None:
    """Times without an offset are of the given time zone."""
    summer = Conventions(timezone=timezone(timedelta(hours=2)))
    column = described("timestamp", type="timestamp with time zone")
    assert convert(text, column, summer) == moment


def test_times_without_a_zone_stay_without() -> None:
    """A column without time zone keeps the time of day that the file shows."""
    column = described("timestamp", type="timestamp without time zone")
    assert convert("2026-07-04 12:30:00 -0400", column, PLAIN) == "2026-07-04T12:30:00"


@pytest.mark.parametrize(
    ("text", "choice"),
    [("on_hold", "on_hold"), ("On Hold", "on_hold"), ("on-hold", "on_hold"), ("done", "shipped")],
)
def test_choices(text: str, choice: str) -> None:
    """Choices are found whatever their case and blanks, or by a translation."""
    column = described("choice", choices=["on_hold", "shipped"])
    assert convert(text, column, Conventions(translations=(("done", "shipped"),))) == choice


def test_an_unknown_choice_names_the_known_ones() -> None:
    """The error helps to correct the file."""
    with pytest.raises(ValueError, match="is not one of on_hold, shipped"):
        convert("lost", described("choice", choices=["on_hold", "shipped"]), PLAIN)


def test_lengths_are_checked() -> None:
    """A text that the column cannot hold is refused before it is sent."""
    with pytest.raises(ValueError, match="longer than 3"):
        convert("Adam", described(max_length=3), PLAIN)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_json_keeps_every_digit(value: Any) -> None:
    """Decimals are written with all digits and read back equal."""
    assert json.loads(to_json(value), parse_float=Decimal, parse_int=Decimal) == value
