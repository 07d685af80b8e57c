"""The owner of the tables: random DDL while writers write and clients follow.

Each change of the schema is one transaction that locks a table, reads it, alters it, reads it
again and inserts a row. The event of that row marks the place of the change in the log: events
before it show rows of the earlier schema, events after it of the later. The two readings tell what
the table was then, independently of triggers, outbox and log. A table that the change makes
unwatched is marked before it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from harness.servers import Database
from prove.chance import Chance
from prove.columns import CATALOG, FREE_NAMES, TYPES, Found, named, quoted, random_literal
from prove.exact import PINNED, Table, read_table
from prove.partitions import follow_partitions, move_partition
from prove.statements import STATUSES, Connection
from prove.tables import NOTES, ORDERS, PLACES, STOCK
from prove.writers import Gate

ACTOR = "owner"
_MARKS: dict[str, LiteralString] = {
    ORDERS: "INSERT INTO orders (id, customer_name, product_name)"
    " VALUES (2000000000000000 + %s, 'Ann', 'after DDL')",
    STOCK: f"INSERT INTO stock (place, item) VALUES ('{PLACES[0]}', 1000000000 + %s)",
    NOTES: "INSERT INTO notes (id) VALUES (1000000000 + %s)",
}
"""The rows that mark changes, by table; their keys are above all that writers use."""
STOCK_CHANGES: tuple[LiteralString, ...] = (
    "ALTER TABLE stock ADD COLUMN IF NOT EXISTS shelf integer DEFAULT 7",
    "ALTER TABLE stock DROP COLUMN IF EXISTS shelf",
    "ALTER TABLE stock ADD COLUMN IF NOT EXISTS g text GENERATED ALWAYS AS (item || place) STORED",
    "ALTER TABLE stock DROP COLUMN IF EXISTS g",
    "ALTER TABLE stock ALTER COLUMN pieces TYPE numeric(14,3)",
    "ALTER TABLE stock ALTER COLUMN pieces TYPE numeric(12,2)",
    "ALTER TABLE stock ALTER COLUMN item TYPE bigint",
)
_WATCH: LiteralString = "SELECT watch_table('notes')"
_UNWATCH: tuple[LiteralString, ...] = (
    "SELECT unwatch_table('notes')",
    "ALTER TABLE notes DROP CONSTRAINT notes_pkey",
)
_GIVE_KEY: LiteralString = """
    DO $$
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'notes_pkey') THEN
            DELETE FROM notes AS note USING notes AS other
             WHERE note.id = other.id AND note.ctid < other.ctid;
            ALTER TABLE notes ADD CONSTRAINT notes_pkey PRIMARY KEY (id);
        END IF;
    END
    $$
"""
_SETTINGS = f"-c lock_timeout=3s -c statement_timeout=20s {PINNED}"


@dataclass(frozen=True)
class Change:
    """One change of the schema: what was run, and its table before and after it.

    None stands for a table that is not watched.
    """

    statement: str
    before: Table | None
    after: Table | None
    table: str = ORDERS


class Owner:
    """Alters the tables, again and again, until cancelled."""

    def __init__(
        self,
        chance: Chance,
        database: Database,
        mean_pause_s: float,
        may_lock: Callable[[], bool] = lambda: True,
    ) -> None:
        """``run`` starts it. While ``may_lock`` returns false, it does not lock the table."""
        self._may_lock = may_lock
        self._chance = chance
        self._database = database
        self._mean_pause_s = mean_pause_s
        self._number = 0
        self._moods = 0
        self.changes: dict[str, Change] = {}
        """Changes that may have been committed, by the actor of their mark."""
        self.outcomes: Counter[str] = Counter()

    async def run(self, gate: Gate) -> None:
        """Alter the table until cancelled."""
        while True:
            await asyncio.sleep(self._chance.pause(self._mean_pause_s))
            if self._may_lock():
                async with gate:
                    await self._change()

    async def _change(self) -> None:
        kind = "unreachable"
        try:
            async with await psycopg.AsyncConnection.connect(
                self._database.url, options=_SETTINGS, connect_timeout=3
            ) as sql:
                kind = await self._alter(sql)
                await sql.commit()  # at the end of the block, a failure would leave it open
        except (psycopg.errors.LockNotAvailable, TimeoutError):
            kind = "locked out"
        except psycopg.OperationalError:
            kind = "cut off"
        except psycopg.Error as exc:
            kind = f"refused {exc.sqlstate}"
        self.outcomes[kind] += 1

    async def _alter(self, sql: Connection) -> str:
        if self._chance.happens(0.15):
            return await move_partition(sql, self._chance)
        table = self._chance.weighted([(8, ORDERS), (1.5, STOCK), (1.5, NOTES)])
        await sql.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        if table == STOCK:
            await follow_partitions(sql)
        self._number += 1
        actor = f"{ACTOR} {self._number}"
        await sql.execute("SELECT set_config('orders.actor', %s, true)", [actor])
        if table == NOTES:
            kind = await self._watch_or_unwatch(sql, actor)
        else:
            kind = await self._alter_columns(sql, table, actor)
        if self._chance.happens(0.1):
            await sql.rollback()
            return "rolled back"
        return kind

    async def _alter_columns(self, sql: Connection, table: str, actor: str) -> str:
        if table == ORDERS:
            found = [Found.read(row) for row in await (await sql.execute(CATALOG)).fetchall()]
            kind, statement = self._statement(found)
        else:
            kind, statement = "stock", self._chance.one(STOCK_CHANGES)
        before = await read_table(sql, table)
        await sql.execute(statement.encode())
        self.changes[actor] = Change(statement, before, await read_table(sql, table), table)
        await sql.execute(_MARKS[table], [self._number])
        return kind

    async def _watch_or_unwatch(self, sql: Connection, actor: str) -> str:
        """Begin or end watching notes; ``proof_watched`` tells the writers.

        A table is not watched either while it has no primary key.
        """
        cursor = await sql.execute("UPDATE proof_watched SET notes = NOT notes RETURNING notes")
        (watched,) = await cursor.fetchone() or (False,)
        statement = _WATCH if watched else self._chance.one(_UNWATCH)
        if watched:
            await sql.execute(_GIVE_KEY)
        rows = await read_table(sql, NOTES)
        if watched:
            await sql.execute(statement)
        self.changes[actor] = Change(
            statement, None if watched else rows, rows if watched else None, NOTES
        )
        await sql.execute(_MARKS[NOTES], [self._number])
        if not watched:
            await sql.execute(statement)
        return "watch notes" if watched else "unwatch notes"

    def _statement(self, found: list[Found]) -> tuple[str, str]:
        """Return the kind of a random change, and its statement."""
        chance = self._chance
        free = [column for column in found if column.is_free]
        kinds: list[tuple[float, Callable[[list[Found]], str]]] = [
            (5 if len(free) < len(FREE_NAMES) - 3 else 0, self._add)
        ]
        if free:
            kinds += [(3, self._drop), (2, self._rename), (3, self._retype), (2, self._default)]
        kinds += [(1, self._retype_kept), (1, self._add_mood), (1, self._rename_mood)]
        kinds += [(1, self._check_status)]
        chosen = chance.weighted(kinds)
        return chosen.__name__.strip("_").replace("_", " "), chosen(found)

    def _free(self, found: list[Found]) -> Found:
        return self._chance.one([column for column in found if column.is_free])

    def _new_name(self, found: list[Found]) -> str:
        taken = {column.name for column in found}
        return self._chance.one([name for name in FREE_NAMES if name not in taken])

    def _add(self, found: list[Found]) -> str:
        chance, name = self._chance, named(self._new_name(found))
        type_ = chance.one(sorted(TYPES))
        definition = chance.one(
            [
                type_,
                f"{type_} DEFAULT {TYPES[type_](chance)}",
                f"{type_} NOT NULL DEFAULT {TYPES[type_](chance)}",
                "bigint GENERATED BY DEFAULT AS IDENTITY",
                "text GENERATED ALWAYS AS (upper(product_name) || quantity) STORED",
                "integer GENERATED ALWAYS AS (quantity * 2) VIRTUAL",
                "double precision DEFAULT random()",
            ]
        )
        return f"ALTER TABLE orders ADD COLUMN {name} {definition}"

    def _drop(self, found: list[Found]) -> str:
        return f"ALTER TABLE orders DROP COLUMN {named(self._free(found).name)} CASCADE"

    def _rename(self, found: list[Found]) -> str:
        old, new = named(self._free(found).name), named(self._new_name(found))
        return f"ALTER TABLE orders RENAME COLUMN {old} TO {new}"

    def _retype(self, found: list[Found]) -> str:
        column, type_ = self._free(found), self._chance.one(["text", "bigint", "jsonb", "numeric"])
        name = named(column.name)
        using = {
            "text": f"{name}::text",
            "bigint": "id",
            "jsonb": f"to_jsonb({name})",
            "numeric": "quantity + 0.50",
        }[type_]
        return (
            f"ALTER TABLE orders ALTER COLUMN {name} DROP DEFAULT,"
            f" ALTER COLUMN {name} TYPE {type_} USING {using}"
        )

    def _default(self, found: list[Found]) -> str:
        column = self._free(found)
        literal = random_literal(self._chance, column.type, nullable=True)
        action = "DROP DEFAULT" if literal is None else f"SET DEFAULT {literal}"
        return f"ALTER TABLE orders ALTER COLUMN {named(column.name)} {action}"

    def _retype_kept(self, _found: list[Found]) -> str:
        return self._chance.one(
            [
                'ALTER TABLE orders ALTER COLUMN "Price" TYPE numeric(14,4)',
                'ALTER TABLE orders ALTER COLUMN "Price" TYPE numeric(12,2)',
                "ALTER TABLE orders ALTER COLUMN external TYPE numeric(20,0)",
                "ALTER TABLE orders ALTER COLUMN external TYPE bigint",
                "ALTER TABLE orders ALTER COLUMN store TYPE varchar(100)",
                "ALTER TABLE orders ALTER COLUMN store TYPE text",
            ]
        )

    def _add_mood(self, _found: list[Found]) -> str:
        self._moods += 1
        return f"ALTER TYPE proof_mood ADD VALUE IF NOT EXISTS 'mood {self._moods}'"

    def _rename_mood(self, _found: list[Found]) -> str:
        self._moods += 1
        return (
            "DO $$ DECLARE label text; BEGIN"
            " SELECT enumlabel INTO label FROM pg_enum WHERE enumtypid = 'proof_mood'::regtype"
            " AND enumlabel LIKE 'mood %' ORDER BY random() LIMIT 1;"
            " IF label IS NOT NULL THEN EXECUTE format("
            f"'ALTER TYPE proof_mood RENAME VALUE %L TO %L', label, 'mood {self._moods}');"
            " END IF; END $$"
        )

    def _check_status(self, _found: list[Found]) -> str:
        extra = [f"on hold {number}" for number in range(self._chance.between(0, 3))]
        values = ", ".join(quoted(value) for value in [*STATUSES, *extra])
        return (
            "ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_status_known,"
            f" ADD CONSTRAINT orders_status_known CHECK (status IN ({values})) NOT VALID"
        )
