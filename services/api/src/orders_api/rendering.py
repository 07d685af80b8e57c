"""SQL expressions on a row: its key, its version, its size, and its JSON with children.

PostgreSQL renders each row once. Names come from the catalog and are quoted.
"""

import json
from collections.abc import Sequence

from psycopg.sql import SQL, Composable, Composed, Literal

from orders_api.columns import version_of
from orders_api.conditions import Conditions, Scope, Values, all_of, name
from orders_contract.schema import Column, Table

PAGE_MAX_BYTES = 4 * 1024 * 1024
"""Size at which a page ends. A row can have megabytes, so a number of rows is not enough."""
INCLUDED_ROWS = 1000
"""Maximum number of rows of each child table in the answer for one row."""
INCLUDED_ROWS_IN_LIST = 100
"""Maximum number of rows of each child table for each row of a list."""


class Rendering:
    """Returns expressions on a row ``t`` of ``table``; ``relation`` is its name in SQL."""

    def __init__(self, table: Table, relation: Composable, conditions: Conditions) -> None:
        self._table = table
        self._relation = relation
        self._conditions = conditions

    def result(self) -> Composed:
        """Return the select list of a row: its key, its version, and the row as JSON."""
        return SQL("{}, to_json(t.*)::text").format(self.key_and_version())

    def key_and_version(self) -> Composed:
        """Return the key as an array of texts, and the version."""
        key = SQL(", ").join(SQL("{}::text").format(name("t", each)) for each in self._table.key)
        return SQL("ARRAY[{}], {}").format(key, self.version())

    def version(self) -> Composable:
        """Return the version of a row as text; an empty text if the row has none."""
        version = version_of(self._table)
        if version is None:
            return SQL("''")
        return SQL("coalesce({}::text, '')").format(name("t", version.name))

    def with_children(
        self, children: "Sequence[Rendering]", rows: int, size: int, scope: Scope, values: Values
    ) -> Composed:
        """Return a row as JSON, with a member for each of ``children``, which is a list of rows.

        All lists have at most ``size`` bytes together, and each has at most ``rows`` rows. After a
        list that is cut off, a member ``{name}.more`` follows, which is true.
        """
        if not children:
            return SQL("to_json(t.*)::text").format()
        parent = name("t", self._table.key[0])
        lists = [
            child.listed(parent, rows, size // len(children), scope, values) for child in children
        ]
        return SQL("concat(left(to_json(t.*)::text, -1), {}, '}}')").format(SQL(", ").join(lists))

    def listed(
        self, parent: Composable, rows: int, size: int, scope: Scope, values: Values
    ) -> Composed:
        """Return the member of a parent's JSON that lists its children; see ``with_children``.

        As for a page, sizes are determined without fetching large values.
        """
        assert self._table.parent is not None  # noqa: S101  a child has one
        member = json.dumps(self._table.name, ensure_ascii=False)
        more = json.dumps(f"{self._table.name}.more", ensure_ascii=False)
        keys = self.key_aliases()
        return SQL(_LISTED).format(
            member=_literal(f",{member}:["),
            more=_literal(f",{more}:true"),
            parent=parent,
            keys=SQL(", ").join(keys),
            columns=self.key_columns(),
            order=SQL(", ").join(name("t", each) for each in self._table.key),
            bytes=self.bytes(),
            table=self._relation,
            link=name("t", self._table.parent.column),
            visible=self._conditions.visible(scope, values),
            rows=SQL(str(rows)),
            size=SQL(str(size)),
            same=self.same("found"),
        )

    def key_aliases(self) -> list[Composable]:
        """Return aliases for the columns of the key, so that names of columns do not matter."""
        return [SQL("k{}").format(SQL(str(n))) for n in range(len(self._table.key))]

    def key_columns(self) -> Composed:
        """Return the columns of the key, each under its alias."""
        return SQL(", ").join(
            SQL("{} AS {}").format(name("t", column), alias)
            for column, alias in zip(self._table.key, self.key_aliases(), strict=True)
        )

    def same(self, found: str) -> Composed:
        """Return the condition that ``t`` has the key that the relation ``found`` holds."""
        return all_of(
            SQL("{} = {}.{}").format(name("t", column), SQL(found), alias)
            for column, alias in zip(self._table.key, self.key_aliases(), strict=True)
        )

    def bytes(self) -> Composable:
        """Return the size of a row's large values, determined without fetching them."""
        sizes = [_size(column) for column in self._table.columns.values()]
        return SQL(" + ").join([SQL("0"), *(size for size in sizes if size is not None)])


def as_text(column: Column) -> Composed:
    """Return a value of a column as text, in the form that JSON has, without quotes."""
    own = name("t", column.name)
    match column.kind:
        case "timestamp" | "binary" | "other":
            return SQL("to_json({}) #>> '{{}}'").format(own)
        case "array":
            return SQL("to_json({})::text").format(own)
        case _:
            return SQL("{}::text").format(own)


def _literal(text: str) -> Composable:
    """Return a text as a literal; ``%`` is doubled because it begins a parameter for the driver."""
    return Literal(text.replace("%", "%%"))


def _size(column: Column) -> Composed | None:
    own = name("t", column.name)
    match column.kind:
        case "text":
            return SQL("coalesce(octet_length({}), 0)").format(own)
        case "binary":
            return SQL("coalesce(2 * octet_length({}), 0)").format(own)
        case "json" | "array" | "other":
            return SQL(
                "coalesce(CASE WHEN pg_column_compression({0}) IS NULL THEN pg_column_size({0})"
                " ELSE octet_length({0}::text) END, 0)"
            ).format(own)
        case _:
            return None


_LISTED = """
    (SELECT concat({member}, string_agg(to_json(t.*)::text, ',' ORDER BY found.number), ']',
                   CASE WHEN NOT bool_and(found.fits) THEN {more} END)
       FROM (SELECT {parent} AS key) AS parent
      CROSS JOIN LATERAL (
            SELECT {keys}, number,
                   number <= {rows} AND sum(bytes) OVER (ORDER BY number) <= {size} AS fits
              FROM (SELECT {columns}, row_number() OVER (ORDER BY {order}) AS number,
                           {bytes} AS bytes
                      FROM {table} AS t WHERE {link} = parent.key AND {visible}
                     ORDER BY {order} LIMIT {rows} + 1) AS first) AS found
       LEFT JOIN {table} AS t ON found.fits AND {same})
"""
