"""The watched tables and their columns, as ``GET /api/schema`` describes them. Pure.

The catalog of PostgreSQL is the source: ``order_schema()`` renders this document from it.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

ORDERS = "orders"
"""The name of the table whose rows are orders, under any name in the database."""

MAINTAINED_COLUMNS = frozenset({"version", "updated_at"})
"""Columns that a trigger maintains. ``changed`` of an event never holds them."""

Kind = Literal[
    "text",
    "choice",
    "integer",
    "number",
    "boolean",
    "date",
    "timestamp",
    "uuid",
    "json",
    "array",
    "binary",
    "other",
]


class MalformedSchemaError(ValueError):
    """The document is not a schema; the message names the first field that is wrong."""


class _Described(BaseModel):
    # Fields of later versions are ignored.
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Waiting(_Described):
    """How many seconds a row may have a value until it needs attention, and until it is late."""

    warn_seconds: int
    late_seconds: int


class Column(_Described):
    """A column. `kind` says how to show and edit it, `next` which choices may follow each choice.

    `default` is true if PostgreSQL fills in a value when none is given. `waiting` has thresholds by
    choice. `since` names the column that tells since when a row has its present choice; if a row
    has null there, it has had the choice since `updated_at` or longer.
    """

    name: str
    type: str
    kind: Kind
    nullable: bool
    writable: bool
    default: bool = False
    choices: tuple[str, ...] | None = None
    next: Mapping[str, tuple[str, ...]] | None = None
    waiting: Mapping[str, Waiting] | None = None
    since: str | None = None
    max_length: int | None = None
    comment: str | None = None


class Parent(_Described):
    """The order a child row belongs to: ``column`` refers to ``table``."""

    table: str
    column: str


def _by_name(listed: Any) -> Any:
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        return listed
    return {each.get("name"): each for each in listed}


class Table(_Described):
    """A watched table; ``columns`` by name, in the table's order.

    ``namespace`` and ``relation`` are its schema and name in the database.
    """

    name: str
    namespace: str = Field("public", alias="schema")
    relation: str = ""
    key: tuple[str, ...]
    parent: Parent | None = None
    columns: Annotated[Mapping[str, Column], BeforeValidator(_by_name)]
    display: Mapping[str, str | None] = Field(default_factory=dict)
    """Which column the dashboard shows as ``status``, ``customer``, ``title``, ``quantity``."""

    def dates(self, column: Column) -> tuple[Column, ...]:
        """Return columns that tell since when a row has its value of ``column``.

        The first column that is not null counts. ``updated_at`` comes last, because it is never
        earlier than the date that is missing.
        """
        known = (self.columns.get(name) for name in (column.since, "updated_at") if name)
        return tuple(each for each in known if each and each.type == "timestamp with time zone")


class Schema(_Described):
    """All watched tables by name. ``version`` changes whenever a table or column does.

    ``attached``: the database was there before, and its rows are the owner's.
    """

    version: str
    attached: bool = False
    tables: Annotated[Mapping[str, Table], BeforeValidator(_by_name)]

    @property
    def orders(self) -> Table | None:
        """The table whose rows are orders; None if the database has none."""
        return self.tables.get(ORDERS)

    def without(self, columns: Iterable[str]) -> list[str]:
        """Return the given columns that no table has. A restriction by these hides every row."""
        known = {name for table in self.tables.values() for name in table.columns}
        return [column for column in columns if column not in known]

    @classmethod
    def parse(cls, document: Mapping[str, Any] | str | bytes) -> Self:
        """Read the document of ``order_schema()`` or ``GET /api/schema``.

        Raises:
            MalformedSchemaError: the document is not a schema.

        """
        try:
            if isinstance(document, str | bytes):
                return cls.model_validate_json(document)
            return cls.model_validate(document)
        except ValidationError as exc:
            error = exc.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(step) for step in error["loc"])
            raise MalformedSchemaError(f"{place}: {error['msg']}".removeprefix(": ")) from exc
