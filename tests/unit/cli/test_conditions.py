import pytest

from orders_cli.conditions import parse_filter
from orders_cli.errors import BadValueError
from unit.cli.tables import column, orders


def test_conditions_become_a_filter() -> None:
    """Values of one column are listed, bounds are joined, null and booleans are themselves."""
    table = orders(column("paid", "boolean"), column("a.lt", "number"))
    texts = ["status=a", "status=b", "total.gte=1", "total.lt=9", "note.is=null", "paid=true"]
    assert parse_filter([*texts, "a.lt=5"], table) == {
        "status": ["a", "b"],
        "total": {"gte": "1", "lt": "9"},
        "note": [None],
        "paid": [True],
        "a.lt": ["5"],
    }


@pytest.mark.parametrize("texts", [["status"], ["=x"], ["a=1", "a.gt=1"], ["a.gt=1", "a=1"]])
def test_conditions_that_make_no_sense(texts: list[str]) -> None:
    """A condition without =, or a range beside values, is an error."""
    with pytest.raises(BadValueError):
        parse_filter(texts, None)
