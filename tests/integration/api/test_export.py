"""GET /api/export/{table}: everything a filter selects, whole or visibly broken off."""

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from harness.answers import ok, problem
from harness.edges import edge
from harness.processes import LOOPBACK
from harness.servers import Database
from harness.serving import Serve
from harness.valkey import Valkey
from harness.waiting import until, until_async
from orders_api.exports import OF_ONE_SUBJECT, piece_lengths

pytestmark = pytest.mark.anyio

OWN_COLUMNS = """
    ALTER TABLE orders ADD COLUMN total numeric(12, 2), ADD COLUMN due timestamptz,
        ADD COLUMN tags text[], ADD COLUMN extra jsonb, ADD COLUMN gift boolean,
        ADD COLUMN wait interval
"""
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "＝1")  # noqa: RUF001
MANY = """
    INSERT INTO orders (customer_name, product_name, quantity)
    SELECT 'many', 'P' || n, 1 + n %% 7 FROM generate_series(1, %s) AS n
"""
LARGE = """
    ALTER TABLE orders ADD COLUMN note text;
    INSERT INTO orders (customer_name, product_name, note)
    SELECT 'A', 'P', repeat('large ', 4000) FROM generate_series(1, 800)
"""
"""More than sockets buffer: an export of it is in the middle until its client has read it."""
GATED = """
    INSERT INTO orders (customer_name, product_name)
    SELECT 'A', 'P' FROM generate_series(1, 6000);
    CREATE FUNCTION gate(id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        IF id = 500 THEN PERFORM pg_advisory_xact_lock_shared(1); END IF;
        RETURN true;
    END $$;
    CREATE POLICY gate ON orders USING (gate(id));
    ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
"""
"""Reading the oldest rows waits for a lock: an export has sent the newest rows by then."""


def run(database: Database, statement: str, *values: object) -> None:
    with database.connect() as connection:
        connection.execute(statement.encode(), values)


def table(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


async def test_cells(api: httpx.AsyncClient, database: Database) -> None:
    """Every digit and kind of value is there; no text is a formula to a spreadsheet."""
    run(database, OWN_COLUMNS)
    run(
        database,
        "INSERT INTO orders (customer_name, product_name, total, due, tags, extra, gift, wait)"
        " VALUES ('Zoë, \"Z\"', E'two\nlines', -12345678.90, '2026-07-04 12:30:00+02',"
        " '{a,\"b,c\"}', '{\"n\": 1.10}', true, '-1 day')",
    )
    for text in FORMULAS:
        run(database, "INSERT INTO orders (customer_name, product_name) VALUES (%s, 'P')", text)
    columns = "customer_name,product_name,total,due,tags,extra,gift,wait"
    answer = await api.get("/api/export/orders", params={"columns": columns, "sort": "id"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "orders-" in answer.headers["content-disposition"]
    header, first, *others = table(answer.text)
    assert ",".join(header) == columns
    assert first == [
        'Zoë, "Z"',
        "two\nlines",
        "-12345678.90",
        "2026-07-04T10:30:00+00:00",
        '["a","b,c"]',
        '{"n": 1.10}',
        "true",
        "'-1 days",
    ]
    assert [row[0] for row in others] == [f"'{text}" for text in FORMULAS]
    assert others[0][2:] == [""] * 6


async def test_all_that_match_in_the_order_of_the_list(
    api: httpx.AsyncClient, database: Database
) -> None:
    """Filters, search, order and columns are those of the list; there are no pages."""
    run(database, MANY, 2600)
    query = {"quantity.gte": "5", "search": "many", "sort": "-quantity"}
    listed = ok(await api.get("/api/orders", params={**query, "limit": "1000"}))["orders"]
    query |= {"columns": "id", "delimiter": "tab", "bom": "true"}
    answer = await api.get("/api/export/orders", params=query)
    assert answer.text.startswith("\ufeffid\r\n")
    exported = [int(row[0]) for row in table(answer.text, "\t")[1:]]
    assert exported[:1000] == [order["id"] for order in listed]
    assert len(exported) == len(set(exported)) > 1000
    assert (await api.get("/api/export/orders?status=shipped&columns=id")).text == "id\r\n"


async def test_other_tables(api: httpx.AsyncClient, database: Database) -> None:
    """Any watched table, whatever its name, and no other."""
    run(database, 'CREATE TABLE "Größe, 1" (a integer, b text, PRIMARY KEY (a, b))')
    run(database, "SELECT watch_table('\"Größe, 1\"')")
    run(database, "INSERT INTO \"Größe, 1\" VALUES (2, 'x'), (1, 'y')")

    async def is_known() -> bool:
        return (await api.get("/api/export/Größe, 1")).status_code == 200

    await until_async(is_known, 10, "the table is known")
    assert table((await api.get("/api/export/Größe, 1?sort=a")).text)[1:] == [
        ["1", "y"],
        ["2", "x"],
    ]
    problem(await api.get("/api/export/order_events"), 404)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("columns=nothing", "columns"),
        ("delimiter=x", "delimiter"),
        ("bom=1", "bom"),
        ("limit=5", "limit"),
        ("quantity.gte=x", "quantity.gte"),
        ("sort=nothing", "sort"),
    ],
)
async def test_bad_queries(api: httpx.AsyncClient, query: str, field: str) -> None:
    """A wrong parameter is named, and nothing is exported."""
    problem(await api.get(f"/api/export/orders?{query}"), 422, field)


def test_pieces_are_bounded() -> None:
    """A piece has at most 1,000 rows and 256 KiB of large values, or one row."""
    kib = 1024
    assert list(piece_lengths([])) == []
    assert list(piece_lengths([0] * 2500)) == [1000, 1000, 500]
    assert list(piece_lengths([100 * kib] * 5)) == [2, 2, 1]
    assert list(piece_lengths([0, 9000 * kib, 0])) == [1, 1, 1]


def exporting(database: Database) -> int:
    """Return how many sessions hold the snapshot of an export."""
    with database.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'orders-api'"
            " AND (state = 'active' OR state LIKE 'idle in transaction%')"
        ).fetchone()
    assert row is not None
    return int(row[0])


def waiting(database: Database) -> list[int]:
    """Return the processes that wait at the gate."""
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_locks JOIN pg_database ON oid = database"
            " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
        ).fetchall()
    return [pid for (pid,) in rows]


def started(client: httpx.Client, open_: ExitStack, path: str) -> Iterator[bytes]:
    """Begin an export and read its first bytes only."""
    answer = open_.enter_context(client.stream("GET", path))
    assert answer.status_code == 200
    pieces = answer.iter_bytes()
    assert next(pieces)
    return pieces


def test_one_that_breaks_off_does_not_look_complete(
    serve: Serve, database: Database, redis_url: Valkey, tmp_path: Path
) -> None:
    """If the database fails in the middle, the client gets an error, through the edge too."""
    run(database, GATED)
    with (
        serve(database, redis_url.url) as (process, client),
        edge(tmp_path, API_UPSTREAMS=client.base_url.netloc.decode()) as port,
        httpx.Client(base_url=f"http://{LOOPBACK}:{port}") as outside,
        ExitStack() as open_,
        database.connect() as gatekeeper,
    ):
        gatekeeper.execute("SELECT pg_advisory_lock(1)")
        path = "/api/export/orders?columns=id"  # so little that sockets hold it
        answers = [started(each, open_, path) for each in (client, outside)]
        until(lambda: len(waiting(database)) == 2, 10, "both exports are in the middle")
        for pid in waiting(database):
            gatekeeper.execute("SELECT pg_terminate_backend(%s)", [pid])
        for answer in answers:
            with pytest.raises(httpx.RemoteProtocolError):
                list(answer)
        until(lambda: process.output().count("export_broken_off") == 2)
        assert "Traceback" not in process.output()
        gatekeeper.execute("SELECT pg_advisory_unlock(1)")
        assert len(client.get(path).text.splitlines()) == 6001


def test_others_do_not_wait_for_exports(
    serve: Serve, database: Database, redis_url: Valkey
) -> None:
    """I6: exports that are read slowly hold no connection of other reads; others are refused."""
    run(database, LARGE)
    with serve(database, redis_url.url, DB_POOL_CONNECTIONS="1") as (_, client):
        with ExitStack() as open_:
            running = [started(client, open_, "/api/export/orders") for _ in range(OF_ONE_SUBJECT)]
            ok(client.get("/api/orders"))
            refused = client.get("/api/export/orders")
            problem(refused, 429)
            assert refused.headers["retry-after"]
            del running
        # The clients have gone: their snapshots end at once, and others may export.
        until(lambda: exporting(database) == 0, 10, "the exports have ended")
        assert client.get("/api/export/orders?columns=id").status_code == 200
