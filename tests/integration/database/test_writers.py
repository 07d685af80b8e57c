"""Writers other than an application's plain session: each change is an event, exactly once (I1).

Each writes both while the listener sleeps, when writers notify, and while none runs.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from harness.servers import OLDEST_POSTGRES, Database, Events, Postgres, Sql
from harness.triggers import enable
from harness.waiting import until

INSERT = "INSERT INTO public.orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"

WRITERS = {
    "empty search_path": ["SET search_path = ''", INSERT],
    "search_path of temporary tables": ["SET search_path = pg_temp", INSERT],
    "serializable": ["SET default_transaction_isolation = serializable", INSERT],
    "read only by default": [
        "SET default_transaction_read_only = on",
        f"BEGIN READ WRITE; {INSERT}; COMMIT",
    ],
    "row_security off": ["SET row_security = off", INSERT],
    "policies": [
        "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE orders FORCE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON orders USING (quantity < 9) WITH CHECK (quantity < 9)",
        INSERT,
    ],
    "function with the owner's rights": [
        (
            "CREATE FUNCTION public.place() RETURNS void LANGUAGE sql SECURITY DEFINER"
            f" SET search_path = '' AS $${INSERT}$$"
        ),
        "SET search_path = ''",
        "SELECT public.place()",
    ],
    "parallel query": [
        "CREATE TABLE source AS SELECT 'Ada'::text AS name FROM generate_series(1, 1)",
        "SET parallel_setup_cost = 0",
        "SET parallel_tuple_cost = 0",
        "SET min_parallel_table_scan_size = 0",
        "INSERT INTO orders (customer_name, product_name) SELECT name, 'Laptop' FROM source",
    ],
    "asynchronous commit": ["SET synchronous_commit = off", INSERT],
    "DO block with subtransactions": [
        (
            f"DO $$ BEGIN BEGIN {INSERT}; RAISE division_by_zero;"
            f" EXCEPTION WHEN division_by_zero THEN {INSERT}; END; END $$"
        )
    ],
    "procedure that commits": [
        (
            "CREATE PROCEDURE place() LANGUAGE plpgsql AS"
            f" $$ BEGIN {INSERT}; COMMIT; PERFORM 1; END $$"
        ),
        "CALL place()",
    ],
    "deferred trigger": [
        "CREATE TABLE request (id int)",
        (
            "CREATE FUNCTION place() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {INSERT}; RETURN NULL; END $$"
        ),
        (
            "CREATE CONSTRAINT TRIGGER later AFTER INSERT ON request DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION place()"
        ),
        "INSERT INTO request VALUES (1)",
    ],
    "cursor and WHERE CURRENT OF": [
        (
            f"BEGIN; {INSERT}; DECLARE c CURSOR FOR SELECT FROM orders FOR UPDATE; FETCH c;"
            " UPDATE orders SET status = status WHERE CURRENT OF c; COMMIT"
        )
    ],
}


@contextmanager
def sleeping_listener(database: Database) -> Iterator[Sql]:
    """Be a listener that sleeps and is well: writers notify it."""
    with database.connect() as listener:
        listener.execute("LISTEN orders_changes")
        listener.execute("SELECT order_listener_sleep()")
        listener.execute("SELECT order_writers_settled()")
        yield listener


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("asleep", [False, True], ids=["alone", "asleep"])
def test_each_writer_makes_one_event(
    database: Database, events: Events, writer: str, *, asleep: bool
) -> None:
    """I1: one order is one event, and a sleeping listener is notified of it."""
    with sleeping_listener(database) as listener:
        if not asleep:
            listener.execute("SELECT order_listener_wake()")
        with database.connect() as sql:
            for statement in WRITERS[writer]:
                sql.execute(statement.encode())
        heard = list(listener.notifies(timeout=5 if asleep else 0, stop_after=1))
    assert len(heard) == asleep
    (event,) = events()
    assert event["operation"] == "INSERT"
    assert event["order"]["customer_name"] == "Ada"


def test_copy_freeze(sql: Sql, events: Events) -> None:
    """I1: COPY FREEZE into a table truncated in the same transaction makes its events."""
    with sql.transaction():
        sql.execute("TRUNCATE orders")
        statement = "COPY orders (customer_name, product_name) FROM STDIN (FREEZE)"
        with sql.cursor().copy(statement) as copy:
            copy.write("Ada\tLaptop\nBo\tMouse\n")
    assert [event["operation"] for event in events()] == ["TRUNCATE", "INSERT", "INSERT"]


def test_set_role_without_rights_on_the_stream(
    postgres: Postgres, database: Database, events: Events
) -> None:
    """I1: under SET ROLE to a role that may only write orders, changes are events."""
    role = f"clerk_{database.name}"
    with postgres.administrator() as administrator:
        administrator.execute(f"CREATE ROLE {role}".encode())
    with as_superuser(postgres, database) as sql:
        sql.execute(f"SELECT grant_orders('{role}')".encode())
        sql.execute(f"SET ROLE {role}".encode())
        sql.execute(INSERT.encode())
        sql.execute("RESET ROLE")
        sql.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
    assert [event["operation"] for event in events()] == ["INSERT"]


def test_dblink(postgres: Postgres, database: Database, sql: Sql, events: Events) -> None:
    """I1: a change through dblink is an event, though the calling transaction is rolled back."""
    with as_superuser(postgres, database) as administrator:
        try:
            administrator.execute("CREATE EXTENSION dblink")
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("this PostgreSQL has no dblink")
    with sql.transaction(force_rollback=True):
        sql.execute("SELECT dblink_exec(%s, %s)", [database.url, INSERT])
    assert [event["operation"] for event in events()] == ["INSERT"]


def test_many_writers_of_every_kind_at_once(database: Database, events: Events) -> None:
    """I1: with writers of several isolation levels at once, each order is one event."""

    def write(level: str) -> None:
        with database.connect() as sql:
            sql.execute(f"SET default_transaction_isolation = '{level}'".encode())
            for _ in range(30):
                sql.execute(INSERT.encode())

    levels = ["read committed", "repeatable read", "serializable"] * 2
    threads = [threading.Thread(target=write, args=[level]) for level in levels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(event["order_id"] for event in events()) == list(range(1, 181))


@pytest.fixture(params=["embedded", "oldest"])
def publisher(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """Start a server that can publish its tables."""
    oldest = request.param == "oldest"
    if oldest and not OLDEST_POSTGRES.exists():
        pytest.skip("PostgreSQL 15 is not installed (Debian's postgresql-15)")
    server = Postgres(
        options={"wal_level": "logical"}, programs=OLDEST_POSTGRES if oldest else None
    )
    yield server
    server.close()


def test_a_subscriber_writes_events(publisher: Postgres) -> None:
    """I1: with ENABLE ALWAYS, orders that logical replication writes become events.

    The first copy of the table and the changes after it are written by different workers. A
    sleeping listener is notified. A re-run of db/init.sql leaves the triggers as they are.
    """
    source, target = publisher.create_empty_database(), publisher.create_database()
    with as_superuser(publisher, source) as there, as_superuser(publisher, target) as here:
        there.execute(
            "CREATE TABLE orders (id bigint PRIMARY KEY, customer_name text, product_name text)"
        )
        there.execute("INSERT INTO orders VALUES (1, 'Ada', 'Laptop')")
        there.execute("CREATE PUBLICATION shop FOR TABLE orders")
        there.execute("SELECT pg_create_logical_replication_slot('shop', 'pgoutput')")
        enable(here, "orders", "ENABLE ALWAYS")
        publisher.load_schema(target)
        address = f"host={publisher.socket_folder} port={source.port} dbname={source.name}"
        with sleeping_listener(target) as listener:
            here.execute(
                f"CREATE SUBSCRIPTION shop CONNECTION '{address} user=postgres' PUBLICATION shop"
                " WITH (create_slot = false, slot_name = 'shop')".encode()
            )
            assert list(listener.notifies(timeout=30, stop_after=1))
            until(lambda: taken(here) == [("INSERT", 1)], 20)
            there.execute("UPDATE orders SET customer_name = 'Bo'")
            there.execute("DELETE FROM orders")
            until(lambda: taken(here) == [("INSERT", 1), ("UPDATE", 1), ("DELETE", 1)], 20)
        here.execute("DROP SUBSCRIPTION shop")
    for database in (source, target):
        publisher.drop_database(database)


def taken(sql: Sql) -> list[tuple[str, int]]:
    """Take what waits and return all events of the log."""
    sql.execute("SELECT first FROM take_order_events(1000)")
    rows = sql.execute("SELECT operation, order_id FROM order_events ORDER BY position")
    return [(operation, order_id) for operation, order_id in rows]


def as_superuser(server: Postgres, database: Database) -> Sql:
    """Connect as the superuser."""
    return psycopg.connect(
        host=str(server.socket_folder),
        port=database.port,
        user="postgres",
        dbname=database.name,
        autocommit=True,
    )
