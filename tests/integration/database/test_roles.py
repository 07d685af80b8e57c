"""The rights of the roles: owner, API, listener, and any application that writes orders."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql as compose

from harness.roles import API_ROLE, LISTENER_ROLE
from harness.servers import Database, Postgres, Sql

Connect = Callable[[str], Sql]

SHOP = "shop"
INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ann', 'Laptop')"


@contextmanager
def roles(postgres: Postgres, database: Database) -> Iterator[Connect]:
    """Connect as any role; the role shop has rights on orders only."""
    with postgres.administrator() as admin:
        exists = admin.execute("SELECT to_regrole(%s) IS NOT NULL", [SHOP]).fetchone()
        if exists == (False,):
            admin.execute(
                compose.SQL("CREATE ROLE shop LOGIN PASSWORD {}").format(database.password)
            )
    with database.connect() as owner:
        owner.execute("GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON orders TO shop")
    with ExitStack() as opened:

        def connect(user: str) -> Sql:
            as_user = replace(database, user=user)
            return opened.enter_context(closing(as_user.connect()))

        yield connect


@pytest.fixture
def connect(postgres: Postgres, database: Database) -> Iterator[Connect]:
    """Connect to a fresh database."""
    with roles(postgres, database) as connect:
        yield connect


@pytest.fixture(scope="module")
def try_as(postgres: Postgres) -> Iterator[Connect]:
    """Connect to a database shared by the tests whose statements are all refused."""
    database = postgres.create_database()
    with roles(postgres, database) as connect:
        yield connect
    postgres.drop_database(database)


def refuses(connection: Sql, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


FORBIDDEN_TO_ALL = [
    "INSERT INTO order_events (position, operation, changed_at) VALUES (1, 'INSERT', now())",
    "UPDATE order_events SET position = 7",
    "DELETE FROM order_events",
    "TRUNCATE order_events",
    "INSERT INTO order_outbox (operation) VALUES ('TRUNCATE')",
    "UPDATE order_outbox SET operation = 'DELETE'",
    "DELETE FROM order_outbox",
    "UPDATE order_stream SET id = gen_random_uuid()",
    "SELECT prune_order_events(1)",
    "SELECT prune_order_events(interval '1 day')",
    "DROP TABLE orders",
    "ALTER TABLE orders DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
    "CREATE TABLE public.mine (id int)",
    "CREATE OR REPLACE FUNCTION order_actor() RETURNS text LANGUAGE sql RETURN 'mallory'",
]


@pytest.mark.parametrize("role", [API_ROLE, LISTENER_ROLE, SHOP])
@pytest.mark.parametrize("statement", FORBIDDEN_TO_ALL)
def test_only_the_owner_changes_the_log(try_as: Connect, role: str, statement: str) -> None:
    """I1: roles other than the owner cannot change log, outbox, stream or triggers."""
    refuses(try_as(role), statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM order_events",
        "SELECT * FROM order_outbox",
        "SELECT * FROM idempotency_keys",
        "SELECT * FROM revoked_tokens",
        "SELECT take_order_events()",
        "SELECT read_order_events(0)",
        "SELECT order_events_forget(NULL, 1, 1, NULL, 0, 1)",
        "SELECT order_listener_lead()",
        "SELECT order_listener_depose()",
    ],
)
def test_an_application_reads_orders_only(try_as: Connect, statement: str) -> None:
    """An ordinary role reads neither outbox nor log, and takes nothing from the listener."""
    refuses(try_as(SHOP), statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM orders",
        INSERT,
        'SELECT "row" FROM order_outbox',
        "SELECT * FROM idempotency_keys",
        "SELECT * FROM revoked_tokens",
    ],
)
def test_the_listener_cannot_read_or_write_orders(try_as: Connect, statement: str) -> None:
    """The listener takes what waits, and reads or writes nothing else."""
    refuses(try_as(LISTENER_ROLE), statement)


@pytest.mark.parametrize("statement", ["SELECT take_order_events()", "TRUNCATE orders"])
def test_the_api_cannot_take_events(try_as: Connect, statement: str) -> None:
    """The API cannot take events from the outbox or truncate orders."""
    refuses(try_as(API_ROLE), statement)


def test_what_an_application_writes_becomes_events(connect: Connect) -> None:
    """I1: a role that has rights on orders alone makes events like any other writer."""
    shop = connect(SHOP)
    for statement in (INSERT, "UPDATE orders SET quantity = 2", "DELETE FROM orders"):
        shop.execute(statement.encode())
    shop.execute("TRUNCATE orders")
    rows = connect(LISTENER_ROLE).execute("SELECT last FROM take_order_events()").fetchall()
    assert rows == [(4,)]


def test_hostile_search_path_hides_nothing(database: Database, connect: Connect) -> None:
    """I1: a role whose own functions and operators come first in search_path bypasses no log."""
    with database.connect() as owner:
        owner.execute("CREATE SCHEMA evil AUTHORIZATION CURRENT_USER")
        owner.execute("GRANT ALL ON SCHEMA evil TO shop")
    shop = connect(SHOP)
    for kind in ("integer", "bigint"):
        shop.execute(
            f"CREATE FUNCTION evil.no({kind}, {kind}) RETURNS boolean RETURN false".encode()
        )
        shop.execute(f"CREATE FUNCTION evil.same({kind}, {kind}) RETURNS {kind} RETURN $1".encode())
        for name, function in (("<>", "no"), ("=", "no"), ("+", "same")):
            shop.execute(
                f"CREATE OPERATOR evil.{name} (FUNCTION = evil.{function},"
                f" LEFTARG = {kind}, RIGHTARG = {kind})".encode()
            )
    shop.execute("CREATE FUNCTION evil.order_actor() RETURNS text RETURN 'mallory'")
    shop.execute("CREATE FUNCTION evil.order_writer_silent() RETURNS boolean RETURN true")
    shop.execute(
        "CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz RETURN NULL::timestamptz"
    )
    shop.execute("CREATE TEMP TABLE order_outbox (operation text, old_row text, new_row text)")
    shop.execute("CREATE TEMP TABLE new_rows (id bigint, version integer)")
    shop.execute("SET search_path = evil, pg_temp, public, pg_catalog")
    shop.execute(INSERT.encode())
    shop.execute("UPDATE public.orders SET quantity = 2")
    shop.execute("UPDATE public.orders SET quantity = 2")
    taken = connect(LISTENER_ROLE).execute("SELECT last, events FROM take_order_events()")
    ((last, events),) = taken.fetchall()
    assert last == 2
    assert "mallory" not in events


def test_script_runs_again_for_its_owner(postgres: Postgres, database: Database) -> None:
    """An owner without the right to create roles can run the script repeatedly."""
    for _ in range(2):
        postgres.load_schema(database)


def test_public_may_execute_no_privileged_function(sql: Sql) -> None:
    """I11: PUBLIC may execute nothing that runs with the owner's rights."""
    found = sql.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
        " AND has_function_privilege('public', oid, 'EXECUTE')"
    ).fetchall()
    assert found == []
