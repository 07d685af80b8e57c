"""The proof's own reading of filters, which judges the product's."""

from typing import Any

import pytest

from prove.exact import parse
from prove.filters import admits, within

ROW = parse(
    '{"id":7,"status":"pending","store":"Berlin","Price":12.50,"external":9007199254740993,'
    '"urgent":true,"mood":null,"due":"2026-02-03T04:05:06.7+00:00"}'
)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"status": ["shipped", "pending"]}, True),
        ({"status": ["pending"], "store": ["Łódź"]}, False),
        ({"Price": [12.5]}, True),
        ({"Price": {"gte": 12.5, "lt": "12.6"}}, True),
        ({"Price": {"gt": 12.5}}, False),
        ({"external": ["9007199254740993"]}, True),
        ({"external": ["9007199254740992"]}, False),
        ({"urgent": [1]}, False),
        ({"urgent": [True]}, True),
        ({"mood": [None]}, True),
        ({"mood": {"not": "busy"}}, True),
        ({"mood": {"not": [None, "busy"]}}, False),
        ({"mood": {"gte": "a"}}, False),
        ({"store": {"gte": "B"}}, True),
        ({"store": {"gte": "a"}}, False),
        ({"due": {"lt": "20000-01-01T00:00:00+00:00"}}, True),
        ({"due": {"gt": "0044-03-15T12:00:00+00:00 BC"}}, True),
        ({"due": {"lt": "2026-02-03T04:05:06.65+00:00"}}, False),
        ({"gone": [None]}, False),
        ({"gone": {"not": 1}}, False),
    ],
)
def test_conditions(wanted: dict[str, Any], expected: bool) -> None:  # noqa: FBT001  a parameter
    """Numbers compare as decimals, text by code point, times as instants; null is in no range."""
    assert admits(wanted, ROW) is expected


def test_a_scope_admits_its_values_only() -> None:
    """A row without the restricting column is not visible."""
    assert within({"store": ["Berlin", "Łódź"]}, ROW)
    assert not within({"store": ["berlin"]}, ROW)
    assert not within({"gone": ["Berlin"]}, ROW)
