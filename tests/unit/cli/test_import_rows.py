from collections.abc import Iterable
from decimal import Decimal

from orders_cli.conversion import Conventions
from orders_cli.csv_files import BadRecord, parse
from orders_cli.import_rows import ImportRow, RowBuilder, rows_by_key
from orders_cli.mapping import map_headers
from orders_contract.schema import Table
from unit.cli.tables import column, orders


def built(
    text: str, table: Table | None = None, maps: Iterable[str] = (), name: str = "orders.csv"
) -> list[ImportRow | BadRecord]:
    table = table or orders()
    file = parse(text.encode())
    mapping = map_headers(file.header, table, maps)
    return list(RowBuilder(name, mapping, table, Conventions()).build(file))


def identities(rows: list[ImportRow | BadRecord]) -> list[str]:
    return [row.identity for row in rows if isinstance(row, ImportRow)]


HEADER = "customer_name,product_name,quantity\n"


def test_rows_and_bad_records() -> None:
    """A value that does not convert is reported with line, column, value and reason."""
    rows = built(HEADER + "Ada,Loom,2\n,Loom,1\nBob,Loom,many\n")
    assert rows[0].line == 2
    assert isinstance(rows[0], ImportRow)
    assert rows[0].values == {"customer_name": "Ada", "product_name": "Loom", "quantity": 2}
    assert rows[1:] == [
        BadRecord(3, "customer_name is empty"),
        BadRecord(4, "quantity 'many' is not a whole number"),
    ]


def test_empty_fields() -> None:
    """An empty field is the column's default, or null."""
    (row,) = built(HEADER.strip() + ",note\nAda,Loom,,\n", orders(column("note")))
    assert isinstance(row, ImportRow)
    assert row.values == {"customer_name": "Ada", "product_name": "Loom", "note": None}


def test_conventions_come_from_the_whole_file() -> None:
    """A later line shows how an earlier one is meant."""
    table = orders(column("total", "number"))
    text = 'customer_name,product_name,total\nAda,Loom,"1,234"\nBob,Loom,"12,5"\n'
    totals = [row.values["total"] for row in built(text, table) if isinstance(row, ImportRow)]
    assert totals == [Decimal("1.234"), Decimal("12.5")]


def test_identities_outlive_edits() -> None:
    """A line keeps its identity when others are added, corrected or removed before it."""
    first = identities(built(HEADER + "Ada,Loom,x\nBob,Loom,1\nBob,Loom,1\n"))
    again = identities(built(HEADER + "Eve,Wheel,1\nAda,Loom,2\nBob,Loom,1\nBob,Loom,1\n"))
    assert len(set(first)) == 2
    assert again[2:] == first


def test_other_files_have_other_identities() -> None:
    """An equal line of another file is another order."""
    line = HEADER + "Ada,Loom,1\n"
    assert identities(built(line, name="monday.csv")) != identities(built(line, name="tuesday.csv"))


def test_further_items_of_a_shops_order() -> None:
    """Fields of the whole order are taken from its first record; totals are not repeated."""
    header = "Name,Financial Status,Total,Lineitem quantity,Lineitem name,Billing Name\n"
    table = orders(column("external_id"), column("total", "number"))
    rows = built(header + "#1,paid,30,1,Loom,Ada\n#1,,,2,Wheel,\n#2,paid,5,1,Nail,\n", table)
    assert isinstance(rows[1], ImportRow)
    assert rows[1].values == {
        "external_id": "#1",
        "customer_name": "Ada",
        "product_name": "Wheel",
        "quantity": 2,
        "total": None,
    }
    assert rows[2] == BadRecord(4, "customer_name is empty")


def test_keys_of_an_upsert() -> None:
    """A row without the key, or with that of an earlier line, is refused."""
    table = orders(column("external_id"))
    text = "customer_name,product_name,external_id\nAda,Loom,A1\nBob,Loom,\nEve,Loom,A1\n"
    rows = [row for row in built(text, table) if isinstance(row, ImportRow)]
    assert list(rows_by_key(rows, "external_id")) == [
        rows[0],
        BadRecord(3, "external_id is empty"),
        BadRecord(4, "external_id is the same as on line 2"),
    ]
