"""Values of every type reach the event as they are, whatever the session's settings (I4)."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from harness.servers import Database, Sql

Take = Callable[..., Any]

PINNED = {
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
}
OTHER_SETTINGS = {
    "timezone": "Asia/Kolkata",
    "datestyle": "German, DMY",
    "intervalstyle": "iso_8601",
    "bytea_output": "escape",
    "extra_float_digits": "-3",
    "lc_monetary": "C.UTF-8",
}
VALUES = {
    "numeric": ["'NaN'", "12345678901234567890123456789012345678", "1.50", "'-Infinity'", "1e-30"],
    "numeric(38,10)": ["9999999999999999999999999999.0123456789"],
    "bigint": ["9223372036854775807", "'-9223372036854775808'"],
    "smallint": ["'-32768'"],
    "real": ["'NaN'", "'Infinity'", "0.1", "3.4e38"],
    "double precision": ["'-Infinity'", "0.1", "1e-300", "'-0'"],
    "boolean": ["true", "false"],
    "date": ["'infinity'", "'0044-03-15 BC'", "'20000-01-01'"],
    "time": ["'23:59:59.999999'"],
    "timetz": ["'12:00+05:30'"],
    "timestamp": ["'-infinity'", "'20000-01-01 00:00:00.000001'"],
    "timestamptz": [
        "'infinity'",
        "'0044-03-15 00:00Z BC'",
        "'20000-01-01 12:00Z'",
        "'2026-07-01Z'",
    ],
    "interval": ["'1 year 2 months -3 days 04:05:06.7'"],
    "uuid": ["'6f1c3b9e-0000-4000-8000-000000000000'"],
    "json": [
        """'{"a":1e400,"b":"\\u0000","c":"\\ud800", "a": [1,\n 2]}'""",
        "'[9007199254740993]'",
        'E\'{"x":1,\\n "y":2}\'',
    ],
    "jsonb": ["""'{"a": 1e400, "b": [null, "}"]}'""", "'\"}\"'"],
    "json[]": ["ARRAY[E'{\"x\":1,\\n \"y\":2}'::json, '2']"],
    "integer[]": ["'{{1,2},{3,4}}'", "'{}'"],
    "text[]": ["""ARRAY['a,b', '"', NULL, E'\\n ']"""],
    "timestamptz[]": ["ARRAY['2026-01-01Z'::timestamptz]"],
    "mood": ["'so so'"],
    "positive": ["7"],
    "bytea": [r"'\x00ff5c27'", "''"],
    "inet": ["'::1/64'"],
    "point": ["'(1.5,-2)'"],
    "tsvector": ["to_tsvector('simple', 'a cat ''s \\ tail')"],
    "tstzrange": ["'[2026-01-01 00:00Z,infinity)'"],
    "daterange": ["'[2026-02-01,)'"],
    "money": ["1234.5"],
    "address": ["ROW('Main \"St\"', 5, '2026-01-01Z')", "ROW(NULL, NULL, NULL)"],
    "regclass": ["'orders'"],
    "bit varying": ["'0101'"],
    "char(5)": ["'ab'"],
    "text": ["E'a,\\n \"b\":1}'", "''", "E'\\\\ \\x01 \\u2028'"],
}


def prepare(sql: Sql) -> None:
    sql.execute("CREATE TYPE mood AS ENUM ('so so', 'fine')")
    sql.execute("CREATE DOMAIN positive AS integer CHECK (VALUE > 0)")
    sql.execute("CREATE TYPE address AS (street text, number integer, since timestamptz)")


def pinned_row(sql: Sql) -> str:
    """Return the only order as PostgreSQL renders it under the settings of the stream."""
    with sql.transaction():
        for name, value in PINNED.items():
            sql.execute(f"SET LOCAL {name} = '{value}'".encode())
        sql.execute("SET LOCAL search_path = pg_catalog")
        ((row,),) = sql.execute("SELECT to_json(o)::text FROM public.orders AS o").fetchall()
    return str(row)


def exact(text: str) -> Any:
    """Parse JSON without losing a digit."""
    return json.loads(text, parse_float=str, parse_int=str)


@pytest.mark.parametrize("settings", [PINNED, OTHER_SETTINGS], ids=["pinned", "other"])
@pytest.mark.parametrize("way", ["general", "generated"])
def test_values_of_every_type_are_rendered_alike(
    sql: Sql, database: Database, settings: dict[str, str], way: str
) -> None:
    """I4, I10: INSERT, UPDATE and DELETE show the value as the stream's settings render it."""
    prepare(sql)
    with database.connect() as writer:
        for name, value in settings.items():
            writer.execute(f"SET {name} = '{value}'".encode())
        for kind in VALUES:
            sql.execute(f"ALTER TABLE orders ADD COLUMN value {kind}".encode())
            if way == "generated":
                sql.execute("SELECT order_refresh_recorders()")
            check_values(sql, writer, kind)
            sql.execute("ALTER TABLE orders DROP COLUMN value")


def check_values(sql: Sql, writer: Sql, kind: str) -> None:
    """Insert, update and delete an order with values of a type; compare the events."""
    truths = []
    writer.execute("INSERT INTO orders (customer_name, product_name) VALUES ('a', 'b')")
    for value in VALUES[kind]:
        writer.execute(f"UPDATE orders SET value = {value}::{kind}".encode())
        truths.append(pinned_row(sql))
    writer.execute("DELETE FROM orders")
    row = sql.execute("SELECT events FROM take_order_events(100)").fetchone()
    assert row is not None
    _, *updates, delete = exact(row[0])
    assert [event["order"] for event in updates] == [exact(truth) for truth in truths], kind
    before = [None, *(exact(truth)["value"] for truth in truths)]
    assert [event["changed"] for event in updates] == [{"value": old} for old in before[:-1]], kind
    assert delete["changed"] == exact(truths[-1]), kind
    assert "\n" not in row[0], kind


@pytest.mark.parametrize("setting", OTHER_SETTINGS)
def test_each_setting_alone_changes_nothing(sql: Sql, setting: str, take: Take) -> None:
    """I4: the event does not depend on any setting of the writer's session."""
    sql.execute(
        "ALTER TABLE orders ADD COLUMN at timestamptz, ADD COLUMN span interval,"
        " ADD COLUMN raw bytea, ADD COLUMN real real, ADD COLUMN day daterange,"
        " ADD COLUMN fee money"
    )
    sql.execute(f"SET {setting} = '{OTHER_SETTINGS[setting]}'".encode())
    sql.execute(
        "INSERT INTO orders (customer_name, product_name, at, span, raw, real, day, fee)"
        " VALUES ('a', 'b', '2026-07-01 12:00Z', '1 day 2 hours', '\\x00ff', 0.1,"
        " daterange('2026-07-01'::date, NULL), 12.5::numeric::money)"
    )
    ((event,),) = [take()[2]]
    shown = {name: event["order"][name] for name in ("at", "span", "raw", "real", "day", "fee")}
    assert shown == {
        "at": "2026-07-01T12:00:00+00:00",
        "span": "1 day 02:00:00",
        "raw": "\\x00ff",
        "real": 0.1,
        "day": "[2026-07-01,)",
        "fee": "$12.50" if event["order"]["fee"].startswith("$") else "12.50",
    }


def test_the_settings_of_the_writer_stay(sql: Sql) -> None:
    """Rendering leaves the time zone of the session and of the transaction as they were."""
    with sql.transaction():
        sql.execute("SET LOCAL timezone = 'Asia/Tokyo'")
        sql.execute("INSERT INTO orders (customer_name, product_name) VALUES ('a', 'b')")
        assert sql.execute("SHOW timezone").fetchone() == ("Asia/Tokyo",)
        sql.execute("SET timezone = 'Europe/Rome'")
        sql.execute("UPDATE orders SET quantity = 2")
        assert sql.execute("SHOW timezone").fetchone() == ("Europe/Rome",)
    assert sql.execute("SHOW timezone").fetchone() == ("Europe/Rome",)


@pytest.mark.parametrize("kind", ["STORED", "VIRTUAL"])
def test_generated_columns_are_shown(sql: Sql, take: Take, kind: str) -> None:
    """I10: a generated column has its value in row and changed, even one made from version."""
    if kind == "VIRTUAL" and sql.info.server_version < 180000:
        pytest.skip("virtual columns came with PostgreSQL 18")
    sql.execute("INSERT INTO orders (customer_name, product_name) VALUES ('a', 'b')")
    sql.execute(
        f"ALTER TABLE orders ADD COLUMN twice integer GENERATED ALWAYS AS (quantity * 2) {kind},"
        f" ADD COLUMN edition integer GENERATED ALWAYS AS (version * 10) {kind}".encode()
    )
    sql.execute("UPDATE orders SET quantity = 3")
    sql.execute("UPDATE orders SET quantity = 3")
    sql.execute("DELETE FROM orders")
    _, update, delete = take()[2]
    assert (update["order"]["twice"], update["order"]["edition"]) == (6, 20)
    assert update["changed"] == {"quantity": 1, "twice": 2, "edition": 10}
    assert (delete["changed"]["twice"], delete["changed"]["edition"]) == (6, 20)


def test_a_change_that_equality_does_not_see_is_a_change(sql: Sql, take: Take) -> None:
    """I1: 1.50 to 1.5000 makes an event, although PostgreSQL calls the two equal."""
    sql.execute("ALTER TABLE orders ADD COLUMN total numeric")
    sql.execute("INSERT INTO orders (customer_name, product_name, total) VALUES ('a', 'b', 1.50)")
    sql.execute("UPDATE orders SET total = 1.5000")
    assert [event["changed"] for event in take()[2]] == [None, {"total": 1.5}]
    assert sql.execute("SELECT version FROM orders").fetchone() == (2,)


@pytest.mark.parametrize("kind", ["json", "jsonb"])
def test_a_json_null_is_not_a_null(sql: Sql, take: Take, kind: str) -> None:
    """I1: NULL replaced by JSON's null is a change of the row, although both look alike in JSON."""
    sql.execute(f"ALTER TABLE orders ADD COLUMN data {kind}".encode())
    sql.execute("SELECT order_refresh_recorders()")
    sql.execute("INSERT INTO orders (customer_name, product_name) VALUES ('a', 'b')")
    sql.execute("UPDATE orders SET data = 'null'")
    sql.execute("UPDATE orders SET data = 'null'")
    _, update = take()[2]
    assert (update["order"]["version"], update["order"]["data"]) == (2, None)


def test_a_change_of_case_alone_is_a_change(sql: Sql, take: Take) -> None:
    """I1: under a collation that calls two spellings equal, the change still makes an event."""
    try:
        sql.execute(
            "CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2',"
            " deterministic = false)"
        )
    except psycopg.errors.FeatureNotSupported as exc:
        pytest.skip(str(exc))  # the embedded PostgreSQL has no ICU; Debian's has
    sql.execute("ALTER TABLE orders ADD COLUMN code text COLLATE caseless DEFAULT 'abc'")
    for refreshed in (False, True):
        if refreshed:
            sql.execute("SELECT order_refresh_recorders()")
        sql.execute("INSERT INTO orders (customer_name, product_name) VALUES ('a', 'b')")
        sql.execute("UPDATE orders SET code = 'ABC' WHERE code = 'abc' AND version = 1")
        sql.execute("UPDATE orders SET code = 'ABC'")
        assert [event["changed"] for event in take()[2]] == [None, {"code": "abc"}]


def test_names_that_need_quoting(sql: Sql, take: Take) -> None:
    """I10: column names may contain anything."""
    names = [
        "Größe",
        "order",
        "a b",
        'x"y',
        "select",
        "back\\slash",
        "{",
        "a,\n b",
        "row",
        "tableoid2",
        "@key@",
        "NEW",
        "changed",
    ]
    for name in names:
        quoted = '"' + name.replace('"', '""') + '"'
        sql.execute(f"ALTER TABLE orders ADD COLUMN {quoted} integer".encode())
    sql.execute("SELECT order_refresh_recorders()")
    sql.execute("INSERT INTO orders (customer_name, product_name) VALUES ('a', 'b')")
    for name in names:
        quoted = '"' + name.replace('"', '""') + '"'
        sql.execute(f"UPDATE orders SET {quoted} = 1".encode())
    events = take()[2]
    assert [event["changed"] for event in events[1:]] == [{name: None} for name in names]
    assert set(names) <= set(events[-1]["order"])


def test_250_columns(sql: Sql, take: Take) -> None:
    """I10: a table of many columns can be watched."""
    columns = ", ".join(f"ADD COLUMN c{n} integer" for n in range(250))
    sql.execute(f"ALTER TABLE orders {columns}".encode())
    sql.execute("INSERT INTO orders (customer_name, product_name) VALUES ('a', 'b')")
    sql.execute("UPDATE orders SET c3 = 1, c249 = 2")
    insert, update = take()[2]
    assert len(insert["order"]) == 258
    assert update["changed"] == {"c3": None, "c249": None}


# --- I11: nothing that can be written stops the stream --------------------------------------


def test_a_row_too_large_to_travel_is_refused(sql: Sql, take: Take) -> None:
    """I11: the bound is on the whole row as JSON, and the error names it."""
    sql.execute("ALTER TABLE orders ADD COLUMN note text, ADD COLUMN memo text")
    insert = (
        "INSERT INTO orders (customer_name, product_name, note, memo) VALUES ('a', 'b', %s, %s)"
    )
    with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="the limit is 16777216"):
        sql.execute(insert, ["\x01" * 2_000_000, "\x01" * 1_000_000])
    sql.execute(insert, ["\x01" * 2_000_000, ""])
    with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="the limit is 16777216"):
        sql.execute("UPDATE orders SET memo = note")
    assert len(take()[2]) == 1


def test_a_row_that_was_too_large_before_can_be_deleted(sql: Sql, take: Take) -> None:
    """I7, I11: the DELETE of a row from before its table was watched has its key and short values.

    By these a client with a filter, which has the row from a snapshot, learns that it is gone.
    """
    sql.execute("CREATE TABLE notes (name text PRIMARY KEY, note text, data jsonb, store text)")
    key = "k" * 500
    sql.execute(
        "INSERT INTO notes VALUES"
        " (%s, repeat('x', 17000000), (repeat('[', 150) || repeat(']', 150))::jsonb, %s)",
        [key, "in,\n Rome"],
    )
    sql.execute("SELECT watch_table('notes')")
    with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="the limit is 16777216"):
        sql.execute("UPDATE notes SET store = 'Bern'")
    sql.execute("DELETE FROM notes")
    (event,) = take()[2]
    assert event["changed"] == {"name": key, "store": "in,\n Rome"}


@pytest.mark.parametrize("kind", ["json", "jsonb"])
@pytest.mark.parametrize(("levels", "refused"), [(99, ""), (100, "nested"), (3000, "nested")])
def test_json_nested_too_deeply_is_refused(
    sql: Sql, take: Take, kind: str, levels: int, refused: str
) -> None:
    """I11: parsers of clients give up on deep nesting, so the write fails, and says why."""
    sql.execute(f"ALTER TABLE orders ADD COLUMN data {kind}".encode())
    insert = (
        f"INSERT INTO orders (customer_name, product_name, data) VALUES ('[[', '{{', %s::{kind})"
    )
    data = '["]",' * (levels - 1) + "[]" + "]" * (levels - 1)
    if not refused:
        sql.execute(insert.encode(), [data])
        assert len(take()[2]) == 1
        return
    with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="nested deeper"):
        sql.execute(insert.encode(), [data])


def test_the_actor_is_cut(sql: Sql, take: Take) -> None:
    """I11: orders.actor counts up to 200 characters, control characters and all."""
    with sql.transaction():
        sql.execute("SELECT set_config('orders.actor', repeat(E'é\\x01\"', 1000000), true)")
        sql.execute("INSERT INTO orders (customer_name, product_name) VALUES ('a', 'b')")
    assert take()[2][0]["actor"] == ('é\x01"' * 67)[:200]


def test_values_with_quotes_are_escaped(sql: Sql, take: Take) -> None:
    """I11: a status of the owner's own may contain anything."""
    sql.execute("ALTER TABLE orders DROP CONSTRAINT orders_status_known")
    sql.execute(
        "INSERT INTO orders (customer_name, product_name, status) VALUES ('a', 'b', 'x\"y')"
    )
    sql.execute("UPDATE orders SET status = E'\\\\\\n'")
    assert take()[2][1]["changed"] == {"status": 'x"y'}


def test_many_large_rows_drain(sql: Sql, take: Take) -> None:
    """I11: many rows over the bound of a batch are taken one by one, each in its own time."""
    sql.execute("ALTER TABLE orders ADD COLUMN note text")
    sql.execute(
        "INSERT INTO orders (customer_name, product_name, note)"
        " SELECT 'a', 'b', repeat('x', 1200000) FROM generate_series(1, 40)"
    )
    sql.execute("SET statement_timeout = '2s'")
    taken = 0
    while batch := take():
        taken += len(batch[2])
        assert batch[0] == batch[1]
    assert taken == 40
