"""The description of the watched tables, read from PostgreSQL and kept current."""

import asyncio
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import structlog

from orders_api import queries
from orders_api.bodies import RowFormat
from orders_api.bulk_format import BulkFormat
from orders_api.database import Database
from orders_api.errors import DatabaseUnavailableError, NoOrdersError, StatementError
from orders_api.statements import Statements
from orders_contract.schema import ORDERS, MalformedSchemaError, Schema, Table

POLL_S = 1.0
"""Interval at which the schema version is read; a change of the tables is noticed within it."""

logger = structlog.get_logger()


@dataclass(frozen=True)
class WatchedTable:
    """One table: its columns, its statements, and the formats of bodies. Immutable.

    ``children`` are the tables that refer to this table, by name. A child that has the name of one
    of this table's columns is left out, because that name in a row means the column.
    """

    table: Table
    statements: Statements
    children: Mapping[str, "WatchedTable"] = field(default_factory=dict)
    parent: "WatchedTable | None" = None

    @cached_property
    def new_row(self) -> RowFormat:
        """The format of the body of a POST."""
        tables = {name: child.table for name, child in self.children.items()}
        return RowFormat(self.table, changes=False, children=tables)

    @cached_property
    def changes(self) -> RowFormat:
        """The format of the body of a PUT or PATCH."""
        return RowFormat(self.table, changes=True)

    @cached_property
    def bulk_changes(self) -> BulkFormat:
        """The format of the body of a PATCH of many rows."""
        return BulkFormat(self.table, changes=True)

    @cached_property
    def bulk_deletions(self) -> BulkFormat:
        """The format of the body of a DELETE of many rows."""
        return BulkFormat(self.table, changes=False)


@dataclass(frozen=True)
class Description:
    """All watched tables at one schema version. ``text`` is the body of ``GET /api/schema``."""

    schema: Schema
    text: str
    tables: Mapping[str, WatchedTable]

    @property
    def version(self) -> str:
        """The schema version that ``order_schema()`` returned."""
        return self.schema.version

    @cached_property
    def tag(self) -> str:
        """A hash of ``text``. Unlike the version it also changes with settings."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]

    @property
    def etag(self) -> str:
        """The tag in quotes, as the ETag header has it."""
        return f'"{self.tag}"'

    @property
    def orders(self) -> WatchedTable:
        """The main table; raises NoOrdersError if there is none."""
        try:
            return self.tables[ORDERS]
        except KeyError:
            raise NoOrdersError from None


class Catalog:
    """Reads the description when it is first needed, and again when the schema version changes.

    ``display`` names the columns that the dashboard shows in the roles status, customer, title and
    quantity. A table without such a column has none in that role, and what the database names for
    a table takes precedence.
    """

    def __init__(self, database: Database, display: Mapping[str, str]) -> None:
        self._database = database
        self._display = display
        self._description: Description | None = None
        self._reading = asyncio.Lock()
        self._failure = ""

    @property
    def known(self) -> Description | None:
        """The description as last read; None if it has not been read yet."""
        return self._description

    async def current(self) -> Description:
        """Return the description as last read; read it if it has not been read yet."""
        if self._description is None:
            await self.refresh()
        assert self._description is not None  # noqa: S101  refresh() has set it
        return self._description

    async def refresh(self) -> None:
        """Read the description if its version has changed.

        Raises:
            DatabaseUnavailableError: PostgreSQL does not answer.

        """
        async with self._reading:
            (version,) = await self._database.one(queries.SCHEMA_VERSION, {})
            if self._description is None or self._description.version != version:
                await self._read()

    async def follow(self) -> None:
        """Keep the description current, until cancelled."""
        while True:
            try:
                await self.refresh()
                self._note("")
            except DatabaseUnavailableError:
                pass  # the pool logs that the database is away
            except StatementError as exc:
                self._note(exc.explanation)
            except MalformedSchemaError as exc:
                self._note(str(exc))
            await asyncio.sleep(POLL_S)

    async def _read(self) -> None:
        text, hashed, inexact, trigrams, partitioned = await self._database.one(queries.SCHEMA, {})
        document = json.loads(text)
        for table in document["tables"]:
            columns = {column["name"] for column in table["columns"]}
            table["display"] = {
                role: column if column in columns else None
                for role, column in {**self._display, **table["display"]}.items()
            }
        schema = Schema.parse(document)
        if self._description is not None:
            logger.info("schema_changed", version=schema.version)
        self._description = Description(
            schema,
            json.dumps(document, separators=(",", ":"), ensure_ascii=False),
            _related(
                WatchedTable(
                    table,
                    Statements(
                        table,
                        hashed_columns=hashed.get(name, ()),
                        inexact_columns=inexact.get(name, ()),
                        trigram_search=trigrams,
                        partitioned=name in partitioned,
                    ),
                )
                for name, table in schema.tables.items()
            ),
        )

    def _note(self, failure: str) -> None:
        if failure != self._failure:
            self._failure = failure
            if failure:
                logger.error("schema_unreadable", error=failure)


def _related(tables: Iterable[WatchedTable]) -> dict[str, WatchedTable]:
    """Return the tables by name, each with its parent and its children."""
    known = {each.table.name: each for each in tables}
    parents = {
        name: known.get(each.table.parent.table)
        for name, each in known.items()
        if each.table.parent is not None
    }
    return {
        name: replace(
            each,
            parent=parents.get(name),
            children={
                child: known[child]
                for child, parent in parents.items()
                if parent is each and child not in each.table.columns
            },
        )
        for name, each in known.items()
    }
