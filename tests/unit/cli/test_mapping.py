import pytest

from orders_cli.errors import BadValueError
from orders_cli.mapping import map_headers
from unit.cli.tables import column, orders


def test_headers_mean_columns_of_the_same_name() -> None:
    """Case, blanks, underscores and hyphens do not matter; other headers are ignored."""
    header = ("Customer Name", "PRODUCT-NAME", "quantity", "Colour")
    mapping = map_headers(header, orders())
    assert mapping.columns == {"customer_name": (0,), "product_name": (1,), "quantity": (2,)}
    assert mapping.ignored == ("Colour",)
    assert mapping.shop is None


def test_explicit_assignments() -> None:
    """--map wins over names; several headers for one column are joined."""
    header = ("First", "Last", "product_name", "Order No")
    assignments = ["First=customer_name", "Last=customer_name", "order no=external_id"]
    mapping = map_headers(header, orders(column("external_id")), assignments)
    assert mapping.columns == {
        "customer_name": (0, 1),
        "external_id": (3,),
        "product_name": (2,),
    }


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("Nothing=customer_name", "no header 'Nothing'"),
        ("Colour", "is not like 'Header=column'"),
        ("Who=nothing", "no column 'nothing'"),
        ("Who=id", "cannot be written"),
    ],
)
def test_wrong_assignments(assignment: str, message: str) -> None:
    """An assignment that cannot work is an error before anything is sent."""
    with pytest.raises(BadValueError, match=message):
        map_headers(("Who", "product_name"), orders(), [assignment])


def test_what_every_order_needs_must_be_in_the_file() -> None:
    """A column without default that may not be null needs a header."""
    with pytest.raises(BadValueError, match='to customer_name; use --map "Header=customer_name"'):
        map_headers(("product_name",), orders())


def test_two_headers_of_one_name() -> None:
    """Two headers for the same column are ambiguous; others may repeat."""
    with pytest.raises(BadValueError, match="two headers"):
        map_headers(("customer_name", "Customer Name", "product_name"), orders())
    mapping = map_headers(("customer_name", "product_name", "Meta", "meta"), orders())
    assert mapping.ignored == ("Meta", "meta")


def test_a_column_without_header_is_named_by_its_place() -> None:
    """An ignored column whose header is empty can be found in the file."""
    mapping = map_headers(("customer_name", "product_name", ""), orders())
    assert mapping.ignored == ("column 3 (no header)",)


def test_columns_that_cannot_be_written_are_ignored() -> None:
    """An exported id is not imported."""
    header = ("id", "customer_name", "product_name")
    assert map_headers(header, orders()).ignored == ("id",)


def test_shopify() -> None:
    """Shopify's headers mean the columns that play their part, whatever they are called."""
    names = "Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,"
    header = tuple(f"{names}Billing Name,Shipping Name".split(","))
    table = orders(column("external_id"), column("currency"), column("total", "number"))
    mapping = map_headers(header, table)
    assert mapping.shop is not None
    assert mapping.shop.name == "Shopify"
    assert {name: header[at] for name, (at,) in mapping.columns.items()} == {
        "external_id": "Name",
        "customer_name": "Billing Name",
        "product_name": "Lineitem name",
        "quantity": "Lineitem quantity",
        "currency": "Currency",
        "total": "Total",
    }


def test_woocommerce() -> None:
    """First and last name are joined; the status is the order's."""
    names = "order_number,date,status,order_total,billing_first_name,billing_last_name,"
    header = tuple(f"{names}item_name,item_quantity".split(","))
    mapping = map_headers(header, orders(column("order_no"), column("total", "number")))
    assert mapping.columns == {
        "order_no": (0,),
        "customer_name": (4, 5),
        "product_name": (6,),
        "quantity": (7,),
        "status": (2,),
        "total": (3,),
    }


def test_woocommerce_analytics() -> None:
    """The report that WooCommerce itself downloads is known too."""
    header = ("Date", "Order #", "Status", "Customer", "Product(s)", "Items sold", "N. Revenue")
    mapping = map_headers(header, orders(column("ordered_at", "timestamp")))
    assert mapping.columns["customer_name"] == (3,)
    assert mapping.columns["product_name"] == (4,)
    assert mapping.columns["quantity"] == (5,)
    assert mapping.columns["ordered_at"] == (0,)
