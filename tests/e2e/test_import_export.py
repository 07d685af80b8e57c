"""``orders import``, ``export``, ``types`` and the commands on tables, with an owner's columns."""

import csv
import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.stacks import EmbeddedStack, orders
from harness.waiting import until

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
EXPORTED = "external_number,customer_name,price,currency,address"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    """Start a system whose orders have the columns of examples/shop.sql, added while it runs."""
    stack = EmbeddedStack(tmp_path_factory.mktemp("shop"), "--gateways", "1")
    try:
        stack.start()
        done = orders("psql", "-f", str(EXAMPLES / "shop.sql"), folder=stack.folder)
        assert done.returncode == 0, done.stderr
        until(lambda: "external_number" in _run(stack, "export").stdout, 5, "the new columns")
        yield stack
    finally:
        stack.end()


@pytest.fixture(autouse=True)
def _empty(shop: EmbeddedStack) -> None:
    shop.psql("TRUNCATE orders CASCADE")


def _run(stack: EmbeddedStack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return orders(*arguments, folder=stack.folder)


def _write(stack: EmbeddedStack, name: str, content: str, encoding: str = "utf-8") -> str:
    (stack.folder / name).write_bytes(content.encode(encoding))
    return name


def _table(stack: EmbeddedStack, columns: str = EXPORTED) -> list[str]:
    return stack.psql(f"SELECT {columns} FROM orders ORDER BY id").splitlines()


GERMAN = (
    "Bestellnummer;Customer Name;PRODUCT_NAME;Price;Due at\n"
    'A-1;"Éva ""die"" Größte";Loom;1.234,50;04.07.2026 12:30\n'
    "A-2;Bob;Wheel;12,5;\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_spreadsheets_file(shop: EmbeddedStack, encoding: str) -> None:
    """Encoding, delimiter, decimal commas and dates are found out; a header is assigned."""
    file = _write(shop, f"{encoding}.csv", GERMAN, encoding)
    options = ("--map", "Bestellnummer=external_number", "--timezone", "Europe/Berlin")
    done = _run(shop, "import", file, *options)
    assert done.returncode == 0, done.stderr
    assert "2 created, 0 updated, 0 unchanged, 0 refused" in done.stdout
    columns = "external_number, customer_name, price, due_at AT TIME ZONE 'UTC'"
    assert sorted(_table(shop, columns)) == [
        'A-1|Éva "die" Größte|1234.50|2026-07-04 10:30:00',
        "A-2|Bob|12.50|",
    ]


def test_a_second_import_creates_nothing_twice(shop: EmbeddedStack) -> None:
    """A repeated import creates no order twice, even after lines were corrected and added."""
    header = "customer_name,product_name,quantity\n"
    file = _write(shop, "again.csv", header + "Ada,Loom,1\nAda,Loom,1\nBob,Wheel,many\n")
    first = _run(shop, "import", file)
    assert first.returncode == 1
    assert first.stderr == "line 4: quantity 'many' is not a whole number\n"
    assert "2 created, 0 updated, 0 unchanged, 1 refused" in first.stdout
    _write(shop, "again.csv", header + "Eve,Nail,9\nAda,Loom,1\nAda,Loom,1\nBob,Wheel,2\n")
    second = _run(shop, "import", file)
    assert second.returncode == 0, second.stderr
    assert "2 created, 0 updated, 0 unchanged, 2 imported before" in second.stdout
    assert sorted(_table(shop, "customer_name")) == ["Ada", "Ada", "Bob", "Eve"]
    assert "4 created" in _run(shop, "import", file, "--again").stdout


def test_an_import_with_other_values(shop: EmbeddedStack) -> None:
    """A line that is imported again with another column is not created a second time."""
    header = "customer_name,product_name,ref\n"
    file = _write(shop, "other.csv", header + "Ada,Loom,X1\n")
    assert "1 created" in _run(shop, "import", file).stdout
    done = _run(shop, "import", file, "--map", "ref=external_number")
    assert done.returncode == 1
    assert done.stderr == (
        "line 2: was imported before with other values; use --upsert-by or --again\n"
    )
    assert _table(shop, "customer_name") == ["Ada"]


def test_what_the_database_refuses_is_reported(shop: EmbeddedStack) -> None:
    """A violated constraint is the line's problem: number, column and rule; the rest goes in."""
    file = _write(
        shop,
        "bad.tsv",
        "customer_name\tproduct_name\tprice\texternal_number\n"
        "Ada\tLoom\t-1\t\nBob\tLoom\t1\tX\nEve\tLoom\t1\tX\nMia\tLoom\n",
    )
    done = _run(shop, "import", file)
    assert done.returncode == 1
    problems = dict(line.split(": ", 1) for line in done.stderr.splitlines())
    (taken,) = problems.keys() - {"line 2", "line 5"}  # whichever of the two came second
    assert "orders_price_check" in problems["line 2"]
    assert problems["line 2"].startswith("price: ")
    reason = "external_number: is taken (orders_external_number_key); external_number is 'X'"
    assert problems[taken] == reason
    assert problems["line 5"] == "2 fields instead of 4"
    assert len(_table(shop)) == 1


def test_upsert(shop: EmbeddedStack) -> None:
    """Orders are found again by a column of their own, and changed only where they differ."""
    header = "external_number,customer_name,product_name,price\n"
    file = _write(shop, "first.csv", header + "A,Ada,Loom,1.00\nB,Bob,Wheel,2.00\n")
    options = ("--upsert-by", "external_number")
    assert "2 created, 0 updated" in _run(shop, "import", file, *options).stdout
    file = _write(shop, "second.csv", header + "A,Ada,Loom,1.50\nB,Bob,Wheel,2\nC,Eve,Nail,3\n")
    done = _run(shop, "import", file, *options)
    assert "1 created, 1 updated, 1 unchanged, 0 refused" in done.stdout, done.stderr
    columns = "external_number, price, version"
    assert sorted(_table(shop, columns)) == ["A|1.50|2", "B|2.00|1", "C|3.00|1"]


def test_an_export_is_edited_and_imported(shop: EmbeddedStack) -> None:
    """Orders are found by their id, which itself is not written."""
    shop.psql("INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'a'), ('Bob', 'b')")
    exported = _run(shop, "export", "--columns", "id,customer_name,product_name").stdout
    text = exported.replace("Ada", "Eve") + "99999999,Mia,c\n"
    done = _run(shop, "import", _write(shop, "edited.csv", text), "--upsert-by", "id")
    assert done.stderr == "line 4: there is no order with this id\n"
    assert "0 created, 1 updated, 1 unchanged, 1 refused" in done.stdout
    assert sorted(_table(shop, "customer_name, product_name")) == ["Bob|b", "Eve|a"]


def test_dry_run(shop: EmbeddedStack) -> None:
    """A dry run says what each header is for and what is wrong, and writes nothing."""
    text = "Customer-Name,product_name,colour\nAda,Loom,red\n,Loom,red\n"
    done = _run(shop, "import", _write(shop, "dry.csv", text), "--dry-run")
    assert done.returncode == 1
    assert "  Customer-Name -> customer_name\n" in done.stdout
    assert "  ignored: colour\n" in done.stdout
    assert "1 orders, 1 refused; nothing written" in done.stdout
    assert done.stderr == "line 3: customer_name is empty\n"
    assert _table(shop) == []


def test_shopify(shop: EmbeddedStack) -> None:
    """An export of Shopify goes in as it is, an order for each line item."""
    shop.psql("ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_external_number_key")
    done = _run(shop, "import", str(EXAMPLES / "shopify_orders.csv"))
    assert done.returncode == 1
    assert "export of Shopify" in done.stdout
    assert done.stderr == "line 5: currency 'CHF' is not one of EUR, USD, GBP\n"
    assert sorted(
        _table(shop, "external_number, customer_name, product_name, quantity, price")
    ) == [
        "#1001|Ada Lovelace|Loom, 100 cm|1|62.95",
        "#1001|Ada Lovelace|Shuttle|2|18.98",
        "#1002|Bob Müller|Wheel|1|12.50",
    ]


@pytest.mark.parametrize(
    ("text", "options", "problem"),
    [
        ("a,b\n1,2\n", (), "no header belongs to customer_name"),
        ("customer_name,product_name\n", ("--upsert-by", "nothing"), "'nothing'"),
        ("customer_name,product_name\n", ("--map", "x=y"), "no header 'x'"),
        ("customer_name,product_name\n", ("--decimal", "dot"), "--decimal"),
        ("customer_name,product_name\n", ("--timezone", "Mars"), "--timezone"),
    ],
)
def test_a_file_that_cannot_be_imported(
    shop: EmbeddedStack, text: str, options: tuple[str, ...], problem: str
) -> None:
    """An error in the whole file is reported by one sentence and status 2."""
    done = _run(shop, "import", _write(shop, "wrong.csv", text), *options)
    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_export_and_import_again(shop: EmbeddedStack) -> None:
    """An export contains no formula for a spreadsheet, and importing it restores every value."""
    shop.psql(
        "INSERT INTO orders (customer_name, product_name, price, address, external_number) VALUES"
        " ('=1+1', '@SUM(A1)', 12345678.90, '{\"city\": \"Köln\", \"no\": 1.10}', '-7'),"
        " ('''t Hoen', E'two\nlines', NULL, NULL, '\"quoted\", with comma')"
    )
    columns = "customer_name, product_name, price, address, external_number, currency"
    before = _table(shop, columns)
    file = shop.folder / "out.csv"
    done = _run(shop, "export", "--output", str(file), "--bom")
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))
    dangerous = [each for row in rows for each in row if each[:1] in {"=", "+", "@", "\t", "\r"}]
    assert dangerous == []
    assert [each for row in rows for each in row if "1+1" in each] == ["'=1+1"]
    shop.psql("TRUNCATE orders CASCADE")
    done = _run(shop, "import", str(file), "--upsert-by", "external_number")
    assert done.returncode == 0, done.stderr
    assert sorted(_table(shop, columns)) == sorted(before)


def test_a_failed_export_leaves_the_earlier_file(shop: EmbeddedStack) -> None:
    """The file is replaced when all rows have come, and no half of one stays behind."""
    file = shop.folder / "kept.csv"
    file.write_text("precious", encoding="utf-8")
    done = _run(shop, "export", "--output", str(file), "--where", "no_such_column=1")
    assert done.returncode != 0
    assert file.read_text(encoding="utf-8") == "precious"
    assert [each.name for each in shop.folder.glob("*kept*")] == ["kept.csv"]


def test_export_selects(shop: EmbeddedStack) -> None:
    """Filters, columns and pages: all that match, in the columns asked for."""
    shop.psql(
        "INSERT INTO orders (customer_name, product_name, price, status)"
        " SELECT 'c', n::text, n, CASE WHEN n <= 2500 THEN 'shipped' ELSE 'pending' END"
        " FROM generate_series(1, 2600) AS n"
    )
    options = ("--where", "status=shipped", "--where", "price.gt=100", "--columns", "price,status")
    lines = _run(shop, "export", *options, "--delimiter", ";").stdout.splitlines()
    assert lines[:2] == ["price;status", "2500.00;shipped"]
    assert len(lines) == 2401
    wrong = _run(shop, "export", "--where", "nothing=1")
    assert (wrong.returncode, "nothing" in wrong.stderr) == (2, True)
    assert _run(shop, "export", "--columns", "nothing").returncode == 2


def test_types(shop: EmbeddedStack) -> None:
    """The types have the owner's columns."""
    typescript = _run(shop, "types", "--language", "typescript").stdout
    assert '  currency: "EUR" | "USD" | "GBP";' in typescript
    assert "  price: number | null;" in typescript
    python = _run(shop, "types", "--language", "python").stdout
    compile(python, "types.py", "exec")
    assert "'currency': Literal['EUR', 'USD', 'GBP']," in python


def test_refusals_show_column_value_and_reason(shop: EmbeddedStack) -> None:
    """A value that the database refuses is shown with its column and the constraint."""
    file = _write(shop, "prices.csv", "customer_name,product_name,price\nAda,Loom,-1\n")
    done = _run(shop, "import", file)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("line 2: price: must satisfy")
    assert line.endswith("(orders_price_check); price is '-1'")


@pytest.mark.parametrize("assignment", ["Nothing=price", "price=nothing", "price"])
def test_wrong_map(shop: EmbeddedStack, assignment: str) -> None:
    """A wrong --map is one sentence, without counts of orders that were never read."""
    file = _write(shop, "map.csv", "customer_name,product_name,price\nAda,Loom,1\n")
    done = _run(shop, "import", file, "--map", assignment)
    assert (done.returncode, done.stdout) == (2, "")
    assert assignment in done.stderr


def test_the_example_prints_no_notices(shop: EmbeddedStack) -> None:
    """Run again, the example of a shop changes nothing and says nothing."""
    example = Path(__file__).parents[2] / "examples" / "shop.sql"
    assert _run(shop, "psql", "-qf", str(example)).stderr == ""


def test_tables(shop: EmbeddedStack) -> None:
    """A table can be watched and no longer watched; one without a primary key is refused."""
    shop.psql(
        "CREATE TABLE notes (id int PRIMARY KEY, order_id bigint REFERENCES orders, text text)"
    )
    shop.psql("CREATE TABLE keyless (text text)")
    assert _run(shop, "watch-table", "notes").returncode == 0
    header, orders, *children = _run(shop, "tables").stdout.splitlines()
    assert header.split()[:4] == ["TABLE", "KEY", "ORDER", "TRIGGERS"]
    assert orders.split()[:4] == ["orders", "id", "-", "origin"]
    assert sorted(line.split()[:4] for line in children) == [
        ["notes", "id", "order_id", "origin"],
        ["order_lines", "id", "order_id", "origin"],
        ["payments", "id", "order_id", "origin"],
        ["shipments", "id", "order_id", "origin"],
    ]
    shop.psql("ALTER TABLE notes DISABLE TRIGGER USER")
    assert "warning: notes: triggers are disabled" in _run(shop, "tables").stderr
    shop.psql("ALTER TABLE notes DROP CONSTRAINT notes_pkey")
    assert "warning: notes: it has no primary key" in _run(shop, "tables").stderr
    refused = _run(shop, "watch-table", "keyless")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    for name in ("nowhere", "a b c"):
        refused = _run(shop, "watch-table", name)
        assert (refused.returncode, repr(name) in refused.stderr) == (2, True)
    assert _run(shop, "unwatch-table", "notes").returncode == 0
    assert "notes" not in _run(shop, "tables").stdout
    shop.psql("DROP TABLE notes, keyless")


def test_replay_and_simulate_follow_the_schema(shop: EmbeddedStack) -> None:
    """Other statuses, and a column that needs a value: traffic uses the owner's columns."""
    shop.psql(
        "ALTER TABLE orders DROP CONSTRAINT orders_status_known,"
        " ADD CONSTRAINT orders_status_known CHECK (status IN ('new', 'baked', 'eaten')),"
        " ALTER status SET DEFAULT 'new', ADD COLUMN tray int NOT NULL;"
        "DELETE FROM order_next_choices"
    )
    try:
        until(lambda: "tray" in _run(shop, "export").stdout, 5, "the new column")
        statuses = "SELECT string_agg(DISTINCT status, ' ' ORDER BY status) FROM orders"

        def simulated() -> str:
            done = _run(shop, "simulate", "--rate", "100", "--seconds", "3", "--seed", "1")
            assert done.returncode == 0, done.stderr
            assert "rejected" not in done.stdout
            return shop.psql(statuses)

        until(lambda: simulated() == "baked eaten new", 40, "orders in every status")
        shop.psql("ALTER TABLE orders DROP COLUMN tray; TRUNCATE orders CASCADE")
        until(lambda: "tray" not in _run(shop, "export").stdout, 5, "the column has gone")
        file = _write(
            shop,
            "replay.csv",
            "customer_name,product_name,ordered_on,shipped_on\n"
            "Ada,Loom,1996-07-04,1996-07-05\nBob,Loom,1996-07-04,\n",
        )
        done = _run(shop, "replay", file, "--speed", "max")
        assert "2 orders created, 3 updates" in done.stdout, done.stderr
        assert _table(shop, "customer_name, status") == ["Ada|eaten", "Bob|baked"]
    finally:
        shop.psql("TRUNCATE orders CASCADE; ALTER TABLE orders DROP COLUMN IF EXISTS tray")


def test_watch_in_the_owners_terms(shop: EmbeddedStack) -> None:
    """A filter on any column, with a range; a column that does not exist is an error."""
    unknown = _run(shop, "watch", "--where", "colour=red")
    assert unknown.returncode == 2
    assert "orders.colour: there is no such column" in unknown.stderr
