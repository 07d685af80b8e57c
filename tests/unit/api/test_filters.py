"""Query parameters: filters on any column, search, order and page."""

from typing import Any

import pytest

from orders_api import filters
from orders_api.errors import InvalidInputError
from orders_api.filters import Selection
from unit.api.described import ORDERS, column, table


def read(*parameters: tuple[str, str], **options: Any) -> Selection:
    return filters.read(ORDERS, parameters, **options)


def refused(*parameters: tuple[str, str], **options: Any) -> tuple[str, str]:
    """Return the parameter that is named, and the message."""
    with pytest.raises(InvalidInputError) as caught:
        read(*parameters, **options)
    (error,) = caught.value.errors
    return error["field"], error["message"]


def test_values_and_operators() -> None:
    """Values of a column are alternatives; its operators restrict it further."""
    selection = read(
        ("status", "pending"),
        ("status", "shipped"),
        ("total.gte", "1.50"),
        ("total.lt", "9"),
        ("customer_name.not", "A"),
        ("due.is", "null"),
        ("paid.is", "not_null"),
    )
    by_name = {condition.column.name: condition for condition in selection.conditions}
    assert by_name["status"].anyof == ["pending", "shipped"]
    assert by_name["total"].comparisons == {"gte": "1.50", "lt": "9"}
    assert by_name["customer_name"].noneof == ["A"]
    assert (by_name["due"].anyof, by_name["due"].or_null) == ([], True)
    assert by_name["paid"].not_null


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("nonsense", "1", "not known"),
        ("nonsense.gte", "1", "not known"),
        ("total.between", "1", "not known"),
        ("status", "lost", "one of pending"),
        ("quantity", "1.5", "whole number"),
        ("quantity", "9" * 5000, "must be between"),
        ("quantity", "2147483648", "between"),
        ("total.gte", "much", "number"),
        ("paid", "yes", "true or false"),
        ("due.gt", "tomorrow", "time"),
        ("customer_name", "\x00", "U+0000"),
        ("extra", "{}", "cannot be compared"),
        ("tags", "a", "cannot be compared"),
        ("due.is", "nothing", "null or not_null"),
        ("sort", "nonsense", "column"),
        ("sort", "extra", "lists or objects"),
        ("sort", "total,nonsense", "not 'nonsense'"),
        ("sort", "total,-total", "once"),
        ("sort", "", "must name a column"),
        ("sort", "total,", "must name columns"),
        ("limit", "0", "from 1 to 1000"),
        ("limit", "9" * 5000, "from 1 to 1000"),
        ("search", "x" * 201, "at most 200"),
        ("customer_name.contains", "x" * 201, "at most 200"),
        ("total.contains", "1", "column of text"),
        ("cursor", "abc", "not valid"),
    ],
)
def test_refused_parameters(parameter: str, value: str, message: str) -> None:
    """A parameter that cannot be applied is named, with the reason."""
    field, reason = refused((parameter, value))
    assert field == parameter
    assert message in reason


def test_columns_named_like_parameters() -> None:
    """`limit` is the list's own parameter; `limit.eq` and other operators are the column's."""
    selection = read(("limit", "7"), ("limit.eq", "5"), ("limit.gte", "3"))
    assert selection.limit == 7
    (condition,) = selection.conditions
    assert (condition.column.name, condition.anyof) == ("limit", ["5"])


def test_dots_in_names() -> None:
    """A column whose name ends like an operator is reached with `.eq`."""
    described = table(column("a"), column("a.gte"))
    (first, second) = filters.read(described, [("a.gte", "x"), ("a.gte.eq", "y")]).conditions
    assert (first.column.name, first.comparisons) == ("a", {"gte": "x"})
    assert (second.column.name, second.anyof) == ("a.gte", ["y"])


def test_given_twice() -> None:
    """A bound, and a parameter of the list, is given once."""
    assert refused(("total.gte", "1"), ("total.gte", "2")) == ("total.gte", "must be given once")
    assert refused(("limit", "1"), ("limit", "2")) == ("limit", "must be given once")


def test_many_values() -> None:
    """A column may list 100 values."""
    values = [("customer_name", str(n)) for n in range(101)]
    read(*values[:100])
    assert refused(*values)[0] == "customer_name"


def test_counting_has_no_pages() -> None:
    """A count takes filters, but neither pages nor the column that is counted."""
    assert refused(("limit", "5"), paged=False)[1] == "is not known here"
    assert refused(("status", "pending"), paged=False, refused={"status"})[0] == "status"
    assert read(("customer_name", "A"), ("search", "x"), paged=False).search == "x"


def test_sort() -> None:
    """A minus sign sorts downwards; without a column the newest come first."""
    assert str(read(("sort", "-total")).sort) == "-total"
    assert str(read(("sort", "total")).sort) == "total"
    assert str(read(("sort", "-total,customer_name")).sort) == "-total,customer_name"
    assert read().sort.terms == ()
