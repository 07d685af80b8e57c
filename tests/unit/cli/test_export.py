from decimal import Decimal

import pytest

from orders_cli.export import cell


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (-5, "-5"),
        (Decimal("-12.50"), "-12.50"),
        ("-5", "'-5"),
        ("=1+1", "'=1+1"),
        ("plain", "plain"),
        ({"a": [Decimal("1.10")]}, '{"a":[1.10]}'),
    ],
)
def test_cells(value: object, text: str) -> None:
    """Numbers keep their digits and sign; only texts can be formulas, and are neutralised."""
    assert cell(value) == text
