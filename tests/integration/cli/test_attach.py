"""``orders attach``: a database that was there before, and what is left of it after a detach."""

import re
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from harness.servers import Database, Postgres
from harness.shops import MAIN, RIGHTS, dumped, open_shop
from harness.stacks import orders
from orders_contract.schema import Schema

WATCH = ("--watch", "sales.sales_line", "--watch", "sales.buyer")

Shop = tuple[Database, Database]


@pytest.fixture
def shop(postgres: Postgres) -> Iterator[Shop]:
    """Give a shop, as its owner sees it and as a guest with the least rights does."""
    owner, guest = open_shop(postgres)
    yield owner, guest
    postgres.drop_database(owner)


def attach(folder: Path, database: Database, *options: str) -> CompletedProcess[str]:
    """Run ``orders attach`` on a database."""
    return orders("attach", database.url, *options, folder=folder)


def attached(folder: Path, database: Database, *options: str) -> str:
    """Attach without a question, and return what the command said."""
    done = attach(folder, database, *options, "--yes")
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(done: CompletedProcess[str]) -> str:
    """Return the error of a command that refused to do anything."""
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stderr


def take(database: Database) -> list[tuple[Any, ...]]:
    """Return table, operation and order of all events so far."""
    with database.connect() as connection:
        while connection.execute("SELECT * FROM take_order_events(1000)").fetchall():
            pass
        return connection.execute(
            'SELECT "table", operation, order_id FROM order_events ORDER BY position'
        ).fetchall()


def schema(database: Database) -> Schema:
    """Return the description of the watched tables."""
    with database.connect() as connection:
        row = connection.execute("SELECT order_schema()::text").fetchone()
    assert row is not None
    return Schema.parse(row[0])


def test_a_detach_leaves_no_trace(tmp_path: Path, postgres: Postgres, shop: Shop) -> None:
    """After a detach the dump of schema and roles is what it was before the attach."""
    owner, guest = shop
    before = dumped(postgres, owner)
    attached(tmp_path, guest, *MAIN, *WATCH)
    with owner.connect() as connection:
        connection.execute("UPDATE sales.sales_order SET state = 'sent' WHERE sales_order_id = 3")
        connection.execute("DELETE FROM sales.sales_order WHERE sales_order_id = 4")
    assert take(guest) == [
        ("orders", "UPDATE", 3),
        ("orders", "DELETE", 4),
        *[("sales.sales_line", "DELETE", 4)] * 3,
    ]
    assert dumped(postgres, owner) != before
    done = attach(tmp_path, guest, "--detach", "--yes")
    assert done.returncode == 0, done.stderr
    assert dumped(postgres, owner) == before
    assert "not attached" in refused(attach(tmp_path, guest, "--detach", "--yes"))


def test_only_triggers_are_added_to_the_owner_s_tables(
    tmp_path: Path, postgres: Postgres, shop: Shop
) -> None:
    """An attach alters no column, index, comment, privilege or role of the owner's."""
    owner, guest = shop
    before = dumped(postgres, owner).splitlines()
    attached(tmp_path, guest, *MAIN, *WATCH)
    after = dumped(postgres, owner).splitlines()
    assert [line for line in before if line not in set(after)] == []
    # Functions of the stream hold names of tables, as the texts that events show.
    named = re.compile(r"(?<![\w'\"])sales\.")
    added = [line for line in after if named.search(line) and line not in set(before)]
    assert added
    assert all(" TRIGGER " in line or line.startswith("-- Name: ") for line in added)


def test_the_plan_is_what_is_created(tmp_path: Path, postgres: Postgres, shop: Shop) -> None:
    """Without an answer nothing is created; the plan names tables, triggers and roles."""
    owner, guest = shop
    before = dumped(postgres, owner)
    done = attach(tmp_path, guest, *MAIN, *WATCH)
    assert "--yes" in refused(done)
    assert "Triggers on sales.sales_order: its rows are the orders" in done.stdout
    assert "key sales_order_id, status state, title order_no" in done.stdout
    assert "Triggers on sales.sales_line: its rows are at /api/tables" in done.stdout
    assert "order_events" in done.stdout
    assert guest.password not in done.stdout
    assert dumped(postgres, owner) == before


def test_the_table_of_orders_is_chosen(tmp_path: Path, shop: Shop) -> None:
    """The main table is called orders in the schema, whatever its name; its roles are data."""
    _, guest = shop
    attached(tmp_path, guest, *MAIN, *WATCH)
    tables = schema(guest).tables
    assert set(tables) == {"orders", "sales.sales_line", "sales.buyer"}
    main = tables["orders"]
    assert (main.namespace, main.relation, main.key) == (
        "sales",
        "sales_order",
        ("sales_order_id",),
    )
    assert main.display == {
        "status": "state",
        "title": "order_no",
        "customer": "buyer_name",
        "quantity": "pieces",
    }
    assert not main.columns["sales_order_id"].writable
    parent = tables["sales.sales_line"].parent
    assert parent is not None
    assert (parent.table, parent.column) == ("orders", "sales_order_id")
    version = schema(guest).version
    attached(tmp_path, guest, "--status", "pieces")
    assert schema(guest).version != version
    again = {**main.display, "status": "pieces"}
    assert schema(guest).tables["orders"].display == again
    attached(tmp_path, guest, *MAIN[:2], *WATCH)
    assert schema(guest).tables["orders"].display == again


def test_a_check_says_whether_it_is_attached(tmp_path: Path, shop: Shop) -> None:
    """Before an attach `--check` fails and names the command; afterwards it succeeds."""
    _, guest = shop
    assert "run `orders attach`" in refused(attach(tmp_path, guest, "--check"))
    attached(tmp_path, guest)
    assert attach(tmp_path, guest, "--check").returncode == 0


def test_more_tables_later(tmp_path: Path, shop: Shop) -> None:
    """A second attach adds tables, and keeps what there is."""
    owner, guest = shop
    said = attached(tmp_path, guest)
    assert "there is no table orders" in said
    assert schema(guest).tables == {}
    attached(tmp_path, guest, "--watch", "sales.buyer")
    attached(tmp_path, guest, *MAIN)
    assert set(schema(guest).tables) == {"orders", "sales.buyer"}
    attached(tmp_path, guest, "--watch", "sales.sales_line")
    assert schema(guest).tables["orders"].relation == "sales_order"
    with owner.connect() as connection:
        connection.execute("INSERT INTO sales.sales_line VALUES (7, 9, 'x', 1)")
    assert take(guest) == [("sales.sales_line", "INSERT", 7)]


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (0, "GRANT CREATE ON SCHEMA public TO shop_guest"),
        (1, "permission denied for schema sales"),
        (2, "GRANT TRIGGER ON sales.sales_order TO shop_guest"),
    ],
)
def test_a_missing_right_is_named(
    tmp_path: Path, postgres: Postgres, missing: int, sentence: str
) -> None:
    """Missing privileges of the role are named before anything is created."""
    rights = tuple(each for number, each in enumerate(RIGHTS) if number != missing)
    owner, guest = open_shop(postgres, rights=rights)
    try:
        before = dumped(postgres, owner)
        assert sentence in refused(attach(tmp_path, guest, *MAIN, "--yes"))
        assert dumped(postgres, owner) == before
    finally:
        postgres.drop_database(owner)


@pytest.mark.parametrize(
    ("statement", "options", "sentence"),
    [
        ("CREATE TABLE odd (code text PRIMARY KEY)", ("--orders", "odd"), "live at /api/tables"),
        (
            "CREATE TABLE odd (a int, b int, PRIMARY KEY (a, b))",
            ("--orders", "odd"),
            "single column of an integer type",
        ),
        ("CREATE TABLE odd (a int)", ("--watch", "odd"), "no primary key"),
        ("CREATE VIEW odd AS SELECT 1 AS id", ("--watch", "odd"), "is not a table"),
        ("SELECT 1", ("--watch", "nowhere.at_all"), "there is no table nowhere.at_all"),
        ("SELECT 1", ("--orders", "sales.sales_order", "--status", "x"), "has no column x"),
        ("CREATE TABLE order_events (id int)", MAIN, "public.order_events exists already"),
        (
            "CREATE FUNCTION watch_table(text) RETURNS int LANGUAGE sql RETURN 1",
            MAIN,
            "function public.watch_table exists already",
        ),
        ("SELECT 1", ("--detach", "--watch", "sales.buyer"), "--detach"),
    ],
)
def test_what_cannot_be_attached_to_is_refused(  # noqa: PLR0917  pytest names them
    tmp_path: Path,
    postgres: Postgres,
    shop: Shop,
    statement: str,
    options: tuple[str, ...],
    sentence: str,
) -> None:
    """A refusal is one sentence that names the reason, and changes nothing."""
    owner, _ = shop
    with owner.connect() as connection:
        connection.execute(statement.encode())
    before = dumped(postgres, owner)
    assert sentence in refused(attach(tmp_path, owner, *options, "--yes"))
    assert dumped(postgres, owner) == before


def test_orders_of_another_shape(tmp_path: Path, postgres: Postgres, shop: Shop) -> None:
    """A table public.orders with a usable key is the main one by default, and is not altered."""
    owner, _ = shop
    with owner.connect() as connection:
        connection.execute(
            "CREATE TABLE orders (number smallint PRIMARY KEY, status text, version text)"
        )
        connection.execute(
            "CREATE TRIGGER orders_record_insert AFTER INSERT ON orders"
            " FOR EACH ROW EXECUTE FUNCTION sales.upper_no()"
        )
        connection.execute("ALTER TABLE orders DISABLE TRIGGER orders_record_insert")
    before = dumped(postgres, owner)
    attached(tmp_path, owner)
    main = schema(owner).tables["orders"]
    assert (main.namespace, main.relation, main.key) == ("public", "orders", ("number",))
    with owner.connect() as connection:
        connection.execute("INSERT INTO orders VALUES (5, 'new', 'first')")
        connection.execute("UPDATE orders SET number = 6, version = 'second'")
    assert take(owner) == [
        ("orders", "INSERT", 5),
        ("orders", "DELETE", 5),
        ("orders", "INSERT", 6),
    ]
    attached(tmp_path, owner, *MAIN)
    assert set(schema(owner).tables) == {"orders", "public.orders"}
    assert schema(owner).tables["orders"].relation == "sales_order"
    done = attach(tmp_path, owner, "--detach", "--yes")
    assert done.returncode == 0, done.stderr
    assert dumped(postgres, owner) == before


def test_orders_with_an_unusable_key_is_left_alone(tmp_path: Path, shop: Shop) -> None:
    """A table public.orders whose rows the API cannot address is not watched unless named."""
    owner, _ = shop
    with owner.connect() as connection:
        connection.execute("CREATE TABLE orders (code text PRIMARY KEY)")
    assert "public.orders has no integer key" in attached(tmp_path, owner)
    assert schema(owner).tables == {}
    attached(tmp_path, owner, "--watch", "orders")
    assert set(schema(owner).tables) == {"public.orders"}


def test_triggers_of_the_owner_go_on_working(tmp_path: Path, shop: Shop) -> None:
    """Events show rows as the owner's triggers leave them; those triggers fire as before."""
    owner, guest = shop
    attached(tmp_path, guest, *MAIN)
    with owner.connect() as connection:
        connection.execute("TRUNCATE sales.audit")
        connection.execute(
            "INSERT INTO sales.sales_order (order_no, buyer_name) VALUES ('so-99', 'Buyer 1')"
        )
        audit = connection.execute("SELECT what FROM sales.audit").fetchall()
    assert audit == [("INSERT SO-99",)]
    take(guest)
    with guest.connect() as connection:
        row = connection.execute("SELECT \"row\"->>'order_no' FROM order_events").fetchone()
    assert row == ("SO-99",)


def test_what_the_owner_built_upon_the_log_is_not_dropped(tmp_path: Path, shop: Shop) -> None:
    """A view on the log stops the detach, which then changes nothing and names the view."""
    owner, _ = shop
    attached(tmp_path, owner, *MAIN)
    with owner.connect() as connection:
        connection.execute("CREATE VIEW sales.changes AS SELECT position FROM order_events")
    error = refused(attach(tmp_path, owner, "--detach", "--yes"))
    assert "sales.changes" in error
    assert set(schema(owner).tables) == {"orders"}


def test_an_own_database_is_not_detached(tmp_path: Path, database: Database) -> None:
    """The database of `orders up` can choose another table of orders, but is never detached."""
    with database.connect() as connection:
        connection.execute("CREATE TABLE jobs (id int PRIMARY KEY, phase text)")
    attached(tmp_path, database, "--orders", "jobs", "--status", "phase")
    tables = schema(database).tables
    assert (tables["orders"].relation, tables["public.orders"].relation) == ("jobs", "orders")
    assert "not attached" in refused(attach(tmp_path, database, "--detach", "--yes"))


def test_the_script_can_be_run_again(tmp_path: Path, postgres: Postgres, shop: Shop) -> None:
    """A later run of db/init.sql upgrades an attached database and creates no table of orders."""
    owner, _ = shop
    attached(tmp_path, owner, *MAIN)
    before = dumped(postgres, owner)
    postgres.load_schema(owner)
    assert dumped(postgres, owner) == before


def test_a_database_that_is_away_is_named(tmp_path: Path, shop: Shop) -> None:
    """A wrong password and a missing database are one sentence each, without the password."""
    owner, guest = shop
    wrong = guest.url.replace(guest.password, "sesame-wrong")
    for url, words in (
        (wrong, "refuses the user or the password"),
        (f"{owner.url}x", "does not exist"),
    ):
        done = orders("attach", url, "--yes", folder=tmp_path)
        assert done.returncode == 1
        assert words in done.stderr
        assert "sesame-wrong" not in done.stderr
        assert len(done.stderr.splitlines()) == 1
