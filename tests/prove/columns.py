"""Columns that an owner may add: types, random values, and the catalog query.

Values are SQL literals that mean the same under any DateStyle, TimeZone or IntervalStyle.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

from prove.chance import Chance

STORES = ("Berlin", "Łódź", "berlin", "")
MOODS = ("calm", "busy")
"""Values of the enum that always exist."""
FREE_NAMES = ("c1", "c2", "c3", "Größe 3", "order", "a b", 'x"y', "select", "Ünïcode", "c10")
"""Names of columns that come and go."""

KEPT: Mapping[str, LiteralString] = {
    "store": "text",
    "Price": "numeric(12,2)",
    "due": "timestamptz",
    "urgent": "boolean",
    "external": "bigint",
    "mood": "proof_mood",
    "note": "text",
}
"""Columns that stay, so that clients may filter by them; some are retyped."""

SETUP: LiteralString = """
    CREATE TYPE proof_mood AS ENUM ('calm', 'busy');
    ALTER TABLE orders
        ADD COLUMN store text, ADD COLUMN "Price" numeric(12,2), ADD COLUMN due timestamptz,
        ADD COLUMN urgent boolean NOT NULL DEFAULT false, ADD COLUMN external bigint,
        ADD COLUMN mood proof_mood, ADD COLUMN note text;
"""

Literal = Callable[[Chance], str]


def quoted(text: str) -> str:
    """Return a text as an SQL literal that does not depend on standard_conforming_strings."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


def named(column: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def _text(chance: Chance) -> str:
    return quoted(chance.one(["", 'a"b', "back\\slash", "new\nline", "Żółć \U0001f69a", "'", "\t"]))


def _whole(low: int, high: int) -> Literal:
    return lambda chance: str(chance.one([0, low, high, chance.between(low, high)]))


def _cast(type_: str, *values: str) -> Literal:
    return lambda chance: f"{quoted(chance.one(values))}::{type_}"


TYPES: Mapping[str, Literal] = {
    "text": _text,
    "varchar(40)": _text,
    "smallint": _whole(-(2**15), 2**15 - 1),
    "integer": _whole(-(2**31), 2**31 - 1),
    "bigint": _whole(-(2**63), 2**63 - 1),
    "numeric": _cast("numeric", "0.10", "-12345678901234567890.123456789012345678", "NaN", "1e30"),
    "numeric(12,2)": _cast("numeric", "12.5", "12.50", "-0.01", "9999999999.99"),
    "real": _cast("real", "0.1", "-3.4e38", "NaN", "Infinity"),
    "double precision": _cast("float8", "0.1", "1e-300", "1.7976931348623157e308", "-Infinity"),
    "boolean": _cast("boolean", "true", "false"),
    "date": _cast("date", "2026-02-03", "0044-03-15 BC", "infinity", "20000-01-01"),
    "timestamp": _cast("timestamp", "2026-02-03 04:05:06.789", "-infinity", "20000-01-01"),
    "timestamptz": _cast(
        "timestamptz", "2026-02-03 04:05:06.7+02", "infinity", "0044-03-15 12:00+00 BC"
    ),
    "time": _cast("time", "04:05:06.789", "24:00"),
    "interval": _cast("interval", "P1Y2M3DT4H5M6.5S", "P-1D", "PT0S"),
    "uuid": _cast("uuid", "11111111-2222-3333-4444-555555555555"),
    "json": _cast("json", '{"b": 1, "a": [1.50, null]}', "[]", '{"a":1,"a":2}', '"text"'),
    "jsonb": _cast("jsonb", '{"b": 1, "a": [1.50, null]}', "[1e30]", "null", '{"x": {"y": 0}}'),
    "text[]": _cast("text[]", '{a,NULL,"b,c"}', "{}"),
    "integer[]": _cast("integer[]", "{{1,2},{3,4}}", "{}"),
    "bytea": _cast("bytea", "\\x00ff27", ""),
    "inet": _cast("inet", "10.0.0.1/8", "::1"),
    "point": _cast("point", "(1.5,-2)", "(0,0)"),
    "int4range": _cast("int4range", "[1,5)", "empty", "[,7]"),
    "proof_mood": _cast("proof_mood", *MOODS),
    "money": _cast("money", "12.34", "-5"),
}
"""Types by name, each with random values at its edges."""


def random_literal(chance: Chance, type_: str, *, nullable: bool) -> str | None:
    """Return a value of a type, or NULL; None if the type is not known here."""
    if nullable and chance.happens(0.2):
        return "NULL"
    literal = TYPES.get(type_)
    return None if literal is None else literal(chance)


CATALOG: LiteralString = """
    SELECT attname, format_type(atttypid, atttypmod), NOT attnotnull, attgenerated <> '',
           attidentity <> ''
      FROM pg_attribute
     WHERE attrelid = 'orders'::regclass AND attnum > 0 AND NOT attisdropped
     ORDER BY attnum
"""
_ALIASES = {
    "character varying(40)": "varchar(40)",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time without time zone": "time",
}
_SYSTEM = {"id", "version", "created_at", "updated_at"}
_SEED = {"customer_name", "product_name", "quantity", "status"}


@dataclass(frozen=True)
class Found:
    """A column as the catalog has it."""

    name: str
    type: str
    nullable: bool
    generated: bool
    identity: bool

    @classmethod
    def read(cls, row: tuple[Any, ...]) -> "Found":
        """Read a row of ``CATALOG``."""
        name, type_, nullable, generated, identity = row
        return cls(name, _ALIASES.get(type_, type_), nullable, generated, identity)

    @property
    def settable(self) -> bool:
        """Whether a writer may give it a random value."""
        return not (self.generated or self.identity or self.name in _SYSTEM | _SEED)

    @property
    def is_free(self) -> bool:
        """Whether it may be dropped and renamed."""
        return self.name in FREE_NAMES
