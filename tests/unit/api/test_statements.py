"""Statements composed from the description of a table."""

import pytest

from orders_api import filters
from orders_api.conditions import comparable_type
from orders_api.statements import Statements
from orders_contract.schema import Column
from unit.api.described import ORDERS, column, table


@pytest.mark.parametrize(
    ("declared", "compared"),
    [
        ("numeric(12,2)", "numeric"),
        ("character varying(20)", "character varying"),
        ("character(5)", "bpchar"),
        ("timestamp(3) with time zone", "timestamp with time zone"),
        ("bit(3)", "bit varying"),
        ('"My (odd) type"', '"My (odd) type"'),
    ],
)
def test_comparable_type(declared: str, compared: str) -> None:
    """Values of a filter are not rounded or cut to the column's length."""
    described = Column.model_validate(column("c", type=declared))
    assert comparable_type(described) == compared


def test_names_are_quoted() -> None:
    """Names of tables and columns are quoted, whatever they contain."""
    odd = 'x"; DROP TABLE orders; --%s'
    described = table(column(odd), relation='o"x')
    text = Statements(described).insert((odd,)).decode()
    assert '"public"."o""x"' in text
    assert '"x""; DROP TABLE orders; --%%s"' in text


def test_values_are_parameters() -> None:
    """No value of a request is part of a statement."""
    query = filters.read(
        ORDERS,
        [("customer_name", "VALUE"), ("customer_name.not", "VALUE"), ("search", "VALUE #7")],
    )
    statement, values = Statements(ORDERS).page(query, {"customer_name": {"VALUE"}})
    assert "VALUE" not in statement.as_string()
    assert "VALUE" in str(values)


def test_scope_of_a_column_that_is_missing() -> None:
    """A scope on a column that the table does not have shows nothing."""
    statement, _ = Statements(ORDERS).page(filters.read(ORDERS, []), {"store": {"Berlin"}})
    assert "WHERE false" in " ".join(statement.as_string().split())


def test_scope_of_another_type() -> None:
    """A scope's number matches no text, and its boolean matches no number."""
    statement, values = Statements(ORDERS).page(
        filters.read(ORDERS, []), {"customer_name": {7}, "quantity": {True}}
    )
    assert " ".join(statement.as_string().split()).count("false") == 2
    assert not any(each in (7, "7", "true") for each in values.values())
