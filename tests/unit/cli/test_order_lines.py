from datetime import date

import pytest

from orders_cli.errors import BadValueError
from orders_cli.order_lines import MalformedLine, OrderLine, parse

HEADER = "invoice,customer_name,product_name,quantity,ordered_on,shipped_on"


def parse_one(line: str) -> OrderLine | MalformedLine:
    (only,) = parse([HEADER + "\n", line + "\n"])
    return only


def test_order() -> None:
    """A line becomes an order; columns it does not know are left alone."""
    assert parse_one("1, Ada ,Loom,3,1996-07-04,1996-07-16") == OrderLine(
        2, "Ada", "Loom", 3, date(1996, 7, 4), date(1996, 7, 16)
    )


def test_order_never_shipped() -> None:
    """An empty shipped_on is an order that was never shipped."""
    order = parse_one("1,Ada,Loom,3,1996-07-04,")
    assert isinstance(order, OrderLine)
    assert order.shipped_on is None


def test_columns_in_any_order() -> None:
    """The header says which column is which."""
    header = "shipped_on,ordered_on,quantity,product_name,customer_name\n"
    (order,) = parse([header, ",1996-07-04,3,Loom,Ada\n"])
    assert isinstance(order, OrderLine)
    assert (order.customer_name, order.product_name) == ("Ada", "Loom")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1,Ada,Loom", "3 columns instead of 6"),
        ("1,Ada,Loom,3,1996-07-04,,x", "7 columns instead of 6"),
        ("1,,Loom,3,1996-07-04,", "customer_name is empty"),
        ("1,Ada,  ,3,1996-07-04,", "product_name is empty"),
        (f"1,{'a' * 201},Loom,3,1996-07-04,", "customer_name is longer than 200 characters"),
        ("1,A\udce4da,Loom,3,1996-07-04,", "customer_name is not UTF-8 text"),
        ("1,Ada,Lo\0om,3,1996-07-04,", "product_name is not UTF-8 text"),
        ("1,Ada,Loom,three,1996-07-04,", "quantity 'three' is no number"),
        ("1,Ada,Loom,0,1996-07-04,", "quantity 0 is not between 1 and 2147483647"),
        ("1,Ada,Loom,-3,1996-07-04,", "quantity -3 is not between 1 and 2147483647"),
        ("1,Ada,Loom,2147483648,1996-07-04,", "quantity 2147483648 is not between"),
        ("1,Ada,Loom,3,04.07.1996,", "ordered_on '04.07.1996' is no date"),
        ("1,Ada,Loom,3,1996-02-30,", "ordered_on '1996-02-30' is no date"),
        ("1,Ada,Loom,3,,", "ordered_on '' is no date"),
        ("1,Ada,Loom,3,1996-07-04,soon", "shipped_on 'soon' is no date"),
        ("1,Ada,Loom,3,1996-07-04,1996-07-03", "shipped_on is before ordered_on"),
        ('1,"Ada"x,Loom,3,1996-07-04,', "',' expected after '\"'"),
    ],
)
def test_malformed(line: str, problem: str) -> None:
    """What is no order says why, with the number of its line."""
    malformed = parse_one(line)
    assert isinstance(malformed, MalformedLine)
    assert malformed.line == 2
    assert problem in malformed.problem


def test_the_rest_goes_on() -> None:
    """A malformed line costs no other; blank lines are none; numbers count lines of the file."""
    good = '1,"Ada\nLovelace",Loom,3,1996-07-04,\n'
    lines = [*(HEADER + "\n" + good).splitlines(keepends=True), "\n", "x\n", *good.splitlines(True)]
    parsed = list(parse(lines))
    assert [each.line for each in parsed] == [2, 5, 6]
    assert isinstance(parsed[1], MalformedLine)


@pytest.mark.parametrize("lines", [[], ["\n"], ["a,b\n"], ['"unfinished\n']])
def test_wrong_header(lines: list[str]) -> None:
    """A file that does not name its columns is refused as a whole."""
    with pytest.raises(BadValueError, match="first line"):
        list(parse(lines))
