"""Random changes of random tables under random DDL: the log is exact (I1, I10)."""

import json
import random
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import psycopg
import pytest
from psycopg import sql as compose

from harness.servers import Database, Event, Sql

Rows = dict[str, Event]

VALUES: dict[str, list[str]] = {
    "integer": ["-3", "0", "7", "2147483647"],
    "bigint": ["9007199254740993", "-1"],
    "numeric": ["1.5", "1.50", "'NaN'", "1e20", "12345678901234567890.123456789"],
    "text": ["''", "'a'", "E'x,\\n \"y\":1}'", "'ü'"],
    "boolean": ["true", "false"],
    "timestamptz": ["'infinity'", "'2026-01-02 03:04:05Z'", "'0044-03-15Z BC'"],
    "json": ["'{}'", 'E\'{"a":1,\\n "b":[2,\\n 3]}\'', "'1.50'"],
    "jsonb": ['\'{"a": {"b": 1}}\'', "'[]'", "'1.50'"],
    "double precision": ["0.1", "'NaN'", "1e300"],
    "text[]": ["'{}'", "'{a,NULL,\"b,c\"}'"],
    "interval": ["'1 day'", "'-3 hours'"],
    "bytea": ["'\\x00ff'", "''"],
    "int4range": ["'[1,5)'", "'empty'"],
}
KEYS = {
    "lines": ("id bigint PRIMARY KEY", ["id"]),
    'Notes "of" it': ("code text, n integer, PRIMARY KEY (n, code)", ["n", "code"]),
    "tags": ("id uuid PRIMARY KEY", ["id"]),
    "cells": ("id integer PRIMARY KEY", ["id"]),
}
PARTITIONS = (
    "CREATE TABLE cells_low PARTITION OF cells FOR VALUES FROM (MINVALUE) TO (10)",
    "CREATE TABLE cells_rest (gone text, parent bigint, id integer NOT NULL)",
    "ALTER TABLE cells_rest DROP COLUMN gone",
    "ALTER TABLE cells ATTACH PARTITION cells_rest DEFAULT",
)
"""Cells are partitioned; one partition has its columns in another order."""
SETTINGS = [
    "SET timezone = 'UTC'",
    "SET timezone = 'Asia/Kolkata'",
    "SET intervalstyle = 'iso_8601'",
    "SET bytea_output = 'escape'",
    "SET extra_float_digits = -5",
    "SET datestyle = 'German'",
]


class World:
    """The tables, their writers, and the events that the log should hold."""

    def __init__(self, sql: Sql, writers: list[Sql], seed: int) -> None:
        self._sql = sql
        self._writers = writers
        self._random = random.Random(seed)
        self._columns: dict[str, dict[str, str]] = {"orders": {"quantity": "integer"}}
        self._serial = 0
        self.expected: list[list[Event]] = []
        for name, (columns, _) in KEYS.items():
            divided = "PARTITION BY RANGE (id)" if name == "cells" else ""
            self._run(
                sql,
                f"CREATE TABLE {{}} ({columns}, parent bigint REFERENCES orders) {divided}",
                name,
            )
            for statement in PARTITIONS if divided else ():
                sql.execute(statement.encode())
            self._run(sql, "SELECT watch_table('{}')", name)
            self._columns[name] = {}

    def _run(self, connection: Sql, statement: str, *names: str) -> None:
        quoted = [compose.Identifier(name).as_string() for name in names]
        connection.execute(statement.format(*quoted).encode())

    def _rows(self, table: str) -> Rows:
        """Return the rows as they are, by key, under the settings of the stream."""
        keys = ["id"] if table == "orders" else KEYS[table][1]
        found = self._sql.execute(
            compose.SQL("SELECT to_json(t)::text FROM {} AS t").format(compose.Identifier(table))
        )
        rows = [exact(row[0]) for row in found]
        return {json.dumps({name: row[name] for name in keys}, sort_keys=True): row for row in rows}

    def step(self) -> None:
        """Alter a table, or change rows of it."""
        table = self._random.choice(list(self._columns))
        if self._random.random() < 0.3:
            with suppress(psycopg.errors.UndefinedFunction):  # a CHECK that a type does not suit
                self._alter(table)
            if self._random.random() < 0.5:  # both ways to record have to tell the same
                self._sql.execute("SELECT order_refresh_recorders()")
            return
        before = self._rows(table)
        try:
            self._change(self._random.choice(self._writers), table)
        except psycopg.IntegrityError:  # a constraint of the table: nothing has changed
            assert self._rows(table) == before
            return
        self.expected.append(list(changes(table, before, self._rows(table))))

    def _alter(self, table: str) -> None:
        columns = self._columns[table]
        self._serial += 1
        name = self._random.choice(["c{}", 'C "{}"', "ü {}", "order{}"]).format(self._serial)
        kind = self._random.choice(list(VALUES))
        match self._random.choice(
            ["add", "add", "default", "generate", "drop", "rename", "retype"]
        ):
            case "add":
                self._run(self._sql, f"ALTER TABLE {{}} ADD COLUMN {{}} {kind}", table, name)
            case "default":
                value = self._random.choice(VALUES[kind])
                self._run(
                    self._sql,
                    "ALTER TABLE {} ADD COLUMN {} " + escaped(f"{kind} DEFAULT {value}"),
                    table,
                    name,
                )
            case "generate":
                newest = self._sql.info.server_version >= 180000
                storage = self._random.choice(["STORED", "VIRTUAL" if newest else "STORED"])
                source = (
                    "quantity"
                    if table == "orders" and "quantity" in columns
                    else KEYS.get(table, ("", ["id"]))[1][0]
                )
                expression = f"text GENERATED ALWAYS AS ({source}::text || '!') {storage}"
                self._run(self._sql, "ALTER TABLE {} ADD COLUMN {} " + expression, table, name)
                return
            case "drop" if columns:
                dropped = self._random.choice(list(columns))
                self._run(self._sql, "ALTER TABLE {} DROP COLUMN {} CASCADE", table, dropped)
                del columns[dropped]
                return
            case "rename" if columns:
                renamed = self._random.choice(list(columns))
                self._run(self._sql, "ALTER TABLE {} RENAME COLUMN {} TO {}", table, renamed, name)
                columns[name] = columns.pop(renamed)
                return
            case "retype" if retyped := [c for c in columns if c != "quantity"]:
                chosen = self._random.choice(retyped)
                self._run(self._sql, "ALTER TABLE {} ALTER COLUMN {} DROP DEFAULT", table, chosen)
                self._run(self._sql, "ALTER TABLE {} ALTER COLUMN {} TYPE text", table, chosen)
                columns[chosen] = "text"
                return
            case _:
                return
        columns[name] = kind

    def _change(self, writer: Sql, table: str) -> None:
        columns = self._columns[table]
        if self._random.random() < 0.2:
            writer.execute(self._random.choice(SETTINGS).encode())
        match self._random.choice(
            ["insert", "insert", "update", "update", "rekey", "delete", "truncate"]
        ):
            case "insert":
                values = {
                    name: self._value(kind)
                    for name, kind in columns.items()
                    if self._random.random() < 0.6
                }
                if table == "orders":
                    values |= {"customer_name": "'a'", "product_name": "'b'", "quantity": "3"}
                    values = {n: v for n, v in values.items() if n != "quantity" or n in columns}
                else:
                    values |= self._key(table)
                names = ", ".join(["{}"] * (len(values) + 1))
                listed = escaped(", ".join(values.values()))
                parent = "(SELECT min(id) FROM orders)" if table != "orders" else "DEFAULT"
                self._run(
                    writer,
                    f"INSERT INTO {{}} ({names}) VALUES ({listed}, {parent})",
                    table,
                    *values,
                    "parent" if table != "orders" else "created_at",
                )
            case "update" if columns:
                name = self._random.choice(list(columns))
                value = "quantity % 7 + 1" if name == "quantity" else self._value(columns[name])
                some = self._random.choice(["", " WHERE ctid IN (SELECT ctid FROM {0} LIMIT 2)"])
                self._run(writer, "UPDATE {0} SET {1} = " + escaped(value) + some, table, name)
            case "rekey" if table != "orders":
                self._run(
                    writer,
                    "UPDATE {0} SET {1} = "
                    + self._key(table)[KEYS[table][1][0]]
                    + " WHERE ctid IN (SELECT ctid FROM {0} LIMIT 1)",
                    table,
                    KEYS[table][1][0],
                )
            case "delete":
                self._run(
                    writer, "DELETE FROM {0} WHERE ctid IN (SELECT ctid FROM {0} LIMIT 1)", table
                )
            case _:
                if table == "orders":
                    self._run(writer, "UPDATE orders SET version = 70")
                else:
                    self._run(writer, "UPDATE {} SET parent = NULL", table)

    def _value(self, kind: str) -> str:
        return self._random.choice([*VALUES[kind], "NULL"])

    def _key(self, table: str) -> dict[str, str]:
        number = self._random.randrange(30)
        if table == "tags":
            return {"id": f"'6f1c3b9e-0000-4000-8000-0000000000{number:02}'"}
        return (
            {"id": str(number)}
            if table in {"lines", "cells"}
            else {"n": str(number), "code": "'\"}\n'"}
        )


def escaped(text: str) -> str:
    """Protect braces from str.format."""
    return text.replace("{", "{{").replace("}", "}}")


def exact(text: str) -> Any:
    """Parse JSON without losing a digit."""
    return json.loads(text, parse_float=str, parse_int=str)


def changes(table: str, before: Rows, after: Rows) -> Iterator[Event]:
    """Yield the events that tell two states of a table apart."""
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        operation = "INSERT" if old is None else "DELETE" if new is None else "UPDATE"
        changed = old
        if old is not None and new is not None:
            changed = {
                name: value
                for name, value in old.items()
                if new[name] != value and name not in ("version", "updated_at")
            }
        row = new or old or {}
        parent = row["id"] if table == "orders" else row["parent"]
        yield {
            "table": table,
            "operation": operation,
            "key": key,
            "row": new,
            "changed": changed,
            "order_id": parent,
        }


def told(event: Event) -> Event:
    """Return an event from the log in the form of ``changes``."""
    row = event["order"] if event["table"] == "orders" else event["row"]
    key = {"id": event["order_id"]} if event["table"] == "orders" else event["key"]
    return {
        "table": event["table"],
        "operation": event["operation"],
        "key": json.dumps(key, sort_keys=True),
        "row": row,
        "changed": event["changed"],
        "order_id": event["order_id"],
    }


@pytest.mark.parametrize("number", range(3))
def test_log_says_what_happened(sql: Sql, database: Database, number: int) -> None:
    """I1, I10: each change of any table under any DDL is one event, true to the last digit."""
    seed = number + 3 * (sql.info.server_version < 180000)  # other ones on the oldest server
    for setting in ("timezone = 'UTC'", "intervalstyle = 'postgres'", "bytea_output = 'hex'"):
        sql.execute(f"SET {setting}".encode())
    found: list[Event] = []

    def take() -> None:
        while row := sql.execute("SELECT events FROM take_order_events(7)").fetchone():
            found.extend(told(event) for event in exact(row[0]))

    with ExitStack() as opened:
        writers = [opened.enter_context(database.connect()) for _ in range(3)]
        world = World(sql, writers, seed)
        for _ in range(120):
            world.step()
            if random.Random(len(found)).random() < 0.2:
                take()
        take()
    for expected in world.expected:
        group, found = found[: len(expected)], found[len(expected) :]
        order = sorted(expected, key=lambda event: str(event["key"]))
        assert sorted(group, key=lambda event: str(event["key"])) == order
    assert found == []
